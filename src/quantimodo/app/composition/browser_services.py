"""Builds the services that pages and the authorization endpoint share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from quantimodo.accounts.emails.consent_notices import ConsentNotifier
from quantimodo.accounts.emails.preferences import EmailPreferences
from quantimodo.accounts.new_device_notices import NewDeviceNotices
from quantimodo.app.composition.services import AppContext
from quantimodo.authorization.consents import Consents
from quantimodo.model.events import Mail
from quantimodo.model.languages import LANGUAGES
from quantimodo.ops.mail import Outbox
from quantimodo.pages.account.receipts import ConsentServices
from quantimodo.pages.account.user_agents import describe
from quantimodo.pages.authorization.consent_offer_reader import ConsentOfferReader
from quantimodo.pages.browser import Browser, CookiePolicy
from quantimodo.pages.cookie_names import cookie_prefix
from quantimodo.pages.languages import Languages
from quantimodo.tokens.consent_receipts import ConsentReceipts
from quantimodo.tokens.subjects import Subjects


def browser_service(context: AppContext) -> Browser:
    """Reads and sets the cookies of browsers."""
    parts = urlsplit(context.settings.issuer)
    return Browser(
        CookiePolicy(
            origin=f"{parts.scheme}://{parts.netloc}",
            session_lifetime=context.settings.sessions.absolute_lifetime,
        ),
        context.sessions,
        NewDeviceNotices(
            cookies=context.devices,
            notifier=context.social.notifier,
            throttle=context.throttle,
            describe=describe,
        ),
        context.clock,
        context.entropy,
        key=context.envelope.derive("forms"),
    )


def page_languages(context: AppContext) -> Languages:
    """Builds what selects the language of pages."""
    parts = urlsplit(context.settings.issuer)
    return Languages(
        default=LANGUAGES[context.settings.default_locale],
        cookie=cookie_prefix(f"{parts.scheme}://{parts.netloc}") + "language",
        profile_of=context.profiles.of,
    )


def consent_offers(context: AppContext) -> ConsentOfferReader:
    """Reads what a person can choose in a consent."""
    return ConsentOfferReader(
        context.measurement_service,
        context.references,
        context.reads,
        context.profiles,
        context.stores.resources,
        context.clock,
    )


def consent_mails(context: AppContext) -> ConsentNotifier:
    """Sends the e-mails about consents, within their limit."""
    return ConsentNotifier(context.social.notifier, context.throttle, email_preferences(context))


def email_preferences(context: AppContext) -> EmailPreferences:
    """The choices of optional e-mails."""
    return EmailPreferences(context.stores.email_choices, context.clock)


def consents(context: AppContext) -> Consents:
    """Stores, changes and withdraws consents."""
    return Consents(
        context.stores.authorizations, consent_mails(context), context.audit, context.clock
    )


def consent_services(context: AppContext) -> ConsentServices:
    """What the pages about consents need."""
    stores, issuer = context.stores, context.settings.issuer
    subjects = Subjects(stores.subjects, context.entropy)
    return ConsentServices(
        consents(context),
        consent_offers(context),
        consent_mails(context),
        ConsentReceipts(issuer, context.keyring, subjects, context.clock).sign,
    )


@dataclass(frozen=True, slots=True)
class OutboxReader:
    """The outbox as the development page reads it."""

    outbox: Outbox

    async def recent(self, limit: int) -> Sequence[tuple[Mail, datetime]]:
        """The queued e-mails with their times, the newest first."""
        return [(kept.mail, kept.at) for kept in await self.outbox.recent(limit)]
