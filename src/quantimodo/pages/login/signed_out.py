"""The page at the end of a session: it loads the logout addresses of applications, then continues.

Works without scripts. The browser continues when the page and its frames are loaded, and not after
a time limit (WCAG 2.2.1). A link skips applications that do not respond.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.responses import Response

from quantimodo.pages.renderer import PageOptions, Renderer, frame_source


def signed_out_page(
    renderer: Renderer, frames: Sequence[str], leads_to: str | None, *, reload: bool = False
) -> Response:
    """`frames` are addresses that applications registered; `leads_to` has been validated.

    `reload`: refresh by a reload of this page, which then redirects there. Not every browser keeps
    the exact address of a refresh (HtmlUnit 5 changes it to lower case), and all can reload.
    """
    origins = dict.fromkeys(frame_source(frame) for frame in frames)
    parts = urlsplit(leads_to or "")
    return renderer.page(
        "signed_out.html",
        options=PageOptions(opener=True, frames=tuple(origins)),
        addresses=frames,
        leads_to=leads_to,
        refresh="0" if reload else f"0; url={leads_to}",
        host=parts.netloc or (f"{parts.scheme}:" if parts.scheme else ""),
    )
