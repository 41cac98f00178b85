"""GET /guides: the site made from docs/, as static files.

`scripts/guides` builds the site in a clone, and a wheel contains it. Its pages have scripts of this
server and no inline script, so their content security policy allows `'self'` only.
"""

import asyncio
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from quantimodo.http.refusals import Refusal, record_refusal
from quantimodo.model.texts import N_
from quantimodo.pages.errors import NOT_FOUND, error_page
from quantimodo.pages.renderer import Renderer, see_other

ADDRESS: Final = "/guides"
_POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "connect-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)
_HEADERS: Final = {
    # A new version of the server may have other pages under the same names.
    "cache-control": "public, max-age=600",
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_NOT_BUILT: Final = (
    N_("The guides are not installed"),
    N_(
        "This installation was made without the guides. The documents are in the folder docs/ of"
        " the source; in a clone, scripts/guides builds them. The API documentation is at /docs."
    ),
)


class Guides:
    """The site in `folder`, which need not exist."""

    def __init__(self, renderer: Renderer, folder: Path) -> None:
        self._renderer = renderer
        self._folder = folder
        self._found: Mapping[str, Path] | None = None

    @classmethod
    def installed(cls, renderer: Renderer) -> "Guides":
        """The site inside the installed package."""
        return cls(renderer, Path(str(files("quantimodo") / "guides")))

    async def _files(self) -> Mapping[str, Path]:
        """The files of the site, by the part of their address after `/guides/`; empty: not built.
        Listed once, by the first request in a thread, so that nothing waits for it."""
        if self._found is None:
            self._found = await asyncio.to_thread(_listed, self._folder)
        return self._found

    async def show(self, request: Request) -> Response:
        """GET /guides and /guides/{path}: 303 to the address with a slash for a folder, 404 with
        what to do if the site is not built."""
        paths = await self._files()
        if not paths:
            return self._not_found(request, _NOT_BUILT)
        name = request.path_params.get("path")
        if name is None:
            return see_other(f"{ADDRESS}/")
        if not name or name.endswith("/"):
            name += "index.html"
        elif f"{name}/index.html" in paths:
            return see_other(f"{ADDRESS}/{name}/")
        path = paths.get(name)
        if path is None:
            return self._not_found(request, NOT_FOUND)
        return FileResponse(path, headers=_HEADERS)

    def _not_found(self, request: Request, page: tuple[str, str]) -> Response:
        record_refusal(request.scope, Refusal("not_found", page[0]))
        return error_page(self._renderer, 404, *page)


def _listed(folder: Path) -> Mapping[str, Path]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: path for name, path in names.items() if name[0] != "."}
