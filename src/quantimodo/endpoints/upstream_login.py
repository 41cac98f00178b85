"""A browser's way to a provider and back (security.md §25): begun, recalled, finished.

Owns what binds the two ends: `state`, single use; a separate cookie for each login, so that two
tabs do not disturb each other; and, sealed in the database, our PKCE verifier, the nonce and what
the way is for. A profile that waits for its person's word is kept and bound in the same manner.
The completion of a login is in `social_callback.py`.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.throttle import Throttle
from quantimodo.crypto.digests import digest, same
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.crypto.jwt import base64url
from quantimodo.crypto.tokens import Kind, key_of, mint
from quantimodo.federation.contract import AuthorizationContext, Provider
from quantimodo.model.identities import LoginState, Profile
from quantimodo.model.secrets import Secret
from quantimodo.pages.browser import Browser, peer_address
from quantimodo.pages.cookie_names import LOGIN_STATE
from quantimodo.pages.layout import see_other
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.federation_stores import LoginStateStore
from quantimodo.protocol.social import callback_path

_LIFETIME: Final = timedelta(minutes=10)
_PATIENCE: Final = timedelta(hours=1)  # to find the password, or to open a mail
_MAX_PENDING_LOGINS: Final = 6


class ReturnToClient(msgspec.Struct, frozen=True, tag="app"):
    """v2-api.md §2: back to an application, with a login code that is good for `clients`; None:
    for any, at an address of the operator's own."""

    redirect_url: str
    clients: tuple[str, ...] | None
    state: str | None
    challenge: str | None


class StartSession(msgspec.Struct, frozen=True, tag="session"):
    """A session in this browser; on to a local path."""

    return_to: str


class LinkAccount(msgspec.Struct, frozen=True, tag="link"):
    """One more identity for the account of this session; `session` is its key."""

    user_id: int
    session: bytes


Purpose = ReturnToClient | StartSession | LinkAccount


class _Sealed(msgspec.Struct, frozen=True):
    verifier: str
    nonce: str
    fresh: bool
    purpose: Purpose

    def __repr__(self) -> str:
        return "_Sealed(…)"


class _Waiting(msgspec.Struct, frozen=True):
    """A profile that waits. `refresh_token` is a secret of the provider's."""

    provider: str
    issuer: str
    subject: str
    name: str
    email: str | None
    email_verified: bool
    email_authoritative: bool
    methods: tuple[str, ...]
    refresh_token: str | None
    purpose: Purpose

    def __repr__(self) -> str:
        return "_Waiting(…)"


class InvalidLoginState(Exception):
    """Not a way that this browser is on (any more): forged, used, too old, of another browser or
    of another provider."""


