"""/account/emails: which optional e-mails a person gets."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.emails.preferences import EmailPreferences
from quantimodo.accounts.emails.unsubscribe_links import UNSUBSCRIBE, UnsubscribeLinks
from quantimodo.crypto.envelope import Envelope
from quantimodo.model.email_choices import EmailChoices
from quantimodo.pages.account.unsubscribe import UnsubscribePage
from quantimodo.pages.forms import FormView
from quantimodo.pages.page_context import Endpoint, PageContext

_PATH = "/account/emails"


@dataclass(frozen=True, slots=True)
class EmailChoicePage:
    page_context: PageContext
    preferences: EmailPreferences

    async def show(self, request: Request) -> Response:
        """GET /account/emails."""
        browser_request = await self.page_context.browser_request(request)
        user = browser_request.required().user
        chosen = asdict(await self.preferences.of(user.id))
        return self.page_context.show(
            request,
            browser_request,
            "account_emails.html",
            section="account-profile",
            person=user,
            choices=FormView(chosen=frozenset(f"email:{name}" for name in chosen if chosen[name])),
        )

    async def save(self, request: Request) -> Response:
        """POST /account/emails: `email` has the names of the e-mails that are chosen."""
        browser_request, form = await self.page_context.posted(request)
        chosen = form.many("email")
        choices = EmailChoices(
            first_read="first_read" in chosen,
            application="application" in chosen,
            summary="summary" in chosen,
        )
        await self.preferences.save(browser_request.required().user, choices)
        return self.page_context.go(_PATH, "emails-saved")


def email_routes(
    page_context: PageContext, preferences: EmailPreferences, issuer: str, envelope: Envelope
) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
    """Constructs the pages about optional e-mails."""
    choices = EmailChoicePage(page_context, preferences)
    addresses = UnsubscribeLinks(issuer, envelope)
    unsubscribe = UnsubscribePage(page_context, preferences, addresses)
    return [
        (("GET",), _PATH, choices.show),
        (("POST",), _PATH, choices.save),
        (("GET",), UNSUBSCRIBE, unsubscribe.respond),
        (("POST",), UNSUBSCRIBE, unsubscribe.respond),
    ]
