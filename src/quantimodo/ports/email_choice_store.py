"""The store of the choices of optional e-mails, and of the weekly summaries that are due.

The promises of `stores.py` hold here too.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from quantimodo.model.email_choices import EmailChoices


class EmailChoiceStore(Protocol):
    """The choices of optional e-mails, and the weekly summaries that are due."""

    async def email_choices(self, user_id: int) -> EmailChoices | None:
        """The choices of this person; None if they made none."""

    async def save_email_choices(
        self, user_id: int, choices: EmailChoices, summary_at: datetime
    ) -> None:
        """Replace them. The first weekly summary is due at `summary_at`, unless they were on
        before. Raises `Conflict` when the person is not there any more."""

    async def claim_summaries(self, at: datetime, lease: timedelta, limit: int) -> Sequence[int]:
        """Take for `lease` the people whose weekly summary is due. No two callers get the same
        one."""

    async def finish_summary(self, user_id: int, next_at: datetime) -> None:
        """Record that the summary was sent: the next one is due at `next_at`, unless the person
        turned them off."""
