"""The table `announcements`."""

import json
from collections.abc import Sequence
from datetime import datetime

from quantimodo.model.announcements import Announcement, NewAnnouncement
from quantimodo.storage.database import Operation, Statement, execute
from quantimodo.storage.rows import Column, RowReader, first_value
from quantimodo.storage.tables.retention_rules import DAY, expired
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import from_micros, to_micros

_ANNOUNCEMENT = RowReader(
    Announcement,
    "id",
    "level",
    "audience",
    Column("texts", json.loads),
    "link",
    Column("starts_at", from_micros),
    Column("ends_at", from_micros),
    Column("created_at", from_micros),
)
_ENDING_AFTER = Statement(
    f"SELECT {_ANNOUNCEMENT.columns} FROM announcements WHERE ends_at > {{1}}"
    " ORDER BY ends_at DESC, id DESC LIMIT {2}"
)
_COUNT = Statement("SELECT COUNT(*) FROM announcements WHERE ends_at > {1}")
_ADD = Statement(
    "INSERT INTO announcements (level, audience, texts, link, starts_at, ends_at, created_at)"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}) RETURNING id"
)
_DELETE = Statement("DELETE FROM announcements WHERE id = {1} RETURNING id")


class Announcements(Table):
    """Implements `AnnouncementStore`."""

    retention = (expired("announcements", "id", at="ends_at", kept=30 * DAY),)

    async def add_announcement(self, announcement: NewAnnouncement, most: int) -> int | None:
        created_at = to_micros(announcement.created_at)
        values = (
            *(announcement.level, announcement.audience),
            json.dumps(dict(announcement.texts), ensure_ascii=False),
            *(announcement.link, to_micros(announcement.starts_at)),
            *(to_micros(announcement.ends_at), created_at),
        )

        def operation() -> Operation[int | None]:
            if first_value((yield _COUNT, (created_at,))) >= most:
                return None
            number: int = first_value((yield _ADD, values))
            return number

        return await self._database.write(operation)

    async def announcements(self, ending_after: datetime, limit: int) -> Sequence[Announcement]:
        rows = self._database.list_rows(_ENDING_AFTER, to_micros(ending_after), limit)
        return sorted(_ANNOUNCEMENT.read_all(await rows), key=lambda each: -each.id)

    async def delete_announcement(self, announcement_id: int) -> bool:
        return bool(await self._database.write(execute(_DELETE, announcement_id)))
