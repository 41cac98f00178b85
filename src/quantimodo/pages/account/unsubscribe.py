"""/unsubscribe: the address in the header of an optional e-mail (RFC 8058)."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.emails.preferences import EmailPreferences
from quantimodo.accounts.emails.unsubscribe_links import UNSUBSCRIBE, UnsubscribeLinks
from quantimodo.http.refusals import Refusal, record_refusal
from quantimodo.model.texts import N_
from quantimodo.pages.links import InvalidLink
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import PageOptions

_AGAIN: Final = InvalidLink("/account/emails", N_("Choose which e-mails you get"))


@dataclass(frozen=True, slots=True)
class UnsubscribePage:
    page_context: PageContext
    preferences: EmailPreferences
    addresses: UnsubscribeLinks

    async def respond(self, request: Request) -> Response:
        """GET shows a button, so that mail scanners change nothing. POST turns the e-mails off,
        with any body, and without a cookie, a CSRF token or a redirect (RFC 8058 §3.1)."""
        browser_request = await self.page_context.browser_request(request)
        token = request.query_params.get("token", "")
        subscription = self.addresses.opened(token)
        done = request.method == "POST"
        if subscription is None:
            record_refusal(request.scope, Refusal("invalid_request", "the link is not ours"))
            options = PageOptions(status=410)
            return self.page_context.show(
                request, browser_request, "invalid_link.html", options=options, renewal=_AGAIN
            )
        if done:
            await self.preferences.turn_off(subscription.user_id, subscription.kind)
        return self.page_context.show(
            request,
            browser_request,
            "unsubscribe.html",
            kind=subscription.kind,
            address=f"{UNSUBSCRIBE}?token={token}",
            done=done,
        )
