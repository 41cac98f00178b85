"""The store of announcements. The promises of `stores.py` hold here too."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from quantimodo.model.announcements import Announcement, NewAnnouncement


class AnnouncementStore(Protocol):
    async def add_announcement(self, announcement: NewAnnouncement, most: int) -> int | None:
        """Add an announcement and return its number; None if `most` others have not ended.
        Concurrent calls may add a few more."""

    async def announcements(self, ending_after: datetime, limit: int) -> Sequence[Announcement]:
        """The announcements that end after this time: the `limit` that end last, newest first."""

    async def delete_announcement(self, announcement_id: int) -> bool:
        """Delete the announcement; False if there is none."""
