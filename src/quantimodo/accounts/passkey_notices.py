"""Events and e-mails about a person's passkeys."""

from collections.abc import Callable
from dataclasses import dataclass

from quantimodo.accounts.email_templates import EmailTemplates, address_of
from quantimodo.accounts.sessions import printable
from quantimodo.model.events import Event, Mail
from quantimodo.model.users import User
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock
from quantimodo.ports.mailer import Mailer


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyNotices:
    """Each method records an event; those about a change or a copy also send an e-mail to the
    verified address of the person. `address` is the network address of the request, `name` that of
    the passkey."""

    mailer: Mailer
    email_templates: EmailTemplates
    clock: Clock
    audit: Audit

    async def added(self, user: User, name: str, address: str) -> None:
        self._record("passkey.added", user.id, address, name)
        await self._send(user, self.email_templates.passkey_added)

    async def renamed(self, user: User, name: str, address: str) -> None:
        self._record("passkey.renamed", user.id, address, name)
        await self._send(user, self.email_templates.passkey_renamed)

    async def removed(self, user: User, name: str, address: str) -> None:
        self._record("passkey.removed", user.id, address, name)
        await self._send(user, self.email_templates.passkey_removed)

    async def reset(self, user: User) -> None:
        """The operator removed all of them."""
        self._record("passkeys.reset", user.id, "", "")
        await self._send(user, self.email_templates.passkeys_reset)

    async def copied(self, user: User, name: str, address: str) -> None:
        """The counter of an authenticator did not rise."""
        self._record("passkey.copied", user.id, address, name)
        await self._send(user, self.email_templates.passkey_copied)

    def refused(self, user: User | None, address: str, reason: str) -> None:
        """A sign-in failed. `reason` is a fixed text."""
        self._record("passkey.refused", None if user is None else user.id, address, reason)

    async def _send(self, user: User, template: Callable[[str], Mail]) -> None:
        notice = address_of(user)
        if notice is not None:
            await self.mailer.send(template(notice))

    def _record(self, kind: str, user_id: int | None, address: str, detail: str) -> None:
        where, now = printable(address, 64), self.clock.now()
        event = Event(at=now, kind=kind, user_id=user_id, address=where, detail=detail)
        self.audit.record(event)
