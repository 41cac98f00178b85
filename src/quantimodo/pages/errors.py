"""The error page: what went wrong, and what to do. It never echoes input."""

from collections.abc import Mapping
from datetime import timedelta
from math import ceil
from typing import Final

from starlette.responses import Response

from quantimodo.pages.layout import PageOptions, Renderer

NOT_FOUND: Final = (
    "There is no such page",
    "The address may be mistyped, or what was here is gone.",
)
METHOD_NOT_ALLOWED: Final = (
    "That does not work here",
    "This page cannot be opened in this way. Go back, and use the page's own buttons.",
)
FORBIDDEN: Final = (
    "This form is out of date",
    "It was opened before you signed in or out, or it did not come from this site. "
    "Nothing was changed. Go back, reload the page, and try again; cookies must be allowed.",
)
TOO_LARGE: Final = ("Too large", "What was sent is larger than is allowed here. Send less.")
UNUSABLE_FORM: Final = "This form could not be used"
BUSY: Final = (
    "The server is busy",
    "Nothing was changed. Wait a few seconds, go back, and try again.",
)
SERVER_ERROR: Final = (
    "Something went wrong on our side",
    "Nothing you did caused this. Try again in a moment; if it stays, tell the operator.",
)


def error_page(
    renderer: Renderer,
    status: int,
    title: str,
    text: str,
    incident: str | None = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A page for one error. `incident` is the number that the log has with the cause."""
    return renderer.page(
        "error.html",
        options=PageOptions(status=status, headers=headers, opener=True),
        title=title,
        text=text,
        incident=incident,
    )


def too_many(wait: timedelta) -> tuple[str, str]:
    """Title and text for a person who tried too often."""
    text = f"To protect accounts, this was stopped for now. Try again in {in_words(wait)}."
    return "Too many tries", text


def retry_after(wait: timedelta) -> dict[str, str]:
    """The `Retry-After` header, in whole seconds."""
    return {"retry-after": str(max(1, ceil(wait.total_seconds())))}


def in_words(wait: timedelta) -> str:
    """The same for people."""
    minutes = ceil(wait.total_seconds() / 60)
    if minutes <= 1:
        return "a minute"
    return f"{minutes} minutes" if minutes < 90 else f"{ceil(minutes / 60)} hours"
