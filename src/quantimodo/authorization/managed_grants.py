"""The grants that authorization requests merge or replace (Grant Management §5)."""

from dataclasses import dataclass, replace

from quantimodo.model.consent_details import explicit, union
from quantimodo.model.tokens import Grant
from quantimodo.model.users import User
from quantimodo.ports.clock import Clock
from quantimodo.ports.grant_stores import AuthorizationStore
from quantimodo.protocol.authorization import AuthorizationRequest
from quantimodo.protocol.consent_details import from_json_or_none
from quantimodo.protocol.errors import InvalidGrantId
from quantimodo.protocol.grant_management import GrantAction
from quantimodo.protocol.scopes import effective, health_actions

_REFUSED = "grant_id is unknown, has ended, or is of another app or person"


@dataclass(frozen=True, slots=True)
class ManagedGrants:
    store: AuthorizationStore
    clock: Clock

    async def named(self, request: AuthorizationRequest, user: User | None) -> AuthorizationRequest:
        """The request with the grant that it names; itself if it names none. One that merges
        requests all that the grant allows as well. `user`: the person, if known. Raises
        `InvalidGrantId`, the same for every cause."""
        action = request.grant_action
        if action is None or action.grant_id is None:
            return request
        found = await self.store.managed_grant(action.grant_id)
        if (
            found is None
            or found.revoked_at is not None
            or found.grant.client_id != request.client.id
            or found.grant.expires_at <= self.clock.now()
            or (user is not None and found.grant.user_id != user.id)
        ):
            raise InvalidGrantId(_REFUSED)
        return _with(request, action._replace(before=found.grant), found.grant)


def _with(
    request: AuthorizationRequest, action: GrantAction, before: Grant
) -> AuthorizationRequest:
    if action.kind == "replace":
        return replace(request, grant_action=action)
    kept = explicit(from_json_or_none(before.details), health_actions(before.scope))
    added = explicit(request.details, health_actions(request.scope))
    scope, details = effective(before.scope | request.scope, union(kept, added))
    claims, named = request.claims, before.claims_request
    if named is not None:
        claims = replace(
            claims,
            id_token=claims.id_token | named.id_token,
            userinfo=claims.userinfo | named.userinfo,
        )
    return replace(request, grant_action=action, scope=scope, details=details, claims=claims)
