"""Which announcements a page shows: those for its visitor that were not dismissed."""

from collections.abc import Collection, Sequence
from typing import Final

from quantimodo.model.announcements import Announcement
from quantimodo.model.sessions import Session
from quantimodo.pages.forms import row_id

_MOST_DISMISSED: Final = 20


def shown(
    found: Sequence[Announcement], section: str, session: Session | None, cookie: str
) -> Sequence[Announcement]:
    """Those of `found` that a page of this `section` shows, if its template has their place."""
    if not found:
        return ()
    over = dismissed(cookie)
    administrator = session is not None and session.user.administrator
    audiences = {
        "everyone": True,
        "developers": section.startswith("developers"),
        "administrators": administrator,
    }
    return [each for each in found if each.id not in over and audiences[each.audience]]


def dismissed(cookie: str) -> Collection[int]:
    """The numbers in the cookie."""
    return [row_id(each) for each in cookie.split(".")[:_MOST_DISMISSED] if row_id(each)]


def with_dismissed(known: Collection[int], number: int) -> str:
    """The cookie with this number too; the largest, which are the newest, are kept."""
    numbers = sorted({*known, number} - {0})[-_MOST_DISMISSED:]
    return ".".join(map(str, numbers))
