"""The Grant Management API (Grant Management §6): an application queries and revokes the grants
that it manages, with its own token."""

from dataclasses import dataclass

from quantimodo.crypto.tokens import moment_of_grant
from quantimodo.http.json import PRIVATE, private_json
from quantimodo.http.messages import Request, Response
from quantimodo.ports.clock import Clock
from quantimodo.ports.grant_stores import AuthorizationStore
from quantimodo.protocol.grant_management import QUERY, REVOKE, describe_grant
from quantimodo.resource.bearer_authentication import BearerAuthentication

_UNKNOWN = {"error": "not_found", "error_description": "the app manages no such grant"}


@dataclass(frozen=True, slots=True)
class GrantManagement:
    """`GET` and `DELETE /api/v2/oauth2/grants/{grant_id}`. A grant of another application does not
    exist for this one."""

    bearer: BearerAuthentication
    grants: AuthorizationStore
    clock: Clock

    async def __call__(self, request: Request) -> Response:
        if request.method == "DELETE":
            return await self._revoke(request)
        token = await self.bearer.authorize_application(request, QUERY)
        stored = await self.grants.managed_grant(request.tail)
        if stored is None or stored.revoked_at is not None:
            return private_json(404, _UNKNOWN)
        grant = stored.grant
        if grant.client_id != token.client_id or grant.expires_at <= self.clock.now():
            return private_json(404, _UNKNOWN)
        updated = int(grant.created_at.timestamp())
        return private_json(
            200,
            {
                **describe_grant(grant),
                "created_at": moment_of_grant(request.tail),
                # Grant Management §6.4 has one name in its text and the other one in its example.
                "last_updated": updated,
                "last_updated_at": updated,
                "expires_at": int(grant.expires_at.timestamp()),
            },
        )

    async def _revoke(self, request: Request) -> Response:
        token = await self.bearer.authorize_application(request, REVOKE)
        now = self.clock.now()
        if not await self.grants.revoke_managed_grant(request.tail, token.client_id, now):
            return private_json(404, _UNKNOWN)
        return Response(204, b"", PRIVATE)
