"""Events and e-mails about a person's second factor."""

from collections.abc import Callable
from dataclasses import dataclass

from quantimodo.accounts.email_templates import EmailTemplates, address_of
from quantimodo.model.events import Event, Mail
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
