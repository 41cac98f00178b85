"""Verified profiles that wait for their person: to choose whether to link, or for a request that
has the session cookie. Each is stored as a login state, bound to this browser."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from quantimodo.endpoints.login_purposes import Purpose
from quantimodo.endpoints.login_states import LoginStates, NewLoginState
from quantimodo.model.identities import LoginState, Profile
from quantimodo.model.secrets import Secret
from quantimodo.pages.layout import see_other

_LIFETIME: Final = timedelta(hours=1)  # to find the password, or to open an e-mail
_USE: Final = "pending profile"


class _Content(msgspec.Struct, frozen=True):
    """`refresh_token` is a secret of the provider."""

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
        return "_Content(…)"


@dataclass(frozen=True, slots=True)
class PendingProfile:
    """A verified profile, and the purpose of its login."""

    profile: Profile
    purpose: Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingProfiles:
    states: LoginStates

    async def store(
        self, request: Request, profile: Profile, purpose: Purpose, path: str
    ) -> Response:
        """Store the profile for this browser, and redirect to `path`, with the parameter
        `state`."""
        state = self.states.mint()
        response = see_other(f"{path}?state={state.raw.reveal()}")
        new_state = NewLoginState(
            key=state.key,
            provider=profile.provider,
            content=_content(profile, purpose),
            use=_USE,
            lifetime=_LIFETIME,
        )
        await self.states.add(request, response, new_state)
        return response

    async def find(self, request: Request, state: str) -> PendingProfile:
        """The profile; it stays stored. Raises `InvalidLoginState`."""
        return self._opened(await self.states.find(request, state))

    async def take(self, request: Request, state: str) -> PendingProfile:
        """The profile, once. Raises `InvalidLoginState`."""
        return self._opened(await self.states.take(request, state))

    def _opened(self, found: LoginState) -> PendingProfile:
        content = self.states.content(found, _USE, _Content)
        return PendingProfile(_profile(content), content.purpose)


def _content(profile: Profile, purpose: Purpose) -> _Content:
    refresh_token = profile.refresh_token
    return _Content(
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


def _profile(content: _Content) -> Profile:
    refresh_token = content.refresh_token
    return Profile(
        provider=content.provider,
        issuer=content.issuer,
        subject=content.subject,
        name=content.name,
        email=content.email,
        email_verified=content.email_verified,
        email_authoritative=content.email_authoritative,
        methods=content.methods,
        refresh_token=None if refresh_token is None else Secret(refresh_token),
    )
