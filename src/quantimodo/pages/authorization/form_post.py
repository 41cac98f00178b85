"""The page that posts an authorization response to a client (OAuth 2.0 Form Post Response Mode).

One line of script, allowed by its hash, submits it; without scripts there is a button.
"""

from base64 import b64encode
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from starlette.responses import Response

from quantimodo.crypto.digests import digest
from quantimodo.pages.renderer import PageOptions, Renderer, form_sources

SCRIPT: Final = "document.forms[0].submit()"
_SCRIPT_HASH: Final = f"sha256-{b64encode(digest(SCRIPT)).decode()}"


def form_post_page(
    renderer: Renderer, redirect_uri: str, parameters: Iterable[tuple[str, str]]
) -> Response:
    """Posts `parameters` to `redirect_uri`, which has been validated."""
    return renderer.page(
        "form_post.html",
        options=PageOptions(
            form_action=form_sources(redirect_uri), opener=True, script=_SCRIPT_HASH
        ),
        redirect_uri=redirect_uri,
        redirect_host=urlsplit(redirect_uri).netloc,
        parameters=list(parameters),
        code=SCRIPT,
    )
