"""Paths and parameters of sign-in through a provider (v2-api.md §2, §3).

Pure. The endpoints check the provider and the redirect target.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from quantimodo.protocol import pkce
from quantimodo.protocol.parameters import Form

SOCIAL = "/api/v2/auth/social"
LOGIN = f"{SOCIAL}/login"
AUTHORIZE_CODE = f"{SOCIAL}/authorizeCode"
AUTHORIZE_TOKEN = f"{SOCIAL}/authorizeToken"
CALLBACK = f"{SOCIAL}/callback/{{provider}}"
INITIATE = "/sign-in/initiated"
PROVIDER_KEYS = f"{SOCIAL}/keys/{{provider}}"
NOTIFICATIONS = f"{SOCIAL}/notifications/{{provider}}"
FRONTCHANNEL_LOGOUT = f"{SOCIAL}/frontchannel-logout/{{provider}}"
DEAUTHORIZE = f"{SOCIAL}/deauthorize/{{provider}}"
DATA_DELETION = f"{SOCIAL}/data-deletion/{{provider}}"
DATA_DELETION_STATUS = "/data-deletion/{code}"

ALIASES: Mapping[str, str] = {
    "redirectUrl": "redirect_url",
    "clientId": "client_id",
    "accessToken": "access_token",
    "refreshToken": "refresh_token",
    "codeVerifier": "code_verifier",
    "codeChallenge": "code_challenge",
    "codeChallengeMethod": "code_challenge_method",
}
"""v2-api.md §1: the page of 2016 has the camelCase names; both are taken."""

PARAMETERS = frozenset(
    {
        "provider",
        "redirect_url",
        "client_id",
        "state",
        "code",
        "code_verifier",
        "code_challenge",
        "code_challenge_method",
        "access_token",
        "refresh_token",
        "nonce",
    }
)
"""All that the endpoints of clients read, by these names. Anything else is ignored."""


def callback_path(provider: str) -> str:
    """The path of this provider's callback: the one address to register there."""
    return CALLBACK.format(provider=provider)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRequest:
    """v2-api.md §2.1. Unvalidated, including `redirect_url`."""

    provider: str
    redirect_url: str
    client_id: str | None
    state: str | None
    challenge: str | None


def login_request(form: Form) -> LoginRequest:
    """The request of a form that was read with `ALIASES`. Raises `InvalidRequest`."""
    return LoginRequest(
        provider=form.required("provider"),
        redirect_url=form.required("redirect_url"),
        client_id=form.get("client_id"),
        state=form.get("state"),
        challenge=pkce.accept_challenge(
            form.get("code_challenge"), form.get("code_challenge_method"), required=False
        ),
    )
