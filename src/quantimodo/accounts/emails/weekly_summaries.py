"""Mails people a weekly summary of what applications did with their data, if they chose it.

Any number of processes may run this. A claim lasts five minutes: after a crash the e-mail is sent
again. A week in which no application did anything has no e-mail.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from quantimodo.accounts.emails.account_templates import EmailTemplates
from quantimodo.accounts.emails.notifier import AccountNotifier
from quantimodo.accounts.emails.preferences import WEEK
from quantimodo.i18n.client_texts import client_name
from quantimodo.i18n.translation import translated
from quantimodo.model.clients import Client
from quantimodo.model.events import Mail
from quantimodo.model.personal_tokens import name_of_token
from quantimodo.model.texts import N_
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.email_choice_store import EmailChoiceStore
from quantimodo.ports.measurement_stores import AccessLogStore

_LEASE: Final = timedelta(minutes=5)
_BATCH: Final = 50
_GONE: Final = N_("A deleted application")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklySummaries:
    choices: EmailChoiceStore
    accesses: AccessLogStore
    users: UserStore
    clients: ClientStore
    notifier: AccountNotifier
    clock: Clock

    async def send_due(self) -> int:
        """Send the summaries that are due. Returns how many were due."""
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
        clients = {each.client_id: await self.clients.client(each.client_id) for each in sums}

        def summary(emails: EmailTemplates, to: str) -> Mail:
            named = [(_name(clients[each.client_id], each.client_id), each) for each in sums]
            return emails.weekly_summary(to, named)

        await self.notifier.notify(user, summary)


def _name(client: Client | None, client_id: str) -> str:
    """The name of the application, or of the personal token."""
    if client is not None:
        return client_name(client)
    return name_of_token(client_id) or translated(_GONE)
