"""Renders the templates and puts the same protective headers on every page.

Owns the template environment, the headers and the shipped static files. Knows nothing of who
is looking at the page; `desk.py` does.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from quantimodo.accounts.passwords import ADVISED, SHORTEST
from quantimodo.pages.assets import Assets
from quantimodo.pages.numbers import number
from quantimodo.pages.timestamps import ago, day, moment

NO_STORE: Final = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
_HOST: Final = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_PERMISSIONS: Final = ", ".join(
    f"{feature}=()"
    for feature in ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
)


def form_sources(uri: str) -> tuple[str, ...]:
    """The CSP sources of a form that leads to `uri`, and on from there.

    Chromium holds each redirect that follows a form against the form's policy, those of the
    application included: one whose callback sends people on to its other host would end on a
    blank page if only the callback's origin were named. So it is the scheme.
    """
    scheme = urlsplit(uri).scheme
    return ("http:", "https:") if scheme == "http" else (f"{scheme}:",)


def frame_source(uri: str) -> str:
    """The CSP source of a frame: its origin; CSP has no spelling for an IPv6 address."""
    parts = urlsplit(uri)
    if parts.scheme in ("http", "https") and _HOST.fullmatch(parts.netloc):
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"


def content_security_policy(
    form_action: Sequence[str] = (), *, script: str = "", frames: Sequence[str] = ()
) -> str:
    """The policy of a page: our own style and pictures, no script unless its hash is given, and
    nothing framed but what is at the origins `frames`."""
    # security.md §11: no framing, no inline style, no script. Browsers hold form-action against
    # the redirects that follow a form too, hence the extra sources towards a client.
    return "; ".join(
        [
            "default-src 'none'",
            *([f"script-src '{script}'"] if script else ()),
            *([" ".join(["frame-src", *frames])] if frames else ()),
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            " ".join(["form-action 'self'", *form_action]),
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ]
    )


class Renderer:
    """Turns a template's name and its values into a complete response."""

    __slots__ = ("_templates", "assets")

    def __init__(self, assets: Assets, *, product: str = "QuantiModo") -> None:
        self.assets = assets
        self._templates = Environment(
            loader=PackageLoader("quantimodo.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.filters |= {"moment": moment, "day": day, "ago": ago, "number": number}
        # A template that is shown without a visitor (an error, a form post) sees these.
        self._templates.globals |= {
            "asset": assets.url,
            "product": product,
            "visit": None,
            "section": "",
            "form": None,
            "shortest_password": SHORTEST,
            "advised_password": ADVISED,
        }

    def text(self, name: str, **context: Any) -> str:
        """The template `name` filled in, for an answer with headers of its own."""
        return self._templates.get_template(name).render(context)

    def page(
        self,
        name: str,
        *,
        status: int = 200,
        form_action: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
        opener: bool = False,
        script: str = "",
        frames: Sequence[str] = (),
        **context: Any,
    ) -> Response:
        """The page `name` (a template's name).

        `form_action`: further places to which a form may lead. `opener`: the page may be shown
        in a pop-up whose opener waits for it. `script`: the CSP hash of its one inline script.
        `frames`: the origins of what it frames.
        """
        html = self._templates.get_template(name).render(context)
        return HTMLResponse(
            html,
            status_code=status,
            headers={
                **NO_STORE,
                "content-security-policy": content_security_policy(
                    form_action, script=script, frames=frames
                ),
                "cross-origin-opener-policy": "unsafe-none" if opener else "same-origin",
                "permissions-policy": _PERMISSIONS,
                "x-content-type-options": "nosniff",
                "x-frame-options": "DENY",
                **(headers or {}),
            },
        )


def json_page(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Response:
    """JSON from an endpoint that otherwise shows pages, for this caller only."""
    more = {**NO_STORE, "x-content-type-options": "nosniff", **(headers or {})}
    return Response(msgspec.json.encode(value), status, more, "application/json")


def head_of(status: int) -> Response:
    """The answer to HEAD where GET would do something (RFC 9110 §9.3.2): its status alone."""
    return Response(status_code=status, headers=NO_STORE)


def see_other(location: str) -> RedirectResponse:
    """On to another page after a form was accepted, always as a GET (never 307)."""
    return RedirectResponse(location, status_code=303, headers=NO_STORE)
