"""A browser's cookies, and the check that a form came from a page of this server.

Owns the attributes of cookies and the CSRF check. Their names are in `pages/cookie_names.py`.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.device_cookies import DEVICE_COOKIE_LIFETIME
from quantimodo.accounts.errors import AccountClosed
from quantimodo.accounts.login import StartedSession
from quantimodo.accounts.new_device_notices import NewDeviceNotices
from quantimodo.accounts.sessions import Sessions
from quantimodo.crypto.digests import compare_digest, keyed_digest
from quantimodo.crypto.tokens import Kind, key_of, mint
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import Session
from quantimodo.pages.cookie_names import (
    BROWSER,
    BROWSER_STATE,
    DEVICE,
    SESSION,
    CookieName,
    cookie_prefix,
)
from quantimodo.pages.forms import Form
from quantimodo.ports.clock import Clock, Entropy

_BROWSER_LIFETIME: Final = timedelta(days=30)
_EMAIL_TOKEN_LIFETIME: Final = timedelta(hours=1)
_LONGEST: Final = 2048
_OUR_FETCHES: Final = (None, "same-origin", "none")


class Forbidden(Exception):
    """A form that did not come from a page of this server in this browser. Nothing was changed."""


class SignInFirst(Exception):
    """The page needs a signed-in person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CookiePolicy:
    """`origin` is the issuer's scheme and host."""

    origin: str
    session_lifetime: timedelta = timedelta(days=90)

    @property
    def secure(self) -> bool:
        """False only for plain http on a loopback address (security.md §19)."""
        return self.origin.startswith("https:")


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserRequest:
    """One request with the state of its browser.

    `browser` is the cookie that binds forms to this browser, `fresh` when it is not set yet;
    `cookie` the session cookie as sent, if well-formed, and `session` the live session, if any.
    `closed` is set instead of `session` if the person closed the account.
    """

    browser: Secret
    fresh: bool
    cookie: Secret | None
    session: Session | None
    csrf: str = field(repr=False)
    address: str
    agent: str
    closed: Session | None = None

    def required(self) -> Session:
        """The session of a person who is signed in; raises `SignInFirst` and `AccountClosed`."""
        if self.closed is not None:
            raise AccountClosed
        if self.session is None:
            raise SignInFirst
        return self.session


def peer_address(request: Request) -> str:
    """The network address that the request came from, or ""."""
    return request.client.host if request.client else ""


