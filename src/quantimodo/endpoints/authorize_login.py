"""The login JWT at the authorize endpoint (contract §5): how it comes, and how long it stays.

Owns where it may stand and the cookie that carries it through the steps of one authorization. It
never becomes a session. What it says is checked in `tokens/login.py`.
"""

from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from quantimodo.crypto.digests import digest
from quantimodo.model.clients import Client
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import Presence, Session
from quantimodo.pages.browser import Browser
from quantimodo.pages.cookie_names import LOGIN_JWT
from quantimodo.ports.clock import Clock
from quantimodo.protocol.authorization import PARAMETERS
from quantimodo.protocol.errors import InvalidRequest
from quantimodo.protocol.parameters import Form
from quantimodo.tokens.login import LoginIdentity, LoginTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """The people of one request: of its login JWT, which then counts, and of the browser."""

    session: Session | None = None
    login: LoginIdentity | None = None
    raw: Secret | None = None

    @property
    def presence(self) -> Presence | None:
        return self.session if self.login is None else self.login

    @property
    def doubtful(self) -> bool:
        """Whether the JWT names somebody else than who is signed in in this browser: a link could
        bring it, so nothing is answered before the person has seen whose account it is."""
        if self.login is None or self.session is None:
            return False
        return self.login.user.id != self.session.user.id


@dataclass(frozen=True, slots=True)
class LoginCarrier:
    tokens: LoginTokens
    browser: Browser
    clock: Clock

    async def presented(self, request: Request, form: Form, client: Client) -> Who:
        """Whom the JWT of this very request names, by header or parameter; nobody, if there is
        none that is good for this client. Raises `InvalidRequest` for two different ones."""
        header, parameter = _bearer(request), form.get("token")
        login = await self._verified(header, client)
        if login is None:
            # Contract §1: a generated client puts its access token there; it is as if absent.
            header, login = None, await self._verified(parameter, client)
        elif parameter is not None and parameter != header:
            raise InvalidRequest("the login token is sent in two ways")
        raw = header or parameter
        return Who(login=login, raw=Secret(raw) if login and raw else None)

    async def kept(self, request: Request, form: Form, client: Client) -> Who:
        """Whom the JWT names that this browser keeps for this very authorization."""
        return Who(login=await self._verified(self._held(request, form), client))

    def keep(self, response: Response, form: Form, who: Who) -> Response:
        """Let it come along through the steps of this authorization, and no other."""
        if who.login is not None and who.raw is not None:
            left = who.login.expires_at - self.clock.now()
            self.browser.hold(response, _name(form), who.raw, left)
        return response

    def drop(self, request: Request, response: Response, form: Form) -> Response:
        if self._held(request, form):
            self.browser.release(response, _name(form))
        return response

    async def _verified(self, raw: str | None, client: Client) -> LoginIdentity | None:
        login = await self.tokens.verify(raw) if raw else None
        if login is None or login.client_id not in (None, client.id):
            return None
        return login

    def _held(self, request: Request, form: Form) -> str:
        return self.browser.held(request, _name(form))


def _bearer(request: Request) -> str | None:
    values = request.headers.getlist("authorization")
    if len(values) != 1:
        return None
    scheme, _, token = values[0].partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _name(form: Form) -> str:
    """One name for all steps of one request, and for no other request."""
    heeded = sorted((name, text) for name, text in form.items() if name in PARAMETERS)
    return LOGIN_JWT + digest(msgspec.json.encode(heeded).decode())[:16].hex()
