"""Events and e-mails about a person's second factor."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from quantimodo.accounts.email_templates import EmailTemplates, address_of
from quantimodo.model.events import Event, Mail
from quantimodo.model.secrets import Secret
from quantimodo.model.users import User
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock
from quantimodo.ports.mailer import Mailer


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorNotices:
    """Each method records an event and sends an e-mail to the verified address of the person.
    `address` is the network address of the request."""

    mailer: Mailer
    email_templates: EmailTemplates
    clock: Clock
    audit: Audit

    async def added(self, user: User, address: str = "") -> None:
        self._record("second_factor.added", user, address)
        await self._send(user, self.email_templates.second_factor_added)

    async def replaced(self, user: User, address: str = "") -> None:
        self._record("second_factor.replaced", user, address)
        await self._send(user, self.email_templates.second_factor_replaced)

    async def removed(self, user: User, address: str = "") -> None:
        self._record("second_factor.removed", user, address)
        await self._send(user, self.email_templates.second_factor_removed)

    async def reset(self, user: User) -> None:
        """The operator removed it."""
        self._record("second_factor.reset", user, "")
        await self._send(user, self.email_templates.second_factor_removed)

    async def codes_replaced(self, user: User, address: str = "") -> None:
        self._record("recovery_codes.replaced", user, address)
        await self._send(user, self.email_templates.recovery_codes_replaced)

    async def limit_reached(self, user: User) -> None:
        """So many responses were wrong that the next one is refused."""
        self._record("second_factor.limit", user, "")
        await self._send(user, self.email_templates.second_factor_limit)

    async def recovery_requested(self, user: User, raw: Secret, due_at: datetime) -> None:
        """`raw` is the token of the link that cancels it."""
        self._record("factor_recovery.requested", user, "")
        notice = address_of(user)
        if notice is not None:
            mail = self.email_templates.factor_recovery_requested(notice, raw, due_at)
            await self.mailer.send(mail)

    async def recovery_completed(self, user: User) -> None:
        self._record("factor_recovery.completed", user, "")
        await self._send(user, self.email_templates.second_factor_removed)

    def recovery_cancelled(self, user: User) -> None:
        self._record("factor_recovery.cancelled", user, "")

    async def code_used(self, user: User, left: int) -> None:
        self._record("recovery_code.used", user, "")
        notice = address_of(user)
        if notice is not None:
            await self.mailer.send(self.email_templates.recovery_code_used(notice, left))

    async def _send(self, user: User, template: Callable[[str], Mail]) -> None:
        notice = address_of(user)
        if notice is not None:
            await self.mailer.send(template(notice))

    def _record(self, kind: str, user: User, address: str) -> None:
        event = Event(at=self.clock.now(), kind=kind, user_id=user.id, address=address)
        self.audit.record(event)