class Browser:
    """Reads a request's cookies, writes a response's, and checks where a form came from."""

    __slots__ = ("_clock", "_devices", "_entropy", "_key", "_policy", "_prefix", "_sessions")

    def __init__(
        self,
        policy: CookiePolicy,
        sessions: Sessions,
        devices: NewDeviceNotices,
        clock: Clock,
        entropy: Entropy,
        *,
        key: bytes,
    ) -> None:
        """`key` is secret, one for all processes."""
        self._policy = policy
        self._sessions = sessions
        self._devices = devices
        self._clock = clock
        self._entropy = entropy
        self._key = key
        self._prefix = cookie_prefix(policy.origin)

    async def browser_request(self, request: Request) -> BrowserRequest:
        """The request with its session; a cookie that is not valid is ignored (security.md §12)."""
        found = self._read(request, BROWSER, Kind.BROWSER)
        browser = found or mint(Kind.BROWSER, self._clock.now(), self._entropy).raw
        cookie = self._read(request, SESSION, Kind.SESSION)
        session = await self._sessions.find(cookie.reveal()) if cookie else None
        closed = session if session and session.user.closed else None
        return BrowserRequest(
            browser=browser,
            fresh=found is None,
            cookie=cookie,
            session=None if closed else session,
            csrf=self._proof(browser, cookie),
            address=peer_address(request),
            agent=request.headers.get("user-agent", "")[:400],
            closed=closed,
        )

    async def session(self, request: Request) -> Session | None:
        """The live session of this browser."""
        return (await self.browser_request(request)).session

    def check(self, request: Request, form: Form, browser_request: BrowserRequest) -> None:
        """Raises `Forbidden` unless a page of this server in this browser sent the form."""
        # A page under `Referrer-Policy: no-referrer` sends `Origin: null`; then the fetch
        # metadata and the token decide.
        origin = request.headers.get("origin", "null")
        if origin not in (self._policy.origin, "null"):
            raise Forbidden
        if request.headers.get("sec-fetch-site") not in _OUR_FETCHES:
            raise Forbidden
        if browser_request.fresh or not compare_digest(
            form.one("csrf").encode(), browser_request.csrf.encode()
        ):
            raise Forbidden

    def attach_cookies(self, response: Response, browser_request: BrowserRequest) -> Response:
        """Set the browser cookie with the first page that shows a form."""
        if browser_request.fresh:
            self._set(response, BROWSER, browser_request.browser.reveal(), _BROWSER_LIFETIME)
        return response

    async def complete_sign_in(
        self, request: Request, response: Response, login: StartedSession
    ) -> Response:
        """Set the cookie of a session that has just started, and its device cookie (security.md
        §23a). The person is notified of a new browser."""
        session = await self._sessions.current(login.cookie.reveal())
        if session is not None:
            issued = await self._devices.signed_in(session, self.device_cookies(request))
            for name in issued.replaced:
                self._clear(response, DEVICE + name)
            self._set(response, DEVICE + issued.name, issued.value.reveal(), DEVICE_COOKIE_LIFETIME)
        return self.sign_in(response, login.cookie)

    def device_cookies(self, request: Request) -> dict[str, str]:
        """The device cookies of this browser, for any account, by their names."""
        names = self.secret_cookie_names(request, DEVICE)
        return {name.removeprefix(DEVICE): self.read_secret_cookie(request, name) for name in names}

    def sign_in(self, response: Response, cookie: Secret) -> Response:
        """Set the cookie of a session that was just started."""
        self._set(response, SESSION, cookie.reveal(), self._policy.session_lifetime)
        return self._set_state(response, self._state(cookie))

    def sign_out(self, response: Response) -> Response:
        """The response without the cookie of the session."""
        for name in (SESSION, BROWSER_STATE):
            self._clear(response, name)
        return response

    def state(self, request: Request) -> str:
        """The browser state that applications may watch (OpenID Connect Session Management §3.2),
        different for each session cookie; "" without one."""
        cookie = self._read(request, SESSION, Kind.SESSION)
        return "" if cookie is None else self._state(cookie)

    def set_state_cookie(self, request: Request, response: Response) -> Response:
        """Set the cookie from which scripts read `state`."""
        state = self.state(request)
        if state and request.cookies.get(self.state_cookie) != state:
            self._set_state(response, state)
        return response

    @property
    def state_cookie(self) -> str:
        """The name of the cookie that holds `state`."""
        return self._name(BROWSER_STATE)

    def set_cookie(
        self, response: Response, name: CookieName, value: str, lifetime: timedelta
    ) -> Response:
        """Set a cookie with a short text; scripts cannot read it."""
        self._set(response, name, quote(value, safe=""), lifetime)
        return response

    def set_email_token_cookie(
        self, response: Response, name: CookieName, email_token: str
    ) -> Response:
        """Move a one-time token from the address to a cookie, so that no history has it."""
        return self.set_cookie(response, name, email_token[:_LONGEST], _EMAIL_TOKEN_LIFETIME)

    def read_cookie(self, request: Request, name: CookieName) -> str:
        """The text under this name, or ""."""
        text = request.cookies.get(self._name(name), "")
        return unquote(text, errors="replace") if len(text) <= _LONGEST else ""

    def clear_cookie(self, response: Response, name: CookieName) -> Response:
        """The response without this cookie."""
        self._clear(response, name)
        return response

    def set_secret_cookie(
        self,
        response: Response,
        name: str,
        value: Secret,
        lifetime: timedelta,
        *,
        cross_site: bool = False,
    ) -> None:
        """Set a secret cookie with a name for one purpose. `cross_site`: the browser also sends it
        with a form from another site (Apple's response)."""
        self._set(response, name, value.reveal(), lifetime, cross_site=cross_site)

    def read_secret_cookie(self, request: Request, name: str) -> str:
        """The secret under this name, or ""."""
        return request.cookies.get(self._name(name), "")

    def secret_cookie_names(self, request: Request, prefix: str) -> list[str]:
        """The names that begin with `prefix`."""
        whole = self._name(prefix)
        unprefixed = len(whole) - len(prefix)
        return [name[unprefixed:] for name in request.cookies if name.startswith(whole)]

    def clear_secret_cookie(self, response: Response, name: str) -> None:
        """Delete a cookie whose name is secret, such as that of one transaction."""
        self._clear(response, name)

    def _state(self, cookie: Secret) -> str:
        return keyed_digest(self._key, "browser state", cookie.reveal()).hex()[:32]

    def _set_state(self, response: Response, state: str) -> Response:
        # The only cookie that a script reads, in a frame of another site. It is no credential.
        lifetime = self._policy.session_lifetime
        self._set(response, BROWSER_STATE, state, lifetime, cross_site=True, script=True)
        return response

    def _proof(self, browser: Secret, cookie: Secret | None) -> str:
        text = f"{browser.reveal()} {cookie.reveal() if cookie else ''}"
        return keyed_digest(self._key, "csrf", text).hex()

    def _read(self, request: Request, name: str, kind: Kind) -> Secret | None:
        raw = request.cookies.get(self._name(name), "")
        return Secret(raw) if key_of(kind, raw) else None

    def _name(self, name: str) -> str:
        return self._prefix + name

    def _set(
        self,
        response: Response,
        name: str,
        value: str,
        lifetime: timedelta,
        *,
        cross_site: bool = False,
        script: bool = False,
    ) -> None:
        response.set_cookie(
            self._name(name),
            value,
            max_age=int(lifetime.total_seconds()),
            path="/",
            secure=self._policy.secure,
            httponly=not script,
            # Browsers accept `None` only with `Secure`.
            samesite="none" if cross_site and self._policy.secure else "lax",
        )

    def _clear(self, response: Response, name: str) -> None:
        response.delete_cookie(
            self._name(name), path="/", secure=self._policy.secure, httponly=True, samesite="lax"
        )