@dataclass(frozen=True, slots=True)
class Returned:
    """A browser that came back, with what it was sent away with."""

    authorization_context: AuthorizationContext
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Waiting:
    """A profile that was checked, and what its person came for."""

    profile: Profile
    purpose: Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamLogin:
    issuer: str
    store: LoginStateStore
    browser: Browser
    envelope: Envelope = field(repr=False)
    throttle: Throttle
    clock: Clock
    entropy: Entropy

    async def begin(
        self, request: Request, provider: Provider, purpose: Purpose, *, fresh: bool = False
    ) -> Response:
        """The redirect to the provider, with the cookie that the way back is bound to.

        Raises `ProviderFault` when the provider cannot say where to go.
        """
        state = mint(Kind.STATE, self.clock.now(), self.entropy)
        authorization_context = AuthorizationContext(
            state=state.raw,
            nonce=self._random(),
            verifier=Secret(self._random()),
            redirect_uri=self.issuer + callback_path(provider.name),
            fresh=fresh,
        )
        response = see_other(await provider.authorization_url(authorization_context))
        sealed = _Sealed(
            authorization_context.verifier.reveal(), authorization_context.nonce, fresh, purpose
        )
        await self._keep(
            request,
            response,
            state.key,
            provider.name,
            self.envelope.seal(msgspec.json.encode(sealed), "login state"),
            _LIFETIME,
            cross_site=provider.responds_by_form_post,
        )
        return response

    async def recall(self, request: Request, provider: Provider, state: str) -> Returned:
        """What the browser was sent away with, once. Raises `InvalidLoginState`."""
        row = await self._take(request, Kind.STATE, state)
        if row.provider != provider.name:
            raise InvalidLoginState
        try:
            opened = self.envelope.open(row.sealed, "login state")
            sealed = msgspec.json.decode(opened, type=_Sealed)
        except (DecryptionFailed, msgspec.MsgspecError):
            raise InvalidLoginState from None
        authorization_context = AuthorizationContext(
            state=Secret(state),
            nonce=sealed.nonce,
            verifier=Secret(sealed.verifier),
            redirect_uri=self.issuer + callback_path(provider.name),
            fresh=sealed.fresh,
        )
        return Returned(authorization_context, sealed.purpose)

    async def look(self, request: Request, state: str) -> None:
        """Whether this browser was sent away with it, taking nothing. Raises
        `InvalidLoginState`."""
        key = key_of(Kind.STATE, state)
        self._checked(request, None if key is None else await self.store.login_state(key))

    def finish(self, response: Response, state: str) -> Response:
        """Clear the cookie of a finished login."""
        key = key_of(Kind.STATE, state)
        if key is not None:
            self.browser.clear_secret_cookie(response, _name(key))
        return response

    async def wait(
        self, request: Request, profile: Profile, purpose: Purpose, path: str
    ) -> Response:
        """Keep a checked profile for this browser alone; on to `path`, which will ask for it by
        the parameter `way`."""
        way = mint(Kind.STATE, self.clock.now(), self.entropy)
        response = see_other(f"{path}?way={way.raw.reveal()}")
        await self._keep(
            request,
            response,
            way.key,
            profile.provider,
            self.envelope.seal(msgspec.json.encode(_spelled(profile, purpose)), "pending profile"),
            _PATIENCE,
        )
        return response

    async def waiting(self, request: Request, way: str) -> Waiting:
        """The profile that waits, taking nothing. Raises `InvalidLoginState`."""
        key = key_of(Kind.STATE, way)
        row = None if key is None else await self.store.login_state(key)
        return self._opened(self._checked(request, row))

    async def resume(self, request: Request, way: str) -> Waiting:
        """The same, once."""
        return self._opened(await self._take(request, Kind.STATE, way))

    def _opened(self, row: LoginState) -> Waiting:
        try:
            opened = self.envelope.open(row.sealed, "pending profile")
            kept = msgspec.json.decode(opened, type=_Waiting)
        except (DecryptionFailed, msgspec.MsgspecError):
            raise InvalidLoginState from None
        return Waiting(_profile(kept), kept.purpose)

    async def _take(self, request: Request, kind: Kind, raw: str) -> LoginState:
        key = key_of(kind, raw)
        # A stranger's browser does not have the cookie, and so cannot use the state up either.
        if key is None or not self.browser.read_secret_cookie(request, _name(key)):
            raise InvalidLoginState
        return self._checked(request, await self.store.take_login_state(key))

    def _checked(self, request: Request, row: LoginState | None) -> LoginState:
        if row is None or row.expires_at <= self.clock.now():
            raise InvalidLoginState
        held = self.browser.read_secret_cookie(request, _name(row.key))
        if key_of(Kind.FLOW, held) is None or not same(digest(held), row.browser):
            raise InvalidLoginState
        return row

    async def _keep(
        self,
        request: Request,
        response: Response,
        key: bytes,
        provider: str,
        sealed: bytes,
        lifetime: timedelta,
        *,
        cross_site: bool = False,
    ) -> None:
        now = self.clock.now()
        flow = mint(Kind.FLOW, now, self.entropy).raw
        login_state = LoginState(
            key=key,
            provider=provider,
            browser=digest(flow.reveal()),
            sealed=sealed,
            created_at=now,
            expires_at=now + lifetime,
        )
        charge = self.throttle.charge("upstream_logins", peer_address(request))
        await self.store.add_login_state(login_state, charge)
        self._forget_oldest(request, response)
        self.browser.set_secret_cookie(response, _name(key), flow, lifetime, cross_site=cross_site)

    def _forget_oldest(self, request: Request, response: Response) -> None:
        """Ways that were never finished must not fill the browser's cookie header."""
        keys = {
            name: key_of(Kind.FLOW, self.browser.read_secret_cookie(request, name)) or b""
            for name in self.browser.secret_cookie_names(request, LOGIN_STATE)
        }
        oldest_first = sorted(keys, key=lambda name: keys[name])
        for name in oldest_first[: max(0, len(oldest_first) + 1 - _MAX_PENDING_LOGINS)]:
            self.browser.clear_secret_cookie(response, name)

    def _random(self) -> str:
        return base64url(self.entropy.bytes(32)).decode()


def _name(key: bytes) -> str:
    """The cookie of the way with this key, whose first seven bytes are only a moment."""
    return LOGIN_STATE + key[7:15].hex()


def _spelled(profile: Profile, purpose: Purpose) -> _Waiting:
    refresh_token = profile.refresh_token
    return _Waiting(
        provider=profile.provider,
        issuer=profile.issuer,
        subject=profile.subject,
        name=profile.name,
        email=profile.email,
        email_verified=profile.email_verified,
        email_authoritative=profile.email_authoritative,
        methods=profile.methods,
        refresh_token=None if refresh_token is None else refresh_token.reveal(),
        purpose=purpose,
    )


def _profile(kept: _Waiting) -> Profile:
    return Profile(
        provider=kept.provider,
        issuer=kept.issuer,
        subject=kept.subject,
        name=kept.name,
        email=kept.email,
        email_verified=kept.email_verified,
        email_authoritative=kept.email_authoritative,
        methods=kept.methods,
        refresh_token=None if kept.refresh_token is None else Secret(kept.refresh_token),
    )
