"""Client registration and management endpoints (RFC 7591 §3, RFC 7592 §2)."""

from dataclasses import dataclass
from typing import Any

import msgspec

from quantimodo.accounts.throttle import Throttle
from quantimodo.clients.dynamic_registration import DynamicClients
from quantimodo.http.json import PRIVATE, private_json
from quantimodo.http.messages import Request, Response
from quantimodo.model.clients import Client
from quantimodo.model.secrets import Secret
from quantimodo.protocol.discovery import REGISTER
from quantimodo.protocol.errors import InvalidClientMetadata, InvalidToken
from quantimodo.protocol.registration_json import client_information


@dataclass(frozen=True, slots=True)
class RegistrationEndpoint:
    issuer: str
    dynamic: DynamicClients
    throttle: Throttle

    async def register(self, request: Request) -> Response:
        """POST /api/v2/oauth2/register."""
        await self.throttle.count_address("registrations_per_address", request.address)
        charge = self.throttle.charge("registrations", request.address)
        new = await self.dynamic.register(_document(request), _bearer(request), charge)
        return private_json(201, self._information(new.client, new.token, new.secret))

    async def manage(self, request: Request) -> Response:
        """GET, PUT or DELETE of the address that the registration gave."""
        await self.throttle.count_address("registration_changes_per_address", request.address)
        token = _bearer(request)
        client = await self.dynamic.managed(request.tail, token)
        if token is None:
            raise InvalidToken("a registration access token is needed")
        if request.method == "DELETE":
            await self.dynamic.registry.delete(client)
            return Response(204, b"", PRIVATE)
        if request.method == "PUT":
            charge = self.throttle.charge("registrations", request.address)
            edited = await self.dynamic.replace(client, _document(request), charge)
            information = self._information(edited.client, Secret(token), edited.secret)
            return private_json(200, information)
        return private_json(200, self._information(client, Secret(token), None))

    def _information(self, client: Client, token: Secret, secret: Secret | None) -> dict[str, Any]:
        information = client_information(client)
        if secret is not None:
            information["client_secret"] = secret.reveal()
        if client.secret is not None:
            # RFC 7591 §3.2.1: 0 is "it does not expire".
            information["client_secret_expires_at"] = 0
        # RFC 7592 §3
        information["registration_access_token"] = token.reveal()
        information["registration_client_uri"] = f"{self.issuer}{REGISTER}/{client.id}"
        return information


def _document(request: Request) -> Any:
    if request.media_type() != "application/json":
        raise InvalidClientMetadata("send the metadata as application/json")
    try:
        return msgspec.json.decode(request.body)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidClientMetadata("the body is not valid JSON") from None


def _bearer(request: Request) -> str | None:
    scheme, _, token = (request.header(b"authorization") or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
