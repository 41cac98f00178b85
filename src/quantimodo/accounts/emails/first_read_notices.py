"""Mails people when an application reads their health data for the first time under a consent.

The batches of the access log find the first reads, so that no read waits for it. Any number of
processes may run this. A claim lasts five minutes: after a crash the e-mail is sent again.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from quantimodo.accounts.emails.notifier import AccountNotifier
from quantimodo.accounts.emails.preferences import EmailPreferences
from quantimodo.accounts.throttle import Throttle
from quantimodo.i18n.client_texts import client_name
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.measurement_stores import AccessLogStore

_LEASE: Final = timedelta(minutes=5)
_BATCH: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstReadNotices:
    accesses: AccessLogStore
    users: UserStore
    clients: ClientStore
    notifier: AccountNotifier
    preferences: EmailPreferences
    throttle: Throttle
    clock: Clock

    async def send_due(self) -> int:
        """Send the e-mails that are due, up to the limit of each person. Returns how many were
        due."""
        claimed = await self.accesses.claim_first_reads(self.clock.now(), _LEASE, _BATCH)
        for user_id, client_id in claimed:
            await self._send(user_id, client_id)
            await self.accesses.finish_first_read(user_id, client_id)
        return len(claimed)

    async def _send(self, user_id: int, client_id: str) -> None:
        user, client = await self.users.user(user_id), await self.clients.client(client_id)
        if user is None or client is None:
            return
        chosen = await self.preferences.of(user_id)
        if chosen.first_read and await self.throttle.may_notify("first read", user_id):
            found = client
            await self.notifier.notify(
                user, lambda emails, to: emails.first_read(to, client_name(found), client_id)
            )
