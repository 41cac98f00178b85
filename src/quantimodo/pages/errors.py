"""The error page: the fault, and what to do. It never contains input."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Final

from starlette.responses import Response

from quantimodo.i18n.formats import counted
from quantimodo.i18n.translation import gettext as _
from quantimodo.model.texts import N_
from quantimodo.pages.renderer import PageOptions, Renderer

NOT_FOUND: Final = (
    N_("There is no such page"),
    N_("The address may be mistyped, or what was here is gone."),
)
METHOD_NOT_ALLOWED: Final = (
    N_("That does not work here"),
    N_("This page cannot be opened in this way. Go back, and use the page's own buttons."),
)
FORBIDDEN: Final = (
    N_("This form is out of date"),
    N_(
        "It was opened before you signed in or out, or it did not come from this site. Nothing"
        " was changed. Go back, reload the page, and try again; cookies must be allowed."
    ),
)
TOO_LARGE: Final = (
    N_("Too large"),
    N_("What was sent is larger than is allowed here. Send less."),
)
UNUSABLE_FORM: Final = N_("This form could not be used")
BUSY: Final = (
    N_("The server is busy"),
    N_("Nothing was changed. Wait a few seconds, go back, and try again."),
)
SERVER_ERROR: Final = (
    N_("Something went wrong on our side"),
    N_(
        "Nothing you did caused this. Try again in a moment; if it happens again, tell the"
        " operator."
    ),
)


@dataclass(frozen=True, slots=True)
class RefusalView:
    """What the page shows of a refused request of an app. `guide` is the address of the guide. The
    rest is for developers, and empty on a server that is not for development."""

    code: str
    person: str
    incident: str
    guide: str
    error: str = ""
    text: str = ""
    received: Sequence[str] = ()
    expected: str = ""
    fix: str = ""


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
        refusal=None,
    )


def refusal_page(
    renderer: Renderer, status: int, title: str, refusal: RefusalView, headers: Mapping[str, str]
) -> Response:
    """The page of a refused request of an app: a sentence for the person, and a part for
    developers."""
    return renderer.page(
        "error.html",
        options=PageOptions(status=status, headers=headers, opener=True),
        title=title,
        incident=None,
        refusal=refusal,
    )


def too_many(wait: timedelta) -> tuple[str, str]:
    """Title and text for a person who made too many attempts."""
    text = N_(
        "To protect accounts, this was stopped for now. Try again in %(wait)s.",
        wait=format_wait(wait),
    )
    return N_("Too many tries"), text


def retry_after(wait: timedelta) -> dict[str, str]:
    """The `Retry-After` header, in whole seconds."""
    return {"retry-after": str(max(1, ceil(wait.total_seconds())))}


def format_wait(wait: timedelta) -> str:
    """The duration as text for people, in minutes or hours, rounded up."""
    minutes = ceil(wait.total_seconds() / 60)
    if minutes <= 1:
        return _("a minute")
    if minutes < 90:
        return counted(minutes, "%(number)s minute", "%(number)s minutes")
    return counted(ceil(minutes / 60), "%(number)s hour", "%(number)s hours")
