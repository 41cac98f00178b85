"""The generic OpenID provider; its discovery document describes it completely."""

from dataclasses import dataclass
from typing import Any

from quantimodo.sandbox.authorization import FakeAuthorizationRequest
from quantimodo.sandbox.fake_providers import FakeProvider
from quantimodo.sandbox.id_tokens import profile_claims
from quantimodo.sandbox.people import Person
from quantimodo.sandbox.sealed_grants import Grant


@dataclass(frozen=True, slots=True)
class OidcProfile:
    """Implements `ProviderProfile`."""

    def metadata(self, fake_provider: FakeProvider) -> dict[str, Any]:
        return {
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "claims_supported": ["sub", "name", "email", "email_verified", "amr", "auth_time"],
            # RFC 9207 §3.
            "authorization_response_iss_parameter_supported": True,
        }

    def subject(self, person: Person) -> str:
        return f"{person.id}-{person.number('oidc', 8)}"

    def id_claims(self, person: Person, grant: Grant) -> dict[str, Any]:
        return {
            "sub": self.subject(person),
            "auth_time": grant.chosen_at,
            "amr": ["user"],  # RFC 8176: a person was present; no credential was verified
            **profile_claims(person, grant),
        }

    def user_claims(self, person: Person, grant: Grant) -> dict[str, Any]:
        return {"sub": self.subject(person), **profile_claims(person, grant)}

    def response(
        self,
        fake_provider: FakeProvider,
        requested: FakeAuthorizationRequest,
        person: Person,
        code: str,
    ) -> dict[str, str]:
        return {"code": code, "iss": fake_provider.issuer}

    def refusal(self, fake_provider: FakeProvider, code: str, description: str) -> dict[str, str]:
        return {"error": code, "error_description": description, "iss": fake_provider.issuer}
