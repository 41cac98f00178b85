"""What is specific to Google: claims, tokeninfo, codes for `postmessage`, security events."""

from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.sandbox.authorization import FakeAuthorizationRequest
from quantimodo.sandbox.fake_providers import FakeProvider
from quantimodo.sandbox.fault_injection import private
from quantimodo.sandbox.id_tokens import profile_claims
from quantimodo.sandbox.openid import OpenId
from quantimodo.sandbox.parameters import (
    InvalidSandboxRequest,
    Parameters,
    of_both,
    of_form_or_json,
)
from quantimodo.sandbox.people import Person, find_person
from quantimodo.sandbox.sealed_grants import Grant

POSTMESSAGE: Final = "postmessage"
_DIGITS: Final = 21
_RISC: Final = "https://schemas.openid.net/secevent/risc/event-type/"
_OAUTH: Final = "https://schemas.openid.net/secevent/oauth/event-type/"
# The events of Google's "Cross-Account Protection" except those about a single token; and
# `account-purged` of the standard (RISC Profile §2.2).
EVENTS: Final = {
    "account-disabled": _RISC,
    "account-enabled": _RISC,
    "account-credential-change-required": _RISC,
    "account-purged": _RISC,
    "sessions-revoked": _RISC,
    "tokens-revoked": _OAUTH,
    "verification": _RISC,
}


@dataclass(frozen=True, slots=True)
class GoogleProfile:
    """Implements `ProviderProfile`."""

    def metadata(self, fake_provider: FakeProvider) -> dict[str, Any]:
        # Google sends `iss` in its responses and does not announce it here (as of 2026).
        return {
            "scopes_supported": ["openid", "email", "profile"],
            "claims_supported": [
                *("aud", "email", "email_verified", "exp", "family_name", "given_name"),
                *("iat", "iss", "name", "picture", "sub"),
            ],
        }

    def subject(self, person: Person) -> str:
        """The person's `sub`: digits, as Google's."""
        return person.number("google", _DIGITS)

    def id_claims(self, person: Person, grant: Grant) -> dict[str, Any]:
        claims = {
            "azp": grant.presenter,
            "sub": self.subject(person),
            **profile_claims(person, grant),
        }
        if person.domain:
            claims["hd"] = person.domain
        return claims

    def user_claims(self, person: Person, grant: Grant) -> dict[str, Any]:
        claims = {"sub": self.subject(person), **profile_claims(person, grant)}
        if person.domain and grant.has("email"):
            claims["hd"] = person.domain
        return claims

    def response(
        self,
        fake_provider: FakeProvider,
        requested: FakeAuthorizationRequest,
        person: Person,
        code: str,
    ) -> dict[str, str]:
        response = {
            "iss": fake_provider.issuer,
            "code": code,
            "scope": requested.scope,
            "authuser": "0",
            "prompt": "consent",
        }
        return {**response, "hd": person.domain} if person.domain else response

    def refusal(self, fake_provider: FakeProvider, code: str, description: str) -> dict[str, str]:
        # Google gives no error_description.
        return {"error": code, "iss": fake_provider.issuer}


@dataclass(frozen=True, slots=True)
class Google:
    """The endpoints that only Google has."""

    openid: OpenId

    async def tokeninfo(self, request: Request) -> Response:
        """GET and POST …/tokeninfo, for an access token or an ID token. All values are strings."""
        sent = await of_both(request)
        if "id_token" in sent:
            return self._of_id_token(sent["id_token"])
        grant = self.openid.grants.open(sent.get("access_token", ""), "access", "google")
        if grant is None:
            return _invalid()
        return await self.openid.fault_injection.of(grant.who) or private(
            self._of_access_token(grant)
        )

    async def security_event(self, request: Request) -> Response:
        """POST …/security-event: the message that Google would send us (Cross-Account
        Protection), for the caller to send on. `person`, `event`, `reason?`, `client_id?`."""
        sent = await of_form_or_json(request)
        person = find_person(*(sent.get(name, "") for name in ("person", "address", "trust")))
        event = sent.get("event", "account-disabled")
        if person is None or event not in EVENTS:
            raise InvalidSandboxRequest("Send a person, and an event that the sandbox knows.")
        return private({"token": self._event(person, event, sent)})

    def _event(self, person: Person, event: str, sent: Parameters) -> str:
        fake_provider, tokens = self.openid.fake_provider, self.openid.id_tokens
        # RFC 8417 §2.2: a security event token has no `exp`.
        claims = {
            "iss": _issuer_in_events(fake_provider),
            "aud": sent.get("client_id", "") or fake_provider.app.id,
            "iat": int(self.openid.clock.now().timestamp()),
            "jti": tokens.new_id(),
            "events": {EVENTS[event] + event: self._about(person, event, sent)},
        }
        return tokens.sign(claims, "secevent+jwt")

    def _about(self, person: Person, event: str, sent: Parameters) -> dict[str, Any]:
        if event == "verification":
            return {"state": "sent by the sandbox"}
        subject = {
            "subject_type": "iss-sub",
            "iss": _issuer_in_events(self.openid.fake_provider),
            "sub": self.openid.profile.subject(person),
        }
        return {"subject": subject, **({"reason": sent["reason"]} if "reason" in sent else {})}

    def _of_access_token(self, grant: Grant) -> dict[str, str]:
        person = grant.who
        remaining = grant.expires_at - int(self.openid.clock.now().timestamp())
        found = {
            "azp": grant.presenter,
            "aud": grant.client_id,
            "sub": self.openid.profile.subject(person),
            "scope": grant.scope,
            "exp": str(grant.expires_at),
            "expires_in": str(remaining),
            "access_type": "offline" if grant.offline else "online",
        }
        if grant.has("email") and person.email:
            found |= {"email": person.email, "email_verified": _as_text(person.email_verified)}
        return found

    def _of_id_token(self, token: str) -> Response:
        claims = self.openid.id_tokens.read(token)
        if claims is None or claims["iss"] != self.openid.fake_provider.issuer:
            return _invalid()
        header = {"alg": "RS256", "kid": self.openid.id_tokens.signer.kid, "typ": "JWT"}
        return private({**{name: _as_text(value) for name, value in claims.items()}, **header})


def _issuer_in_events(fake_provider: FakeProvider) -> str:
    """Google's issuer ends with a slash in security events, and not in ID tokens."""
    return f"{fake_provider.issuer}/"


def _invalid() -> Response:
    return private({"error": "invalid_token", "error_description": "Invalid Value"}, 400)


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
