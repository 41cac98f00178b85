"""Mails people what applications did with their data in a week, if they chose that.

Any number of processes may run this. A claim lasts five minutes: after a crash the e-mail is sent
again. A week in which no application did anything has no e-mail.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from quantimodo.accounts.email_preferences import WEEK
from quantimodo.accounts.notifier import AccountNotifier
from quantimodo.i18n.translation import translated
from quantimodo.model.texts import N_
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.email_choice_store import EmailChoiceStore
from quantimodo.ports.measurements import AccessLogStore

_LEASE: Final = timedelta(minutes=5)
_BATCH: Final = 50
_GONE: Final = N_("An application that is gone")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklySummaries:
    choices: EmailChoiceStore
    accesses: AccessLogStore
    users: UserStore
    clients: ClientStore
    notifier: AccountNotifier
    clock: Clock

    async def send_due(self) -> int:
        """Send the summaries that are due; how many were due."""
        now = self.clock.now()
        claimed = await self.choices.claim_summaries(now, _LEASE, _BATCH)
        for user_id in claimed:
            await self._send(user_id)
            await self.choices.finish_summary(user_id, now + WEEK)
        return len(claimed)

    async def _send(self, user_id: int) -> None:
        user = await self.users.user(user_id)
        sums = await self.accesses.sums_of_accesses(user_id, self.clock.now() - WEEK)
        if user is None or user.disabled_at is not None or not sums:
            return
        sums = sorted(sums, key=lambda each: each.measurements, reverse=True)
        names = dict[str, str]()
        for client_id in {each.client_id for each in sums}:
            client = await self.clients.client(client_id)
            names[client_id] = client.name if client else ""
        await self.notifier.notify(
            user,
            lambda emails, to: emails.weekly_summary(
                to, [(names[each.client_id] or translated(_GONE), each) for each in sums]
            ),
        )
