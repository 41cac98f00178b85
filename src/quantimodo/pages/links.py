"""E-mailed links: the token moves from the address to a cookie at once; an invalid link shows an
error."""

from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.http.refusals import Refusal, record_refusal
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import PageOptions

Purpose = Literal["confirm", "reset", "verify", "cancel", "invitation", "invited"]


@dataclass(frozen=True, slots=True)
class InvalidLink:
    """The page of an invalid link, with the place to get a new one."""

    path: str
    words: str


@dataclass(frozen=True, slots=True)
class Links:
    """`outbox`: whether e-mails can be read at /outbox (development only)."""

    page_context: PageContext
    outbox: bool

    def moved(self, request: Request, purpose: Purpose) -> Response | None:
        """For an address with a token: the redirect to the same page without it; otherwise None."""
        email_token = request.query_params.get("token")
        if email_token is None:
            return None
        return self.page_context.browser.set_email_token_cookie(
            self.page_context.go(request.url.path), purpose, email_token
        )

    def email_token(self, request: Request, purpose: Purpose) -> str:
        """The token in this browser's cookie, or ""."""
        return self.page_context.browser.read_cookie(request, purpose)

    def invalid(
        self,
        request: Request,
        browser_request: BrowserRequest,
        purpose: Purpose,
        renewal: InvalidLink,
    ) -> Response:
        """The page for a used, expired or unknown link."""
        record_refusal(request.scope, Refusal("invalid_request", "the link is no longer valid"))
        response = self.page_context.show(
            request,
            browser_request,
            "invalid_link.html",
            options=PageOptions(status=410),
            renewal=renewal,
        )
        return self.page_context.browser.clear_cookie(response, purpose)
