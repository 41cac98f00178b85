"""An authorization request at the sandbox (RFC 6749 §4.1.1), and where its response goes.

Pure. The content of the response differs by provider and is in the provider's file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from quantimodo.protocol.errors import OAuthError
from quantimodo.protocol.pkce import accept_challenge
from quantimodo.sandbox.fake_providers import FakeProvider
from quantimodo.sandbox.parameters import InvalidSandboxRequest, Parameters
from quantimodo.sandbox.people import Person
from quantimodo.sandbox.sealed_grants import Grant

_LONGEST: Final = 2048


class AuthorizationRequestRefused(Exception):
    """An error response by redirect, with a code of RFC 6749 §4.1.2.1 or OpenID Connect."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = description


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The requesting app and its redirect URI: both are valid, even if other parameters are not."""

    client_id: str
    redirect_uri: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeAuthorizationRequest:
    target: Target
    scope: str
    nonce: str | None
    challenge: str | None
    offline: bool

    def grant(self, fake_provider: FakeProvider, person: Person, chosen_at: int) -> Grant:
        """The grant that choosing this person gives the app."""
        return Grant(
            fake_provider=fake_provider.name,
            client_id=self.target.client_id,
            presenter=self.target.client_id,
            person=person.id,
            address=person.address,
            trust=person.trust,
            scope=self.scope,
            chosen_at=chosen_at,
            nonce=self.nonce,
            redirect_uri=self.target.redirect_uri,
            challenge=self.challenge,
            offline=self.offline,
        )


def identify(sent: Parameters, fake_provider: FakeProvider) -> Target:
    """Raises `InvalidSandboxRequest`, which is an error page and never a redirect."""
    client_id = sent.get("client_id", "")
    if not client_id or not fake_provider.knows(client_id):
        raise InvalidSandboxRequest(
            "No application is registered under this client_id.", "invalid_client"
        )
    redirect_uri = sent.get("redirect_uri", "")
    if not fake_provider.sends_to(redirect_uri):
        raise InvalidSandboxRequest(
            "This redirect_uri is not registered. The sandbox responds only to its own server "
            "and to this machine.",
            "redirect_uri_mismatch",
        )
    return Target(client_id=client_id, redirect_uri=redirect_uri, state=sent.get("state", ""))


def validate(sent: Parameters, target: Target) -> FakeAuthorizationRequest:
    """Raises `AuthorizationRequestRefused`, which goes to the app."""
    if sent.get("response_type", "") != "code":
        raise AuthorizationRequestRefused(
            "unsupported_response_type", "The sandbox gives codes only."
        )
    if any(len(value) > _LONGEST for value in sent.values()):
        raise AuthorizationRequestRefused("invalid_request", "A parameter is too long.")
    # OpenID Connect Core §3.1.2.1: no page may be shown, and the sandbox has no sessions.
    if "none" in sent.get("prompt", "").split():
        raise AuthorizationRequestRefused(
            "login_required", "No person is signed in at the sandbox."
        )
    scope = sent.get("scope", "")
    return FakeAuthorizationRequest(
        target=target,
        scope=scope,
        nonce=sent.get("nonce") or None,
        challenge=_challenge(sent),
        offline=sent.get("access_type") == "offline" or "offline_access" in scope.split(),
    )


def _challenge(sent: Mapping[str, str]) -> str | None:
    try:
        return accept_challenge(
            sent.get("code_challenge"), sent.get("code_challenge_method"), required=False
        )
    except OAuthError as fault:
        raise AuthorizationRequestRefused("invalid_request", fault.description) from fault
