"""The account's pages of personal tokens: the list, a new one, and its revocation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.errors import InvalidInput
from quantimodo.accounts.personal_tokens import (
    LONGEST_NAME,
    SCOPE,
    PersonalTokens,
    token_key,
)
from quantimodo.http.errors import NotFound
from quantimodo.model.personal_tokens import PersonalToken
from quantimodo.pages.authorization.consent import ScopeLine
from quantimodo.pages.authorization.consent_form import initial_view, read_choice, submitted_view
from quantimodo.pages.authorization.consent_offer import ConsentOffer
from quantimodo.pages.authorization.consent_offer_reader import ConsentOfferReader
from quantimodo.pages.authorization.consent_texts import detail_lines, scope_titles
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import REFUSALS, FormErrors, form_errors
from quantimodo.pages.forms import Form, FormView, row_id
from quantimodo.pages.new_secret_cookie import NewSecretCookie
from quantimodo.pages.page_context import Endpoint, PageContext
from quantimodo.protocol.scopes import SCOPES

TOKENS: Final = "/account/tokens"
_PURPOSE: Final = "personal token to be shown"
_SECTION: Final = "account-tokens"
_FIRST: Final = {"name": "", "days": "30", "key": ""}


@dataclass(frozen=True, slots=True)
class TokenLine:
    """A token of the list: what it opens, in words."""

    token: PersonalToken
    titles: Sequence[tuple[str, str]]
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class PersonalTokenPages:
    """/account/tokens. A new token needs a recent sign-in (security.md §18)."""

    page_context: PageContext
    tokens: PersonalTokens
    offers: ConsentOfferReader
    secrets: NewSecretCookie

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), TOKENS, self.show),
            (("GET",), f"{TOKENS}/new", self.new),
            (("POST",), f"{TOKENS}/new", self.make),
            (("POST",), f"{TOKENS}/revoke", self.revoke),
        ]

    async def show(self, request: Request) -> Response:
        """GET: all tokens of the person, and once the text of a new one."""
        browser_request = await self.page_context.browser_request(request)
        session = browser_request.required()
        made = self.secrets.read_secret(request, session.key, _PURPOSE)
        zone = await self.offers.zone_of(session.user)
        found = await self.tokens.list(session.user)
        response = self.page_context.show(
            request,
            browser_request,
            "account_tokens.html",
            section=_SECTION,
            made=None if made is None else made.reveal(),
            tokens=[
                TokenLine(each, scope_titles(each.scope), detail_lines(each.details, zone))
                for each in found
            ],
            offered=self.tokens.most > 0,
        )
        return response if made is None else self.secrets.clear(response)

    async def new(self, request: Request) -> Response:
        """GET …/new."""
        browser_request = await self.page_context.browser_request(request)
        session = browser_request.required()
        await self.tokens.require_recent_login(session)
        if self.tokens.most == 0:
            return self.page_context.go(TOKENS)
        offer = await self._offer(browser_request)
        view = initial_view(offer)
        first = replace(view, values={**view.values, **_FIRST})
        return self._form(request, browser_request, offer, first)

    async def make(self, request: Request) -> Response:
        """POST …/new: make it; the list shows it once."""
        browser_request, form = await self.page_context.posted(request)
        session, offer = browser_request.required(), await self._offer(browser_request)
        await self.tokens.require_recent_login(session)
        choice = read_choice(form, offer)
        if isinstance(choice, FormErrors):
            return self._again(request, browser_request, offer, form, choice)
        try:
            secret = await self.tokens.mint(
                session, form.one("name"), choice, form.one("days"), form.one("key")
            )
        except REFUSALS as refusal:
            return self._again(request, browser_request, offer, form, form_errors(refusal))
        response = self.page_context.go(TOKENS, "token-made")
        return self.secrets.set_secret(response, session.key, secret, _PURPOSE)

    async def revoke(self, request: Request) -> Response:
        """POST …/revoke."""
        browser_request, form = await self.page_context.posted(request)
        if not await self.tokens.revoke(browser_request.required(), row_id(form.one("token"))):
            raise NotFound
        return self.page_context.go(TOKENS, "token-revoked")

    async def _offer(self, browser_request: BrowserRequest) -> ConsentOffer:
        """The choices of a consent, for all that a token can open."""
        return await self.offers.of(browser_request.required().user, SCOPE, SCOPE)

    def _again(
        self,
        request: Request,
        browser_request: BrowserRequest,
        offer: ConsentOffer,
        form: Form,
        again: FormErrors,
    ) -> Response:
        view = submitted_view(form, again)
        entered = {name: form.one(name) for name in _FIRST}
        entered["key"] = _public_key(entered["key"])
        shown = replace(view, values={**view.values, **entered})
        return self._form(request, browser_request, offer, shown, again)

    def _form(
        self,
        request: Request,
        browser_request: BrowserRequest,
        offer: ConsentOffer,
        view: FormView,
        again: FormErrors | None = None,
    ) -> Response:
        return self.page_context.show(
            request,
            browser_request,
            "account_token_new.html",
            again=again,
            section=_SECTION,
            offer=offer,
            scopes=[
                ScopeLine(name, title, SCOPES[name].description, optional=True)
                for name, title in scope_titles(SCOPE)
            ],
            longest_name=LONGEST_NAME,
            form=view,
        )


def _public_key(typed: str) -> str:
    """A key that a page may show again; "" for one that is private, or none."""
    try:
        token_key(typed)
    except InvalidInput:
        return ""
    return typed
