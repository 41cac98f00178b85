"""The table `email_choices`: which optional e-mails people get."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from quantimodo.model.email_choices import EmailChoices
from quantimodo.storage.database import KeyedRead, Statement, execute
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import to_micros

_CHOICES = KeyedRead(
    "SELECT user_id, first_read, application, summary_at FROM email_choices WHERE user_id"
)
_SAVE = Statement(
    "INSERT INTO email_choices (user_id, first_read, application, summary_at)"
    " VALUES ({1}, {2}, {3}, {4}) ON CONFLICT (user_id) DO UPDATE SET"
    " first_read = excluded.first_read, application = excluded.application,"
    " summary_at = CASE WHEN excluded.summary_at IS NULL THEN NULL"
    " ELSE COALESCE(email_choices.summary_at, excluded.summary_at) END"
)
_DUE = "SELECT user_id FROM email_choices WHERE summary_at <= {1} ORDER BY summary_at LIMIT {3}"
_CLAIM = Statement(
    f"UPDATE email_choices SET summary_at = {{2}} WHERE user_id IN ({_DUE}) RETURNING user_id",
    # Each process claims rows that no other has locked. MATERIALIZED: they are chosen once only.
    postgres=f"WITH due AS MATERIALIZED ({_DUE} FOR UPDATE SKIP LOCKED)"
    " UPDATE email_choices SET summary_at = {2} FROM due"
    " WHERE email_choices.user_id = due.user_id RETURNING email_choices.user_id",
)
_FINISH = Statement(
    "UPDATE email_choices SET summary_at = {2} WHERE user_id = {1} AND summary_at IS NOT NULL"
)


class EmailChoiceTable(Table):
    """Implements `EmailChoiceStore`."""

    async def email_choices(self, user_id: int) -> EmailChoices | None:
        row = await self._database.one(_CHOICES, user_id)
        if row is None:
            return None
        _, first_read, application, summary_at = row
        return EmailChoices(
            first_read=bool(first_read),
            application=bool(application),
            summary=summary_at is not None,
        )

    async def save_email_choices(
        self, user_id: int, choices: EmailChoices, summary_at: datetime
    ) -> None:
        due = to_micros(summary_at) if choices.summary else None
        values = user_id, int(choices.first_read), int(choices.application), due
        await self._database.write(execute(_SAVE, *values))

    async def claim_summaries(self, at: datetime, lease: timedelta, limit: int) -> Sequence[int]:
        claim = execute(_CLAIM, to_micros(at), to_micros(at + lease), limit)
        return [user_id for (user_id,) in await self._database.write(claim)]

    async def finish_summary(self, user_id: int, next_at: datetime) -> None:
        await self._database.write(execute(_FINISH, user_id, to_micros(next_at)))
