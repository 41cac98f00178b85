"""Which announcements a page shows: those for its visitor that were not dismissed."""

from collections.abc import Collection, Sequence
from typing import Final

from quantimodo.model.announcements import Announcement
from quantimodo.model.sessions import Session
from quantimodo.pages.forms import row_id

# Pages on which a person decides what an application gets: nothing else asks for attention there.
WITHOUT: Final = frozenset({"device.html", "device_confirm.html", "consent.html"})
_MOST_DISMISSED: Final = 20


def shown(
    found: Sequence[Announcement], page: str, section: str, session: Session | None, cookie: str
) -> Sequence[Announcement]:
    """Those of `found` that the page with this template and `section` shows."""
    if not found or page in WITHOUT:
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
    kept = sorted({*known, number} - {0})[-_MOST_DISMISSED:]
    return ".".join(map(str, kept))
