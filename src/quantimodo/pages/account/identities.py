"""The linked accounts at providers: list, linking, unlinking.

Owns the pages, including the one that requests a new sign-in. `Linking.begin` starts the login at a
provider; `federation/social_accounts.py` has the rules.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.addresses import local_path
from quantimodo.accounts.credentials import Credentials
from quantimodo.accounts.passkeys.sign_in import PasskeySignIn
from quantimodo.accounts.sessions import require_fresh
from quantimodo.federation.social_accounts import SocialAccounts
from quantimodo.http.errors import NotFound
from quantimodo.model.identities import Identity
from quantimodo.model.sessions import Session
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import REFUSALS, FormErrors, error_view, form_errors
from quantimodo.pages.forms import row_id
from quantimodo.pages.login.provider_buttons import ProviderButton
from quantimodo.pages.login.responses import login_browser, login_response
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import PageOptions, form_sources


@dataclass(frozen=True, slots=True)
class Linking:
    """What these pages need of providers. `origin` returns the origin of the authorization
    endpoint, None while the provider does not respond. `begin` redirects to it, for a checked form
    of a recently authenticated session."""

    accounts: SocialAccounts
    providers: Mapping[str, ProviderButton]
    origin: Callable[[str], Awaitable[str | None]]
    begin: Callable[[Request, BrowserRequest, str], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Linked:
    """A linked account. `removable`: another sign-in method would remain."""

    identity: Identity
    title: str
    works: bool
    removable: bool


@dataclass(frozen=True, slots=True)
class Linkable:
    """A provider that can be linked; `origin` is None while it does not respond."""

    name: str
    title: str
    origin: str | None


@dataclass(frozen=True, slots=True)
class Identities:
    """/account/identities."""

    page_context: PageContext
    credentials: Credentials
    passkey_sign_in: PasskeySignIn
    linking: Linking

    async def show(self, request: Request) -> Response:
        """GET /account/identities: the linked accounts, and the providers that can be linked."""
        browser_request = await self.page_context.browser_request(request)
        return await self._page(request, browser_request)

    async def link(self, request: Request) -> Response:
        """POST /account/identities/link."""
        browser_request, form = await self.page_context.posted(request)
        require_fresh(browser_request.required(), self.page_context.clock.now())
        name = form.one("provider")
        if name not in self.linking.providers:
            raise NotFound
        return await self.linking.begin(request, browser_request, name)

    async def unlink(self, request: Request) -> Response:
        """POST /account/identities/unlink: one of this person, never the last sign-in method."""
        browser_request, form = await self.page_context.posted(request)
        session = browser_request.required()
        try:
            await self.linking.accounts.unlink(session, row_id(form.one("identity")))
        except REFUSALS as refusal:
            return await self._page(request, browser_request, form_errors(refusal))
        return self.page_context.go("/account/identities", "identity-unlinked")

    async def _page(
        self, request: Request, browser_request: BrowserRequest, again: FormErrors | None = None
    ) -> Response:
        session = browser_request.required()
        linked = await self._linked(session)
        taken = {row.identity.provider for row in linked}
        free = [each for name, each in self.linking.providers.items() if name not in taken]
        linkable = await asyncio.gather(*(self._linkable(each) for each in free))
        # Browsers apply the form's CSP to the redirects that follow it.
        sources = {source for one in linkable if one.origin for source in form_sources(one.origin)}
        return self.page_context.show(
            request,
            browser_request,
            "account_identities.html",
            again=again,
            options=PageOptions(form_action=sorted(sources)),
            section="account-identities",
            person=session.user,
            linked=linked,
            linkable=linkable,
            offers_passkeys=self.passkey_sign_in.passkeys.policy.offered,
            has_password=await self.credentials.has_password(session.user.id),
            form=error_view(again),
        )

    async def _linkable(self, provider: ProviderButton) -> Linkable:
        return Linkable(provider.name, provider.title, await self.linking.origin(provider.name))

    async def _linked(self, session: Session) -> Sequence[Linked]:
        user, providers = session.user, self.linking.providers
        removable = await self.linking.accounts.removable(user.id)
        return [
            Linked(
                one,
                title=_title(providers, one.provider),
                works=one.provider in providers,
                removable=one.id in removable,
            )
            for one in await self.linking.accounts.identities(user.id)
        ]


@dataclass(frozen=True, slots=True)
class Again:
    """/account/again: a new sign-in before a change of sign-in methods."""

    page_context: PageContext
    credentials: Credentials
    passkey_sign_in: PasskeySignIn
    linking: Linking

    async def show(self, request: Request) -> Response:
        """GET /account/again."""
        browser_request = await self.page_context.browser_request(request)
        return_to = request.query_params.get("return_to", "")
        return await self._page(request, browser_request, return_to)

    async def submit(self, request: Request) -> Response:
        """POST /account/again: by a passkey of the same person."""
        browser_request, form = await self.page_context.posted(request)
        session, return_to = browser_request.required(), local_path(form.one("return_to"))
        try:
            login = await self.passkey_sign_in.sign_in_again(
                session,
                form.secret("credential"),
                login_browser(self.page_context.browser, request, browser_request),
            )
        except REFUSALS as refusal:
            return await self._page(request, browser_request, return_to, form_errors(refusal))
        return await login_response(self.page_context, request, login, return_to)

    async def _page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        return_to: str,
        again: FormErrors | None = None,
    ) -> Response:
        session = browser_request.required()
        user, passkey = session.user, await self.passkey_sign_in.options_again(session)
        return self.page_context.show(
            request,
            browser_request,
            "account_again.html",
            again=again,
            passkey=passkey,
            form=error_view(again),
            section="account-security",
            person=user,
            return_to=local_path(return_to),
            has_password=await self.credentials.has_password(user.id),
            providers=await self._providers(user.id),
        )

    async def _providers(self, user_id: int) -> Sequence[ProviderButton]:
        """The providers by which this person signs in."""
        identities = await self.linking.accounts.identities(user_id)
        names = {one.provider for one in identities}
        return [each for name, each in self.linking.providers.items() if name in names]


def _title(providers: Mapping[str, ProviderButton], name: str) -> str:
    provider = providers.get(name)
    return name if provider is None else provider.title
