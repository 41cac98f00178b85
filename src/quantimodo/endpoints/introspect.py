"""Token introspection (RFC 7662), as JSON or as a signed JWT (RFC 9701)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from quantimodo.clients.authentication import ClientAuthentication
from quantimodo.crypto.tokens import Kind, key_of
from quantimodo.endpoints.body_parameters import body_form
from quantimodo.http.accept import quality
from quantimodo.http.json import PRIVATE, private_json
from quantimodo.http.messages import Request, Response
from quantimodo.model.clients import Client
from quantimodo.model.tokens import FoundAccessToken
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.grant_stores import TokenReader
from quantimodo.ports.resource_store import ResourceStore
from quantimodo.protocol.claims_request import acr_of
from quantimodo.protocol.client_auth import PARAMETERS as OF_CLIENTS
from quantimodo.protocol.consent_details import from_json, json_objects
from quantimodo.protocol.consents import restricted_members
from quantimodo.protocol.constants import INTROSPECTION_TYPE
from quantimodo.protocol.errors import InvalidClient
from quantimodo.protocol.resources import audience_of, plain_names
from quantimodo.protocol.scopes import format_scope
from quantimodo.protocol.security_profiles import profile_of
from quantimodo.protocol.token_exchange import actor_claim, stored_chain
from quantimodo.tokens.access_tokens import AccessTokens
from quantimodo.tokens.policy import TokenPolicy, seconds_until
from quantimodo.tokens.signed_introspection import IntrospectionSigner
from quantimodo.tokens.subjects import Subjects

_INACTIVE: dict[str, Any] = {"active": False}

_MEDIA_TYPE: Final = f"application/{INTROSPECTION_TYPE}"
_NAME: Final = _MEDIA_TYPE.encode("ascii")
_JWT: Final = ((b"content-type", _NAME), *PRIVATE)

_PARAMETERS = OF_CLIENTS | {"token"}


@dataclass(frozen=True, slots=True)
class Introspection:
    """Describes to a client its own tokens for our API, a resource server about all of these, and
    the clients of a registered API about its tokens."""

    registered: ClientStore
    tokens: TokenReader
    access: AccessTokens
    resources: ResourceStore
    subjects: Subjects
    policy: TokenPolicy
    clock: Clock

    async def describe(self, raw: str, client: Client) -> dict[str, Any]:
        """The members of the response to this client (RFC 7662 §2.2)."""
        if key := key_of(Kind.REFRESH, raw):
            return await self._refresh_token(key, client)
        token = await self.access.find_any(raw)
        # security.md §9, RFC 7662 §2.2: the response for tokens of other clients is "not active".
        if token is None or not await self._may_introspect(client, token):
            return _INACTIVE
        return self._describe(token, await self._subject(token))

    async def _may_introspect(self, client: Client, token: FoundAccessToken) -> bool:
        audience = audience_of(token.scope)
        if audience is None:
            return token.client_id == client.id or client.resource_server
        # RFC 7662 §4: only by the API that the token is for.
        resource = await self.resources.resource(audience.identifier)
        if resource is None or resource.id != audience.id:
            return False
        return client.id in resource.introspected_by

    async def _subject(self, token: FoundAccessToken) -> str:
        if token.user is None:
            return token.client_id
        # OpenID Connect Core §8: a pairwise app's token has the pairwise subject here, for any
        # caller. The same as in a JWT access token. The same holds for a token that was exchanged:
        # the exchange reveals no other subject.
        registered = token.granted_to or token.client_id
        client = await self.registered.client(registered) if token.special else None
        return token.user.subject if client is None else await self.subjects.of(client, token.user)

    def _describe(self, token: FoundAccessToken, subject: str) -> dict[str, Any]:
        audience = audience_of(token.scope)
        bound_to = token.confirmation
        response: dict[str, Any] = {
            "active": True,
            "scope": format_scope(plain_names(token.scope)),
            "client_id": token.client_id,
            "token_type": "Bearer" if bound_to is None else bound_to.token_type,
            "exp": int(token.expires_at.timestamp()),
            "iat": int(token.issued_at.timestamp()),
            "sub": subject,
            "aud": self.policy.audience if audience is None else audience.identifier,
            "iss": self.policy.issuer,
        }
        if token.jti is not None:
            response["jti"] = token.jti
        if token.authenticated_at is not None:
            response |= _sign_in(token, token.authenticated_at)
        if bound_to is not None:
            response |= bound_to.claims()  # RFC 9449 §6.2, RFC 8705 §3.2
        if token.granted_to is not None:
            chain = stored_chain(token.actors, token.client_id, token.granted_to)
            response |= actor_claim(chain)
            if token.details is not None:
                response["authorization_details"] = json_objects(from_json(token.details))
        elif token.details is not None and audience is None:
            response |= restricted_members(token.scope, token.details)
        return response

    async def _refresh_token(self, key: bytes, client: Client) -> dict[str, Any]:
        found, now = await self.tokens.refresh_token(key), self.clock.now()
        if (
            found is None
            or found.grant.client_id != client.id
            or found.revoked
            or found.spent_at is not None
            or (end := min(found.token.expires_at, found.grant.expires_at)) <= now
        ):
            return _INACTIVE
        response: dict[str, Any] = {
            "active": True,
            "scope": format_scope(plain_names(found.grant.scope)),
            "client_id": client.id,
            "exp": int(end.timestamp()),
            "iat": int(found.token.issued_at.timestamp()),
            "sub": await self.subjects.of(client, found.user),
            "iss": self.policy.issuer,
            # Refresh Token Expiration §7
            "refresh_token_timeout": seconds_until(end, now),
            "authorization_expires_in": seconds_until(found.grant.expires_at, now),
        }
        if found.token.confirmation is not None:
            response |= found.token.confirmation.claims()
        if found.grant.details is not None:
            response |= restricted_members(found.grant.scope, found.grant.details)
        return response


@dataclass(frozen=True, slots=True)
class IntrospectionEndpoint:
    clients: ClientAuthentication
    introspection: Introspection
    signer: IntrospectionSigner

    async def __call__(self, request: Request) -> Response:
        form = body_form(request, _PARAMETERS)
        client = await self.clients.authenticate(request, form)
        # RFC 7662 §2.1: the endpoint MUST be protected; a public client proves nothing.
        if client.public:
            raise InvalidClient(
                "a public client cannot introspect tokens", refusal="public_client_not_allowed"
            )
        described = await self.introspection.describe(form.required("token"), client)
        # FAPI 2.0 Message Signing §5.5.1
        if not (profile_of(client).signed_introspection or _wants_jwt(request)):
            return private_json(200, described)
        text = await self.signer.sign(client, described)
        return Response(200, text.encode("ascii"), _JWT)


def _sign_in(token: FoundAccessToken, at: datetime) -> dict[str, Any]:
    """RFC 9470 §6.2: when and how the person signed in."""
    stored = token.claims_request.acr if token.claims_request is not None else None
    return {"auth_time": int(at.timestamp()), "acr": acr_of(stored, token.methods)}


def _wants_jwt(request: Request) -> bool:
    """RFC 9701 §4: whether the caller accepts a JWT by name, and no less than JSON."""
    lines = [value for name, value in request.headers if name == b"accept"]
    if not any(_NAME in line.lower() for line in lines):
        return False  # of most callers
    texts = [line.decode("latin-1") for line in lines]
    return 0 < quality(texts, _MEDIA_TYPE) >= quality(texts, "application/json")
