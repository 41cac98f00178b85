"""What is specific to Facebook: the dialog, Graph, Limited Login, signed requests."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from quantimodo.crypto.digests import compare_digest, hmac_sha256
from quantimodo.crypto.jwt import base64url
from quantimodo.protocol.errors import OAuthError
from quantimodo.protocol.pkce import check_verifier
from quantimodo.sandbox.authorization import FakeAuthorizationRequest
from quantimodo.sandbox.fake_providers import FakeProvider
from quantimodo.sandbox.fault_injection import FaultInjection, private
from quantimodo.sandbox.id_tokens import IdTokens
from quantimodo.sandbox.parameters import (
    InvalidSandboxRequest,
    Parameters,
    bearer,
    of_both,
    of_form_or_json,
)
from quantimodo.sandbox.people import Person, find_person
from quantimodo.sandbox.sealed_grants import Grant, SealedGrants, SpentCodes

VERSION: Final = "v25.0"
_DIGITS: Final = 17
_SIXTY_DAYS: Final = timedelta(days=60)
_PERMISSIONS: Final = ("email", "public_profile", "openid")


class GraphError(Exception):
    """An error in Graph's format: always status 400."""

    def __init__(self, message: str, code: int, subcode: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.subcode = subcode

    def body(self) -> dict[str, Any]:
        """The error as Graph API spells it."""
        error: dict[str, Any] = {
            "message": self.message,
            "type": "OAuthException",
            "code": self.code,
            "fbtrace_id": "A0000sandbox0000000000",
        }
        return {"error": {**error, "error_subcode": self.subcode} if self.subcode else error}


@dataclass(frozen=True, slots=True)
class FacebookProfile:
    """Facebook's authorization responses, without OpenID Connect parameters.
    Implements `ProviderProfile`."""

    def response(
        self,
        fake_provider: FakeProvider,
        requested: FakeAuthorizationRequest,
        person: Person,
        code: str,
    ) -> dict[str, str]:
        return {"code": code}

    def refusal(self, fake_provider: FakeProvider, code: str, description: str) -> dict[str, str]:
        if code != "access_denied":
            return {"error": code, "error_description": description}
        return {
            "error": "access_denied",
            "error_code": "200",
            "error_description": "Permissions error",
            "error_reason": "user_denied",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Facebook:
    fake_provider: FakeProvider
    grants: SealedGrants
    spent: SpentCodes
    id_tokens: IdTokens
    fault_injection: FaultInjection

    async def metadata(self, request: Request) -> Response:
        """GET …/.well-known/openid-configuration/, as for Limited Login."""
        at = self.fake_provider.address
        return JSONResponse(
            {
                "issuer": self.fake_provider.issuer,
                "authorization_endpoint": f"{at}/{VERSION}/dialog/oauth",
                "token_endpoint": f"{at}/{VERSION}/oauth/access_token",
                "jwks_uri": f"{at}/.well-known/oauth/openid/jwks/",
                "response_types_supported": ["code"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "claims_supported": ["iss", "aud", "sub", "iat", "exp", "jti", "nonce", "email"],
            }
        )

    async def keys(self, request: Request) -> Response:
        """GET …/.well-known/oauth/openid/jwks/."""
        headers = {"cache-control": "public, max-age=3600"}
        return Response(self.id_tokens.key_set(), media_type="application/json", headers=headers)

    async def access_token(self, request: Request) -> Response:
        """GET and POST …/oauth/access_token."""
        try:
            grant = self._redeem(await of_both(request))
        except GraphError as error:
            return private(error.body(), 400)
        return await self.fault_injection.of(grant.who) or private(self.tokens(grant))

    async def debug_token(self, request: Request) -> Response:
        """GET …/debug_token: describes an access token to the app that it was issued to."""
        try:
            sent = await of_both(request)
            self._check_app_token(sent.get("access_token", "") or bearer(request))
            grant = self.grants.open(sent.get("input_token", ""), "access", "facebook")
            self._check_viewing_app(grant)
        except GraphError as error:
            return private(error.body(), 400)
        if grant is None or grant.limited:
            return private({"data": _not_valid()})
        return await self.fault_injection.of(grant.who) or private({"data": self._described(grant)})

    async def me(self, request: Request) -> Response:
        """GET …/me: the requested fields; needs the app's proof."""
        try:
            sent = await of_both(request)
            grant = self._presented(sent.get("access_token", "") or bearer(request), sent)
            found = self._fields(grant, sent.get("fields", "id,name"))
        except GraphError as error:
            return private(error.body(), 400)
        return await self.fault_injection.of(grant.who) or private(found)

    async def signed_request(self, request: Request) -> Response:
        """POST …/signed-request: what Facebook would send to our callbacks, as JSON."""
        sent = await of_form_or_json(request)
        person = find_person(*(sent.get(name, "") for name in ("person", "address", "trust")))
        if person is None:
            raise InvalidSandboxRequest("Send a person that the sandbox knows.")
        return private({"signed_request": self.sign_request(person)})

    def sign_request(self, person: Person) -> str:
        """A `signed_request` about this person's account with our app."""
        app = self.fake_provider.app
        payload = {
            "algorithm": "HMAC-SHA256",
            "issued_at": int(self.grants.clock.now().timestamp()),
            "user_id": self.subject(person, app.id),
        }
        encoded = base64url(msgspec.json.encode(payload))
        return f"{_signature(app.secret.reveal(), encoded)}.{encoded.decode()}"

    def subject(self, person: Person, app_id: str) -> str:
        """App-scoped: the same person has another number in another app."""
        return person.number(f"facebook {app_id}", _DIGITS)

    def tokens(self, grant: Grant) -> dict[str, Any]:
        """The token response of a grant, as Facebook gives it."""
        access = self.grants.seal(grant, "access", _SIXTY_DAYS)
        response: dict[str, Any] = {
            "access_token": access,
            "token_type": "bearer",
            "expires_in": int(_SIXTY_DAYS.total_seconds()),
        }
        if grant.has("openid"):
            response["id_token"] = self.id_token(grant)
        return response

    def id_token(self, grant: Grant) -> str:
        """An ID token as Limited Login gives it to an app on an iPhone; its SDK always sends a
        nonce."""
        person = grant.who
        grant = replace(grant, nonce=grant.nonce or self.id_tokens.new_id())
        claims: dict[str, Any] = {
            "sub": self.subject(person, grant.client_id),
            "jti": self.id_tokens.new_id(),
            "name": person.name,
            "given_name": person.given_name,
            "family_name": person.family_name,
        }
        if grant.has("email") and person.email:
            claims["email"] = person.email  # never with `email_verified`
        return self.id_tokens.mint(self.fake_provider, grant, claims)

    def _redeem(self, sent: Parameters) -> Grant:
        app = self.fake_provider.app
        if sent.get("client_id", "") != app.id:
            raise GraphError("Error validating application. Cannot get application info.", 101)
        if not app.proves(sent.get("client_secret", "")):
            raise GraphError("Error validating client secret.", 1)
        code = sent.get("code", "")
        grant = self.grants.open(code, "code", "facebook")
        if grant is None or grant.client_id != app.id:
            raise GraphError("Invalid verification code format.", 100)
        if sent.get("redirect_uri", "") != grant.redirect_uri:
            raise GraphError(
                "Error validating verification code. Please make sure your redirect_uri is "
                "identical to the one you used in the OAuth dialog request",
                100,
                36008,
            )
        _check_verifier(grant, sent)
        if not self.spent.spend(code, grant.expires_at, self.grants.clock.now()):
            raise GraphError("This authorization code has been used.", 100, 36009)
        return grant

    def _check_app_token(self, token: str) -> None:
        app_id, _, secret = token.partition("|")
        if app_id != self.fake_provider.app.id or not self.fake_provider.app.proves(secret):
            raise GraphError("Invalid OAuth access token signature.", 190)

    def _check_viewing_app(self, grant: Grant | None) -> None:
        if grant is not None and grant.client_id != self.fake_provider.app.id:
            raise GraphError(
                "(#100) The App_id in the input_token did not match the Viewing App", 100
            )

    def _described(self, grant: Grant) -> dict[str, Any]:
        return {
            "app_id": grant.client_id,
            "type": "USER",
            "application": "QuantiModo (sandbox)",
            "data_access_expires_at": grant.expires_at,
            "expires_at": grant.expires_at,
            "is_valid": True,
            "scopes": [name for name in _PERMISSIONS if grant.has(name)],
            "user_id": self.subject(grant.who, grant.client_id),
        }

    def _presented(self, token: str, sent: Parameters) -> Grant:
        grant = self.grants.open(token, "access", "facebook")
        if grant is None or grant.limited:
            raise GraphError("Invalid OAuth access token - Cannot parse access token", 190)
        proof = sent.get("appsecret_proof")
        if proof is None:
            raise GraphError("API calls from the server require an appsecret_proof argument", 100)
        expected = hmac_sha256(
            self.fake_provider.app.secret.reveal().encode(), token.encode()
        ).hex()
        if grant.client_id != self.fake_provider.app.id or not compare_digest(
            proof.encode(), expected.encode()
        ):
            raise GraphError("Invalid appsecret_proof provided in the API argument", 100)
        return grant

    def _fields(self, grant: Grant, requested_fields: str) -> dict[str, str]:
        person = grant.who
        known = {
            "id": self.subject(person, grant.client_id),
            "name": person.name,
            "first_name": person.given_name,
            "last_name": person.family_name,
            "email": (person.email or "") if grant.has("email") else "",
        }
        names = {"id", *(name.strip() for name in requested_fields.split(","))}
        if not names <= known.keys():
            raise GraphError("(#100) Tried accessing nonexisting field on node type (User)", 100)
        # A field that the person did not give, or does not have, is left out.
        return {name: value for name, value in known.items() if name in names and value}


def _signature(secret: str, encoded: bytes) -> str:
    return urlsafe_b64encode(hmac_sha256(secret.encode(), encoded)).decode().rstrip("=")


def _check_verifier(grant: Grant, sent: Parameters) -> None:
    try:
        # Facebook requires it with OpenID Connect, and ignores it otherwise.
        if grant.challenge is not None:
            check_verifier(grant.challenge, sent.get("code_verifier"))
    except OAuthError as fault:
        raise GraphError("Invalid code_verifier.", 100) from fault


def _not_valid() -> dict[str, Any]:
    error = {"code": 190, "message": "Invalid OAuth access token."}
    return {"error": error, "is_valid": False, "scopes": []}
