"""What the person of a token allows its app: `GET /api/v2/consents/current`."""

from dataclasses import dataclass
from typing import Any

from quantimodo.http.json import private_json
from quantimodo.http.messages import Request, Response
from quantimodo.model.tokens import FoundAccessToken
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.grant_stores import AuthorizationStore
from quantimodo.protocol.consent_details import instant_text
from quantimodo.protocol.consents import restricted_members
from quantimodo.protocol.errors import InvalidToken
from quantimodo.protocol.scopes import format_scope
from quantimodo.resource.bearer_authentication import BearerAuthentication


@dataclass(frozen=True, slots=True)
class CurrentConsent:
    """For any valid token of a person. Shows the access of this token, and the consent behind it.
    A token of the application itself and a personal token have no consent, and get a 404."""

    bearer: BearerAuthentication
    consents: AuthorizationStore
    clients: ClientStore

    async def __call__(self, request: Request) -> Response:
        token = await self.bearer.authenticate(request)
        if token.user is None:
            body = {"error": "not_found", "error_description": "the token is the app's own"}
            return private_json(404, body)
        if token.grant_id is None:
            body = {"error": "not_found", "error_description": "the token is the person's own"}
            return private_json(404, body)
        consent = await self.consents.consent(token.user.id, token.client_id)
        client = await self.clients.client(token.client_id)
        if consent is None or client is None:
            raise InvalidToken("the access token was revoked")
        end = consent.expires_at
        return private_json(
            200,
            {
                "clientId": client.id,
                "clientName": client.name,
                **_access(token),
                "allowedSince": instant_text(consent.granted_at),
                "updatedAt": instant_text(consent.updated_at),
                "expiresAt": None if end is None else instant_text(end),
            },
        )


def _access(token: FoundAccessToken) -> dict[str, Any]:
    if token.details is None:
        return {"scope": format_scope(token.scope), "authorizationDetails": None}
    members = restricted_members(token.scope, token.details)
    return {
        "scope": members["scope"],
        "authorizationDetails": members["authorization_details"],
    }
