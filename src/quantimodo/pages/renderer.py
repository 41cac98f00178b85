"""Renders the templates and sets the same security headers on every page.

Owns the template environment, the headers and the shipped static files. `page_context.py` adds what
depends on the visitor.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from quantimodo.accounts.passwords import ADVISED, SHORTEST
from quantimodo.i18n.client_texts import client_name, logo_language
from quantimodo.i18n.formats import counted, day, moment
from quantimodo.i18n.translation import gettext, ngettext, present_language, translated
from quantimodo.measurements.reference_names import unit_name
from quantimodo.model.brand import UNBRANDED, Brand
from quantimodo.model.languages import LANGUAGES
from quantimodo.pages.assets import BRAND_LOGO, BRAND_STYLE, Assets
from quantimodo.pages.authorization.consent_texts import since_text
from quantimodo.pages.inline_code import inline_code
from quantimodo.pages.languages import this_page
from quantimodo.pages.numbers import quantity
from quantimodo.pages.portal.client_addresses import client_segment
from quantimodo.pages.timestamps import ago, format_duration

NO_STORE: Final = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
_HOST: Final = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_PERMISSIONS: Final = ", ".join(
    f"{feature}=()"
    for feature in ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
)


# The shipped scripts, and the templates of the pages that load them. Every page works without them.
PAGES_OF_SCRIPTS: Final[Mapping[str, Sequence[str]]] = {
    "copy.js": (
        "developers_guide.html",
        "developers_overview.html",
        "developers_try.html",
        "playground.html",
        "reference_operation.html",
    ),
    "reference_try.js": ("reference_try.html",),
    "reference_filter.js": ("reference.html", "reference_schemas.html"),
    "password.js": (
        "account_again.html",
        "account_delete.html",
        "account_email.html",
        "account_first_password.html",
        "account_password.html",
        "confirm.html",
        "invited.html",
        "reset_new.html",
        "sign_in.html",
        "sign_up.html",
    ),
    "passkeys.js": (
        "account_again.html",
        "account_passkey_new.html",
        "account_two_step.html",
        "second_factor.html",
        "second_factor_set_up.html",
        "sign_in.html",
    ),
    "time_zone.js": ("confirm.html", "invited.html"),
}


def form_sources(uri: str) -> tuple[str, ...]:
    """The CSP sources of a form whose response redirects to `uri`.

    Chromium applies the form's policy to every redirect that follows, those of the application
    included: a callback that redirects to another host would end on a blank page if only the
    callback's origin were allowed. So the whole scheme is allowed.
    """
    scheme = urlsplit(uri).scheme
    if not scheme:
        return ()  # a page of this server
    return ("http:", "https:") if scheme == "http" else (f"{scheme}:",)


def frame_source(uri: str) -> str:
    """The CSP source of a frame: its origin. CSP cannot express an IPv6 address."""
    parts = urlsplit(uri)
    if parts.scheme in ("http", "https") and _HOST.fullmatch(parts.netloc):
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"


def content_security_policy(
    form_action: Sequence[str] = (),
    *,
    script: str = "",
    frames: Sequence[str] = (),
    connects: bool = False,
) -> str:
    """The policy of a page: styles and pictures of this server, only the script with the given
    hash or those of this server ("self"), and only frames of the origins `frames`. `connects`: its
    scripts may send requests to this server."""
    # security.md §11: no framing, no inline style, no script. Browsers apply form-action to the
    # redirects that follow a form too, so the sources of a client are added.
    return "; ".join(
        [
            "default-src 'none'",
            *([f"script-src '{script}'"] if script else ()),
            *([" ".join(["frame-src", *frames])] if frames else ()),
            *(["connect-src 'self'"] if connects else ()),
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            " ".join(["form-action 'self'", *form_action]),
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOptions:
    """The status and the headers of a page.

    `form_action`: additional CSP sources for forms. `opener`: the page may be shown in a pop-up
    whose opener waits for it. `script`: the CSP hash of its one inline script. `frames`: the
    origins of its frames. `connects`: its scripts send requests to this server. `headers` are added
    to those of every page.
    """

    status: int = 200
    form_action: Sequence[str] = ()
    opener: bool = False
    script: str = ""
    frames: Sequence[str] = ()
    connects: bool = False
    headers: Mapping[str, str] | None = None


_DEFAULT: Final = PageOptions()


class Renderer:
    """Renders a template with its values as a complete response."""

    __slots__ = ("_templates", "assets")

    def __init__(self, assets: Assets, brand: Brand = UNBRANDED) -> None:
        self.assets = assets
        self._templates = Environment(
            loader=PackageLoader("quantimodo.pages"),
            extensions=["jinja2.ext.i18n"],
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.filters |= {
            "format_duration": format_duration,
            "moment": moment,
            "day": day,
            "ago": ago,
            "quantity": quantity,
            "translated": translated,
            "unit_name": unit_name,
            "since": since_text,
            "client_segment": client_segment,
            "client_name": client_name,
            "inline_code": inline_code,
            "logo_language": logo_language,
        }
        # The defaults of templates that are shown without a visitor (an error, a form post).
        self._templates.globals |= {
            "asset": assets.url,
            "language": present_language,
            "languages": LANGUAGES,
            "this_page": this_page,
            "counted": counted,
            "product": brand.name,
            "brand": brand,
            "brand_style": BRAND_STYLE in assets,
            "brand_logo": BRAND_LOGO in assets,
            "browser_request": None,
            "section": "",
            "form": None,
            "announcements": (),
            "scripts": (),
            "shortest_password": SHORTEST,
            "advised_password": ADVISED,
        }

        # The templates are the same for all languages: each text is looked up in the present one.
        self._templates.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]

    def text(self, name: str, **context: Any) -> str:
        """The rendered template `name`, for a response with other headers."""
        return self._templates.get_template(name).render(context)

    def page(self, name: str, *, options: PageOptions = _DEFAULT, **context: Any) -> Response:
        """The page of the template `name`, with the values of `context`."""
        scripts = [each for each, pages in PAGES_OF_SCRIPTS.items() if name in pages]
        html = self._templates.get_template(name).render({"scripts": scripts, **context})
        allowed = options.script or ("self" if scripts else "")
        return HTMLResponse(
            html,
            status_code=options.status,
            headers={
                **NO_STORE,
                "content-security-policy": content_security_policy(
                    options.form_action,
                    script=allowed,
                    frames=options.frames,
                    connects=options.connects,
                ),
                "cross-origin-opener-policy": "unsafe-none" if options.opener else "same-origin",
                "permissions-policy": _PERMISSIONS,
                "x-content-type-options": "nosniff",
                "x-frame-options": "DENY",
                "content-language": present_language().tag,
                **(options.headers or {}),
            },
        )


def json_page(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Response:
    """JSON from an endpoint that otherwise shows pages, for this caller only."""
    more = {**NO_STORE, "x-content-type-options": "nosniff", **(headers or {})}
    return Response(msgspec.json.encode(value), status, more, "application/json")


def head_of(status: int) -> Response:
    """The response to HEAD where GET would have an effect (RFC 9110 §9.3.2): only a status."""
    return Response(status_code=status, headers=NO_STORE)


def see_other(location: str) -> RedirectResponse:
    """Redirect to another page after a form was accepted: 303, so that the browser sends a GET."""
    return RedirectResponse(location, status_code=303, headers=NO_STORE)
