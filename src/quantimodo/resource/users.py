"""The claims about the person: `GET /api/v1/user/me` (scope `basic`), userinfo (OpenID Connect Core
§5.3)."""

from dataclasses import dataclass

from quantimodo.http.json import PRIVATE, private_json
from quantimodo.http.messages import Request, Response
from quantimodo.ports.measurement_stores import AccessRecorder
from quantimodo.resource.bearer_authentication import BearerAuthentication, insufficient
from quantimodo.tokens.userinfo import UserInfoResponses

_JWT = ((b"content-type", b"application/jwt"), *PRIVATE)


@dataclass(frozen=True, slots=True)
class UserMe:
    bearer: BearerAuthentication
    responses: UserInfoResponses
    accesses: AccessRecorder

    async def __call__(self, request: Request) -> Response:
        token = await self.bearer.authorize(request, "basic")
        if token.user is None:
            raise insufficient(token, "basic")
        basic = await self.responses.basic(token, token.user)
        self.accesses.record_profile(token.user.id, token.client_id)
        return private_json(200, basic)


@dataclass(frozen=True, slots=True)
class UserInfo:
    bearer: BearerAuthentication
    responses: UserInfoResponses
    accesses: AccessRecorder

    async def __call__(self, request: Request) -> Response:
        token = await self.bearer.authorize(request, "openid")
        if token.user is None:
            raise insufficient(token, "openid")
        full = await self.responses.full(token, token.user)
        self.accesses.record_profile(token.user.id, token.client_id)
        if isinstance(full, str):
            return Response(200, full.encode("ascii"), _JWT)
        return private_json(200, full)
