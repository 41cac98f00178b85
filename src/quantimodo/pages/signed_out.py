"""The page at the end of a session: it loads what applications want loaded, then goes on.

Works without scripts. A browser goes on when the page and its frames are loaded, and not by a clock
(WCAG 2.2.1); who does not want to wait for an application that does not answer has a link.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.responses import Response

from quantimodo.pages.layout import Renderer, frame_source


def signed_out_page(
    renderer: Renderer, frames: Sequence[str], leads_to: str | None, *, reload: bool = False
) -> Response:
    """`frames` are addresses that applications registered; `leads_to` has been validated.

    `reload`: to load the page once more leads there, too. Not every browser reads a refresh that
    names an address letter by letter (HtmlUnit 5 makes capitals small), and all know to reload.
    """
    origins = dict.fromkeys(frame_source(frame) for frame in frames)
    parts = urlsplit(leads_to or "")
    return renderer.page(
        "signed_out.html",
        opener=True,
        frames=tuple(origins),
        addresses=frames,
        leads_to=leads_to,
        refresh="0" if reload else f"0; url={leads_to}",
        host=parts.netloc or (f"{parts.scheme}:" if parts.scheme else ""),
    )
