"""The endpoints of an OpenID provider: discovery, keys, token, userinfo, and their responses.

Google and the generic provider differ only in claims and errors, which a `ProviderProfile` gives.
The page where a person is chosen is in `person_chooser.py`.
"""

from base64 import b64decode
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import unquote_plus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from quantimodo.ports.clock import Clock
from quantimodo.protocol.errors import OAuthError
from quantimodo.protocol.pkce import check_verifier
from quantimodo.sandbox.authorization import FakeAuthorizationRequest
from quantimodo.sandbox.fake_providers import FakeProvider
from quantimodo.sandbox.fault_injection import FaultInjection, private
from quantimodo.sandbox.id_tokens import IdTokens
from quantimodo.sandbox.parameters import InvalidSandboxRequest, Parameters, bearer, of_form
from quantimodo.sandbox.people import Person
from quantimodo.sandbox.sealed_grants import Grant, SealedGrants, SpentCodes

_HOUR: Final = 3600


class ProviderProfile(Protocol):
    """The metadata, claims and error format of one provider."""

    def metadata(self, fake_provider: FakeProvider) -> dict[str, Any]:
        """Additional members of its discovery document."""

    def subject(self, person: Person) -> str:
        """The person's `sub` at this provider."""

    def id_claims(self, person: Person, grant: Grant) -> dict[str, Any]:
        """`sub` and all claims that `IdTokens` does not add."""

    def user_claims(self, person: Person, grant: Grant) -> dict[str, Any]:
        """The userinfo response."""

    def response(
        self,
        fake_provider: FakeProvider,
        requested: FakeAuthorizationRequest,
        person: Person,
        code: str,
    ) -> dict[str, str]:
        """The authorization response without `state`."""

    def refusal(self, fake_provider: FakeProvider, code: str, description: str) -> dict[str, str]:
        """The parameters of an error response, as this provider spells them."""


class TokenRefused(Exception):
    """RFC 6749 §5.2."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenId:
    fake_provider: FakeProvider
    profile: ProviderProfile
    grants: SealedGrants
    spent: SpentCodes
    id_tokens: IdTokens
    fault_injection: FaultInjection
    clock: Clock

    async def metadata(self, request: Request) -> Response:
        """GET …/.well-known/openid-configuration (OpenID Connect Discovery §3)."""
        at = self.fake_provider.address
        return JSONResponse(
            {
                "issuer": self.fake_provider.issuer,
                "authorization_endpoint": f"{at}/auth",
                "token_endpoint": f"{at}/token",
                "userinfo_endpoint": f"{at}/userinfo",
                "jwks_uri": f"{at}/certs",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "client_secret_basic",
                ],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "code_challenge_methods_supported": ["S256"],
                **self.profile.metadata(self.fake_provider),
            }
        )

    async def keys(self, request: Request) -> Response:
        """GET …/certs."""
        headers = {"cache-control": f"public, max-age={_HOUR}"}
        return Response(self.id_tokens.key_set(), media_type="application/json", headers=headers)

    async def token(self, request: Request) -> Response:
        """POST …/token."""
        try:
            sent = await of_form(request)
            client_id, proved = self._client(request, sent)
            grant = self._redeem(sent, client_id, proved)
        except TokenRefused as refusal:
            body = {"error": refusal.code, "error_description": refusal.description}
            return private(body, refusal.status)
        return await self.fault_injection.of(grant.who) or private(self.tokens(grant))

    async def userinfo(self, request: Request) -> Response:
        """GET and POST …/userinfo."""
        grant = self.grants.open(bearer(request), "access", self.fake_provider.name)
        if grant is None or not grant.has("openid"):
            # RFC 6750 §3.1.
            challenge = {"www-authenticate": 'Bearer error="invalid_token"'}
            body = {"error": "invalid_token", "error_description": "Invalid Credentials"}
            return private(body, 401, **challenge)
        fault = await self.fault_injection.of(grant.who)
        return fault or private(self.profile.user_claims(grant.who, grant))

    def tokens(self, grant: Grant) -> dict[str, Any]:
        """A token response (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3)."""
        access = self.grants.seal(grant, "access")
        response: dict[str, Any] = {
            "access_token": access,
            "expires_in": _HOUR - 1,
            "scope": grant.scope,
            "token_type": "Bearer",
        }
        if grant.has("openid"):
            response["id_token"] = self.id_token(grant, access)
        if grant.offline:
            response["refresh_token"] = self.grants.seal(grant, "refresh")
        return response

    def id_token(self, grant: Grant, access_token: str = "") -> str:
        """A signed ID token of this grant."""
        claims = self.profile.id_claims(grant.who, grant)
        return self.id_tokens.mint(self.fake_provider, grant, claims, access_token)

    def _client(self, request: Request, sent: Parameters) -> tuple[str, bool]:
        """The client id, and whether it was authenticated: an app without a secret needs PKCE."""
        client_id, secret = _basic(request) or (
            sent.get("client_id", ""),
            sent.get("client_secret"),
        )
        if not client_id or not self.fake_provider.knows(client_id):
            raise TokenRefused("invalid_client", "The OAuth client was not found.", 401)
        if secret is not None and not self.fake_provider.app.proves(secret):
            raise TokenRefused("invalid_client", "The provided client secret is invalid.", 401)
        return client_id, secret is not None

    def _redeem(self, sent: Parameters, client_id: str, proved: bool) -> Grant:
        match sent.get("grant_type", ""):
            case "authorization_code":
                return self._of_code(sent, client_id, proved)
            case "refresh_token":
                return self._of_refresh_token(sent, client_id)
            case _:
                raise TokenRefused("unsupported_grant_type", "Invalid grant_type.")

    def _of_code(self, sent: Parameters, client_id: str, proved: bool) -> Grant:
        code = sent.get("code", "")
        grant = self.grants.open(code, "code", self.fake_provider.name)
        if grant is None or grant.client_id != client_id:
            raise TokenRefused("invalid_grant", "Malformed auth code.")
        if sent.get("redirect_uri", "") != grant.redirect_uri:
            raise TokenRefused("redirect_uri_mismatch", "Bad Request")
        if not proved and grant.challenge is None:
            raise TokenRefused("invalid_client", "client_secret is missing.", 401)
        _check_verifier(grant, sent)
        if not self.spent.spend(code, grant.expires_at, self.clock.now()):
            raise TokenRefused("invalid_grant", "Bad Request")
        return grant

    def _of_refresh_token(self, sent: Parameters, client_id: str) -> Grant:
        grant = self.grants.open(sent.get("refresh_token", ""), "refresh", self.fake_provider.name)
        if grant is None or grant.client_id != client_id:
            raise TokenRefused("invalid_grant", "Token has been expired or revoked.")
        return grant


def _check_verifier(grant: Grant, sent: Parameters) -> None:
    try:
        check_verifier(grant.challenge, sent.get("code_verifier"))
    except OAuthError as fault:
        raise TokenRefused("invalid_grant", fault.description) from fault


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError as fault:
        raise InvalidSandboxRequest("The Authorization header could not be read.") from fault
    # RFC 6749 §2.3.1: both are form-encoded before they are joined.
    return unquote_plus(client_id), unquote_plus(secret)
