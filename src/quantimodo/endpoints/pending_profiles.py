"""Verified profiles whose login is not complete: the person has to choose whether to link, or the
next request brings the session cookie.

Each is stored as a login state, bound to this browser.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from quantimodo.endpoints.login_purposes import Purpose
from quantimodo.endpoints.login_states import LoginStates, NewLoginState
from quantimodo.model.identities import LoginState, UpstreamProfile
from quantimodo.pages.renderer import see_other

_LIFETIME: Final = timedelta(hours=1)  # enough to find a password, or to open an e-mail
_USE: Final = "pending profile"


class PendingProfile(msgspec.Struct, frozen=True):
    """A verified profile, and the purpose of its login."""

    profile: UpstreamProfile
    purpose: Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingProfiles:
    states: LoginStates

    async def store(
        self, request: Request, profile: UpstreamProfile, purpose: Purpose, path: str
    ) -> Response:
        """Store the profile for this browser, and redirect to `path`, with the parameter
        `state`."""
        state = self.states.mint()
        response = see_other(f"{path}?state={state.raw.reveal()}")
        new_state = NewLoginState(
            key=state.key,
            provider=profile.provider,
            content=PendingProfile(profile, purpose),
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

    def _opened(self, login_state: LoginState) -> PendingProfile:
        pending = self.states.content(login_state, _USE, PendingProfile)
        # The provider may have ended the account in the meantime.
        return PendingProfile(pending.profile.stated_by(login_state.created_at), pending.purpose)
