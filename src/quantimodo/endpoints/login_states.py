"""Login states: encrypted, used once, and bound to one browser by a cookie (security.md §25).

Each state has a separate cookie, so that logins in two tabs do not disturb each other. What a state
contains is in `upstream_login.py` and `pending_profiles.py`.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.throttle import Throttle
from quantimodo.crypto.digests import compare_digest, digest
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.crypto.tokens import Kind, Minted, key_of, mint
from quantimodo.model.identities import LoginState
from quantimodo.model.secrets import Secret
from quantimodo.pages.browser import Browser, peer_address
from quantimodo.pages.cookie_names import LOGIN_STATE
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.federation_stores import LoginStateStore

_MAX_PENDING_LOGINS: Final = 6  # of one browser
_T = TypeVar("_T")


class InvalidLoginState(Exception):
    """The state is forged, used, expired, or of another browser or provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLoginState:
    """A state to store. `content` is encrypted for `use`, and opens for the same use only.

    `cross_site`: the cookie is also sent with a form from another site.
    """

    key: bytes
    provider: str
    content: msgspec.Struct
    use: str
    lifetime: timedelta
    cross_site: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginStates:
    store: LoginStateStore
    browser: Browser
    envelope: Envelope = field(repr=False)
    throttle: Throttle
    clock: Clock
    entropy: Entropy

    def mint(self) -> Minted:
        """A new `state` and its key; nothing is stored."""
        return mint(Kind.STATE, self.clock.now(), self.entropy)

    async def add(self, request: Request, response: Response, state: NewLoginState) -> None:
        """Store the state, and bind it to the browser by a cookie of this response."""
        now = self.clock.now()
        secret = mint(Kind.FLOW, now, self.entropy).raw
        login_state = LoginState(
            key=state.key,
            provider=state.provider,
            browser=digest(secret.reveal()),
            sealed=self.envelope.seal(_encode(state.content), state.use),
            created_at=now,
            expires_at=now + state.lifetime,
        )
        charge = self.throttle.charge("upstream_logins", peer_address(request))
        await self.store.add_login_state(login_state, charge)
        self._clear_oldest(request, response)
        self.browser.set_secret_cookie(
            response,
            _cookie_name(state.key),
            secret,
            state.lifetime,
            cross_site=state.cross_site,
        )

    async def find(self, request: Request, state: str) -> LoginState:
        """The state, if this browser has its cookie; it stays valid. Raises
        `InvalidLoginState`."""
        key = key_of(Kind.STATE, state)
        return self._checked(request, None if key is None else await self.store.login_state(key))

    async def take(self, request: Request, state: str) -> LoginState:
        """Return the state and delete it. Raises `InvalidLoginState`."""
        key = key_of(Kind.STATE, state)
        # A browser without the cookie must not delete the state either.
        if key is None or not self.browser.read_secret_cookie(request, _cookie_name(key)):
            raise InvalidLoginState
        return self._checked(request, await self.store.take_login_state(key))

    def content(self, state: LoginState, use: str, kind: type[_T]) -> _T:
        """The decrypted content. Raises `InvalidLoginState`."""
        try:
            opened = self.envelope.open(state.sealed, use)
            return msgspec.json.decode(opened, type=kind, dec_hook=_decode_secret)
        except (DecryptionFailed, msgspec.MsgspecError):
            raise InvalidLoginState from None

    def clear_cookie(self, response: Response, state: str) -> Response:
        """Clear the cookie of a finished login."""
        key = key_of(Kind.STATE, state)
        if key is not None:
            self.browser.clear_secret_cookie(response, _cookie_name(key))
        return response

    def _checked(self, request: Request, found: LoginState | None) -> LoginState:
        if found is None or found.expires_at <= self.clock.now():
            raise InvalidLoginState
        secret = self.browser.read_secret_cookie(request, _cookie_name(found.key))
        if key_of(Kind.FLOW, secret) is None or not compare_digest(digest(secret), found.browser):
            raise InvalidLoginState
        return found

    def _clear_oldest(self, request: Request, response: Response) -> None:
        """Clear cookies of logins that were never finished: a `Cookie` header has a limited
        size."""
        keys = {
            name: key_of(Kind.FLOW, self.browser.read_secret_cookie(request, name)) or b""
            for name in self.browser.secret_cookie_names(request, LOGIN_STATE)
        }
        oldest_first = sorted(keys, key=lambda name: keys[name])
        for name in oldest_first[: max(0, len(oldest_first) + 1 - _MAX_PENDING_LOGINS)]:
            self.browser.clear_secret_cookie(response, name)


def _encode(content: msgspec.Struct) -> bytes:
    """The content as JSON, to be encrypted: secrets are in the clear."""
    return msgspec.json.encode(content, enc_hook=_encode_secret)


def _encode_secret(value: Any) -> str:
    if not isinstance(value, Secret):
        raise NotImplementedError
    return value.reveal()


def _decode_secret(kind: type, value: Any) -> Secret:
    if kind is not Secret or not isinstance(value, str):
        raise TypeError("not a secret")
    return Secret(value)


def _cookie_name(key: bytes) -> str:
    """The name of the cookie for the state with this key, whose first seven bytes are a time."""
    return LOGIN_STATE + key[7:15].hex()
