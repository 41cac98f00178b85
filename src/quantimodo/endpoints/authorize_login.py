"""The login JWT at the authorization endpoint (v2-api.md §5): how it is sent, and how long it is
used.

Owns where it may be sent, and the cookie that carries it through the steps of one interaction. It
never becomes a session. `tokens/login_jwts.py` verifies it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.second_factors.check import SecondFactorCheck
from quantimodo.crypto.digests import digest
from quantimodo.endpoints.login_browsers import LoginBrowsers
from quantimodo.model.clients import Client
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import AuthenticatedSubject, Session
from quantimodo.pages.browser import Browser, BrowserRequest
from quantimodo.pages.cookie_names import LOGIN_JWT
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.clock import Clock
from quantimodo.protocol.authorization import PARAMETERS, AuthorizationRequest
from quantimodo.protocol.errors import InvalidRequest
from quantimodo.protocol.parameters import Form
from quantimodo.tokens.login_jwts import LoginIdentity, LoginTokens

NOT_IN_ADDRESS: Final = "no token is taken in an address: send the login token as Bearer"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationContext:
    """Who a request is authenticated as: the person of its login JWT, if it has one, and the person
    of the browser's session.

    `may_allow`: whether a decision in this browser is a decision of that person (security.md §14b).
    """

    session: Session | None = None
    login: LoginIdentity | None = None
    raw: Secret | None = None
    may_allow: bool = True

    @property
    def signed_in(self) -> AuthenticatedSubject | None:
        """The person of the login JWT, else of the session; None without both."""
        return self.session if self.login is None else self.login

    @property
    def account_mismatch(self) -> bool:
        """Whether the JWT names another person than the one who is signed in in this browser. A
        link could carry the JWT, so the person sees which account it is before the response."""
        if self.login is None or self.session is None:
            return False
        return self.login.user.id != self.session.user.id

    def may_be_another_app(self, request: AuthorizationRequest) -> bool:
        """Whether the sender of the JWT may be another program on the person's device than the
        application that the person allowed (RFC 8252 §8.6), and could use the response. A code is
        useless without the secret of a confidential client."""
        if self.login is None or self.may_allow or self.login.origin.https:
            return False
        needs_secret = not request.client.public and request.response_type <= {"code", "none"}
        return not (needs_secret or request.client.skips_consent)

    def without_login(self) -> "AuthenticationContext":
        """The session of this browser, if it is that of the same person."""
        return AuthenticationContext(session=None if self.account_mismatch else self.session)


def holder_of(browser_request: BrowserRequest, authentication: AuthenticationContext) -> str:
    """For whom a response is stored: this person in this browser. A used login JWT leaves nothing
    in the browser, so its response is stored for the browser with its present session."""
    if authentication.login is not None:
        return f"{browser_request.browser.reveal()} login {browser_request.csrf}"
    session = authentication.session
    user_id = 0 if session is None else session.user.id
    return f"{browser_request.browser.reveal()} user {user_id}"


def holders_of(browser_request: BrowserRequest) -> Sequence[str]:
    """The holders whose stored responses this browser can get again."""
    login = f"{browser_request.browser.reveal()} login {browser_request.csrf}"
    if browser_request.session is None:
        return (login,)
    return (login, f"{browser_request.browser.reveal()} user {browser_request.session.user.id}")


@dataclass(frozen=True, slots=True)
class LoginCarrier:
    tokens: LoginTokens
    clients: ClientStore
    browser: Browser
    browsers: LoginBrowsers
    second_factors: SecondFactorCheck
    clock: Clock

    async def presented(
        self, request: Request, form: Form, client: Client
    ) -> AuthenticationContext:
        """The person of the JWT in this request, by header or parameter; no person without a JWT
        that is valid for this client.

        Raises `InvalidRequest` for two different JWTs, and for a JWT in an address if it is bound
        to a strict client.
        """
        header, parameter = _bearer(request), form.get("token")
        login = await self._verified(header, client)
        if login is None:
            # v2-api.md §1: a generated client puts its access token there; it is ignored.
            header, login = None, await self._verified(parameter, client)
        elif parameter is not None and parameter != header:
            raise InvalidRequest(
                "the login token is sent in two ways", refusal="login_token_not_usable"
            )
        if login is not None and parameter is not None and request.method == "GET":
            await self._check_address(login)
        raw = header or parameter
        return self._who(request, login, Secret(raw) if login and raw else None)

    async def read(self, request: Request, form: Form, client: Client) -> AuthenticationContext:
        """The person of the JWT that this browser keeps for this interaction."""
        return self._who(request, await self._verified(self._held(request, form), client))

    def attach(
        self, response: Response, form: Form, authentication: AuthenticationContext
    ) -> Response:
        """Keep the JWT in the browser for the steps of this interaction, and of no other."""
        if authentication.login is not None and authentication.raw is not None:
            left = authentication.login.expires_at - self.clock.now()
            self.browser.set_secret_cookie(response, _name(form), authentication.raw, left)
        return response

    def clear(self, request: Request, response: Response, form: Form) -> Response:
        """The response without the cookie that carried the login JWT of this request."""
        if self._held(request, form):
            self.browser.clear_secret_cookie(response, _name(form))
        return response

    def _who(
        self, request: Request, login: LoginIdentity | None, raw: Secret | None = None
    ) -> AuthenticationContext:
        by_code = login is not None and login.origin.by_code
        marked = login is not None and self.browsers.is_marked(request, login.jti)
        return AuthenticationContext(login=login, raw=raw, may_allow=marked or not by_code)

    async def _check_address(self, login: LoginIdentity) -> None:
        for client_id in login.origin.clients or ():
            bound = await self.clients.client(client_id)
            if bound is not None and bound.strict:
                raise InvalidRequest(NOT_IN_ADDRESS, refusal="login_token_not_usable")

    async def _verified(self, raw: str | None, client: Client) -> LoginIdentity | None:
        login = await self.tokens.verify(raw) if raw else None
        # The operator has not registered a client with a metadata document, so people sign in here.
        if login is None or client.document_host or not login.origin.counts_for(client):
            return None
        # The JWT proves the first factor only, and no page was shown. It is ignored, so the person
        # signs in on a page (v2-api.md §5).
        return None if await self.second_factors.is_needed(login.user) else login

    def _held(self, request: Request, form: Form) -> str:
        return self.browser.read_secret_cookie(request, _name(form))


def _bearer(request: Request) -> str | None:
    values = request.headers.getlist("authorization")
    if len(values) != 1:
        return None
    scheme, _, token = values[0].partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _name(form: Form) -> str:
    """The name of the cookie: the same for all steps of a request, and different for other
    requests."""
    recognised = sorted((name, text) for name, text in form.items() if name in PARAMETERS)
    return LOGIN_JWT + digest(msgspec.json.encode(recognised).decode())[:16].hex()
