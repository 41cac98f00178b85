"""Records events of accounts, and e-mails the person about them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from quantimodo.accounts.emails.account_emails import AccountEmails
from quantimodo.accounts.emails.account_templates import EmailTemplates, address_of
from quantimodo.accounts.emails.unsubscribe_links import Subscription, UnsubscribeLinks
from quantimodo.accounts.sessions import printable
from quantimodo.i18n.negotiation import lookup
from quantimodo.i18n.translation import in_language, present_language
from quantimodo.model.events import Event, Mail
from quantimodo.model.languages import LANGUAGES, Language
from quantimodo.model.users import User
from quantimodo.ports.account_stores import ProfileStore
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock

_LONGEST_ADDRESS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountNotifier:
    emails: AccountEmails
    clock: Clock
    audit: Audit
    profiles: ProfileStore
    unsubscribe_addresses: UnsubscribeLinks

    def record(self, kind: str, user_id: int | None, address: str = "", detail: str = "") -> None:
        """Add an event to the audit trail. `address` is the network address of the request."""
        self.audit.record(
            Event(
                at=self.clock.now(),
                kind=kind,
                user_id=user_id,
                address=printable(address, _LONGEST_ADDRESS),
                detail=detail,
            )
        )

    async def language_of(self, user: User) -> Language:
        """The language of the person's profile, and else that of the request."""
        profile = await self.profiles.profile(user.id)
        language = LANGUAGES.get(lookup([profile.locale]) or "") if profile else None
        return language or present_language()

    async def notify(self, user: User, template: Callable[[EmailTemplates, str], Mail]) -> None:
        """Send the e-mail, if the person has an address that receives notifications. It is in the
        language of their profile, and else in that of the request."""
        address = address_of(user)
        if address is None:
            return
        mail = await self._made(user, address, template)
        if mail.optional is not None:
            subscription = Subscription(user.id, mail.optional)
            mail = replace(mail, unsubscribe=self.unsubscribe_addresses.address(subscription))
        await self.emails.mailer.send(mail)

    async def send_to(
        self, user: User, address: str, template: Callable[[EmailTemplates, str], Mail]
    ) -> None:
        """Send an e-mail that is not a notice to `address`, in the language of this person's
        profile, and else in that of the request."""
        await self.emails.mailer.send(await self._made(user, address, template))

    async def _made(
        self, user: User, address: str, template: Callable[[EmailTemplates, str], Mail]
    ) -> Mail:
        with in_language(await self.language_of(user)):
            return template(self.emails.templates, address)
