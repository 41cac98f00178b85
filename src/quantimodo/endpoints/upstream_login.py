"""A browser's redirect to a provider, and its callback (security.md §25).

The stored login state has our PKCE verifier, the nonce and the purpose of the login.
`login_completion.py` completes the login.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from quantimodo.crypto.jwt import base64url
from quantimodo.endpoints.login_purposes import Purpose
from quantimodo.endpoints.login_states import InvalidLoginState, LoginStates, NewLoginState
from quantimodo.federation.contract import AuthorizationContext, Provider
from quantimodo.model.secrets import Secret
from quantimodo.pages.renderer import see_other
from quantimodo.ports.clock import Entropy
from quantimodo.protocol.social_login import callback_path

_LIFETIME: Final = timedelta(minutes=10)
_USE: Final = "login state"


class _Content(msgspec.Struct, frozen=True):
    verifier: Secret
    nonce: str
    fresh: bool
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class OpenedLoginState:
    """A browser that came back from a provider: what it was redirected with, when, and the purpose
    of the login."""

    authorization_context: AuthorizationContext
    purpose: Purpose
    began_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamLogin:
    issuer: str
    states: LoginStates
    entropy: Entropy

    async def begin(
        self,
        request: Request,
        provider: Provider,
        purpose: Purpose,
        *,
        fresh: bool = False,
        login_hint: str = "",
    ) -> Response:
        """The redirect to the provider, with the cookie that the callback is bound to.

        Raises `ProviderFault` when the provider does not return its address.
        """
        state = self.states.mint()
        authorization_context = AuthorizationContext(
            state=state.raw,
            nonce=self._random(),
            verifier=Secret(self._random()),
            redirect_uri=self.issuer + callback_path(provider.name),
            login_hint=login_hint,
            fresh=fresh,
        )
        response = see_other(await provider.authorization_url(authorization_context))
        content = _Content(
            authorization_context.verifier, authorization_context.nonce, fresh, purpose
        )
        new_state = NewLoginState(
            key=state.key,
            provider=provider.name,
            content=content,
            use=_USE,
            lifetime=_LIFETIME,
            cross_site=provider.responds_by_form_post,
        )
        await self.states.add(request, response, new_state)
        return response

    async def recall(self, request: Request, provider: Provider, state: str) -> OpenedLoginState:
        """Take the login state of this browser, once. Raises `InvalidLoginState`."""
        login_state = await self.states.take(request, state)
        if login_state.provider != provider.name:
            raise InvalidLoginState
        content = self.states.content(login_state, _USE, _Content)
        authorization_context = AuthorizationContext(
            state=Secret(state),
            nonce=content.nonce,
            verifier=content.verifier,
            redirect_uri=self.issuer + callback_path(provider.name),
            fresh=content.fresh,
        )
        return OpenedLoginState(authorization_context, content.purpose, login_state.created_at)

    async def check(self, request: Request, state: str) -> None:
        """Check that this browser was redirected with this state, which stays valid. Raises
        `InvalidLoginState`."""
        await self.states.find(request, state)

    def finish(self, response: Response, state: str) -> Response:
        """Clear the cookie of a finished login."""
        return self.states.clear_cookie(response, state)

    def _random(self) -> str:
        return base64url(self.entropy.bytes(32)).decode()
