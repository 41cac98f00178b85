"""The shipped static files and those of the operator's brand, held in memory, each at an address
with a version of its content."""

from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from quantimodo.crypto.digests import digest
from quantimodo.http.refusals import Refusal, record_refusal
from quantimodo.model.brand import UNBRANDED, Brand
from quantimodo.pages.brand_style import brand_style

_MEDIA_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "ico": "image/x-icon",
    "js": "text/javascript; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
}
BRAND_STYLE: Final = "brand.css"
BRAND_LOGO: Final = "brand-logo"
_YEAR: Final = "public, max-age=31536000, immutable"
_HOUR: Final = "public, max-age=3600"


@dataclass(frozen=True, slots=True)
class Asset:
    """One shipped file; `version` changes with its content."""

    data: bytes
    media_type: str
    version: str


class Assets:
    """All shipped files, read once."""

    __slots__ = ("_assets",)

    def __init__(self, assets: dict[str, Asset]) -> None:
        self._assets = assets

    @classmethod
    def shipped(cls, brand: Brand = UNBRANDED) -> "Assets":
        """The files of `pages/static/`, and `brand.css` and `logo` where the brand has them."""
        folder = files("quantimodo.pages") / "static"
        assets = {each.name: _asset(each.name, each.read_bytes()) for each in folder.iterdir()}
        if style := brand_style(brand):
            assets[BRAND_STYLE] = _asset(BRAND_STYLE, style.encode())
        if brand.logo is not None:
            logo = brand.logo
            assets[BRAND_LOGO] = Asset(logo.data, logo.media_type, _version(logo.data))
        return cls(assets)

    def __contains__(self, name: str) -> bool:
        """Whether there is a file with this name."""
        return name in self._assets

    def url(self, name: str) -> str:
        """Its address; raises `KeyError` for a file that is not shipped."""
        return f"/static/{name}?v={self._assets[name].version}"

    async def serve(self, request: Request) -> Response:
        """GET /static/{name}: shipped files only, cached long when requested by version."""
        asset = self._assets.get(request.path_params.get("name", "favicon.ico"))
        if asset is None:
            record_refusal(request.scope, Refusal("not_found", "there is no such file"))
            return PlainTextResponse("There is no such file.", status_code=404)
        current = request.query_params.get("v") == asset.version
        return Response(
            asset.data,
            media_type=asset.media_type,
            headers={
                "cache-control": _YEAR if current else _HOUR,
                "content-security-policy": "default-src 'none'",
                "cross-origin-resource-policy": "same-origin",
                "x-content-type-options": "nosniff",
            },
        )


def _asset(name: str, data: bytes) -> Asset:
    media_type = _MEDIA_TYPES[name.rpartition(".")[2]]
    return Asset(data, media_type, _version(data))


def _version(data: bytes) -> str:
    return digest(data.hex()).hex()[:12]
