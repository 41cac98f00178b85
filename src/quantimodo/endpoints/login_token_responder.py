"""The response of both social token endpoints: a login JWT and its person, in the envelope of
2016 (v2-api.md §4)."""

from dataclasses import dataclass
from typing import Any

from quantimodo.endpoints.envelopes import login_data, pairwise_person_data, person_data
from quantimodo.http.json import private_json
from quantimodo.http.messages import Response
from quantimodo.model.users import User
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.stores import Conflict
from quantimodo.protocol.errors import AccessDenied
from quantimodo.protocol.subjects import is_pairwise
from quantimodo.tokens.login_jwts import LIFETIME, LoginTokens, UpstreamAuthentication
from quantimodo.tokens.login_origin import LoginOrigin
from quantimodo.tokens.subjects import Subjects


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginTokenResponder:
    tokens: LoginTokens
    clients: ClientStore
    subjects: Subjects

    async def respond(
        self,
        user: User,
        authentication: UpstreamAuthentication,
        *,
        jti: str,
        origin: LoginOrigin,
        new_user: bool,
    ) -> Response:
        """A new login JWT for the applications of `origin`. Raises `AccessDenied` when the account
        was deleted."""
        person = await self._person(user, origin)
        token = self.tokens.mint(
            user, authentication, jti=jti, origin=origin, sealed=person["id"] is None
        )
        lifetime = round(LIFETIME.total_seconds())
        return private_json(200, login_data(token.reveal(), lifetime, person, new_user=new_user))

    async def _person(self, user: User, origin: LoginOrigin) -> dict[str, Any]:
        """The data of the person that every application of `origin` may receive."""
        found = [await self.clients.client(client_id) for client_id in origin.clients or ()]
        clients = [client for client in found if client is not None]
        if not any(is_pairwise(client) for client in clients):
            return person_data(user)
        if len(clients) > 1:
            return pairwise_person_data(user, None)
        try:
            return pairwise_person_data(user, await self.subjects.of(clients[0], user))
        except Conflict:
            raise AccessDenied("the account was deleted") from None
