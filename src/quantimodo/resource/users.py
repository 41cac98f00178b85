"""Who the person is: `GET /api/v1/user/me` (scope `basic`), userinfo (OpenID Core §5.3)."""

from dataclasses import dataclass

from quantimodo.protocol.errors import InsufficientScope
from quantimodo.resource.guard import Guard
from quantimodo.tokens.userinfo import UserInfoAnswers
from quantimodo.wire.exchange import Request, Response
from quantimodo.wire.json import PRIVATE, private_json

_JWT = ((b"content-type", b"application/jwt"), *PRIVATE)


@dataclass(frozen=True, slots=True)
class UserMe:
    guard: Guard
    answers: UserInfoAnswers

    async def __call__(self, request: Request) -> Response:
        found = await self.guard.admit(request, "basic")
        if found.user is None:
            raise InsufficientScope("basic")
        return private_json(200, await self.answers.basic(found, found.user))


@dataclass(frozen=True, slots=True)
class UserInfo:
    guard: Guard
    answers: UserInfoAnswers

    async def __call__(self, request: Request) -> Response:
        found = await self.guard.admit(request, "openid")
        if found.user is None:
            raise InsufficientScope("openid")
        answer = await self.answers.answer(found, found.user)
        if isinstance(answer, str):
            return Response(200, answer.encode("ascii"), _JWT)
        return private_json(200, answer)
