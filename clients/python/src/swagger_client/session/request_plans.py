"""What a session does, step by step, without doing it.

A plan is a generator: it yields a step, and is sent what came of it. `OAuthSession` carries steps
out on threads, `AsyncOAuthSession` on an event loop; the rules stand here once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Callable, TypeVar, Union

import httpx

from swagger_client.calls import Call, check, read
from swagger_client.configuration import USER_AGENT
from swagger_client.models import Record, TokenAnswer
from swagger_client.rest import ApiException, RESTResponse, Timeout
from swagger_client.session.application import (
    METADATA,
    Application,
    AuthorizationRequest,
    DeviceCode,
)
from swagger_client.session.errors import SignInRequired, error_of
from swagger_client.session.retries import Retries
from swagger_client.session.tokens import Token

T = TypeVar("T")


@dataclass(frozen=True)
class Send:
    """Send this; what comes of it is the answer."""

    request: httpx.Request
    timeout: Timeout


@dataclass(frozen=True)
class Pause:
    """Wait so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Obtain:
    """Get a token that is good for a while, and is not `refused`."""

    refused: str | None = None


# RFC 8628 §3.5: what it means to ask again, and how many seconds later than before.
_NOT_YET: dict[str | None, int] = {"authorization_pending": 0, "slow_down": 5}

Step = Union[Send, Pause, Obtain]
Plan = Generator[Step, Any, T]


@dataclass(frozen=True)
class Planner:
    """The rules of a session. `leeway`: seconds before its end at which a token is renewed."""

    application: Application
    retries: Retries = field(default_factory=Retries)
    leeway: float = 60.0
    timeout: Timeout = 60.0
    clock: Callable[[], float] = time.time
    chance: Callable[[], float] = random.random
    user_agent: str = USER_AGENT

    def answer(self, call: Call[Any], timeout: Timeout = None) -> Plan[RESTResponse]:
        """Carry out a call with the person's token. It ends with an answer of success.

        A token that is refused is renewed, once; what fails in passing is tried again.
        """
        token: Token = yield Obtain()
        attempt, renewed = 1, False
        while True:
            try:
                return (yield from self._send(call, token, timeout))
            except ApiException as failure:
                # RFC 6750 §3.1: a 401 did nothing yet, so even a POST may go again.
                if failure.status == 401 and not renewed:
                    token = yield Obtain(refused=token.access_token)
                    renewed = True
                    continue
                wait = self.retries.wait(
                    call, failure, attempt, now=self.clock(), chance=self.chance()
                )
                if wait is None:
                    raise
            attempt += 1
            yield Pause(wait)

    def _send(self, call: Call[Any], token: Token, timeout: Timeout) -> Plan[RESTResponse]:
        bearer = {"Authorization": f"Bearer {token.access_token}"}
        response: RESTResponse = yield self._step(call, bearer, timeout)
        check(call, response, known=(token.access_token,))
        return response

    def redeem(self, answer: str, request: AuthorizationRequest) -> Plan[Token]:
        """Tokens for the code in the address that the browser came back to."""
        code = self.application.code_of(answer, request)
        return (yield from self._tokens(self.application.redemption(code, request)))

    def application_token(self, scope: str | None) -> Plan[Token]:
        """A token for the application itself."""
        return (yield from self._tokens(self.application.own_tokens(scope)))

    def device(self, show: Callable[[DeviceCode], object]) -> Plan[Token]:
        """Tokens for a person who agrees on another device (RFC 8628); `show` tells how.

        Raises `NotOffered` where the server has no such way.
        """
        metadata: Record = yield from self._plain(METADATA, self.application.server)
        path = self.application.path_of(metadata.get("device_authorization_endpoint"))
        asked = yield from self._plain(self.application.device_request(path))
        show(asked)
        interval, deadline = asked.interval or 5, self.clock() + asked.expires_in
        while self.clock() < deadline:
            yield Pause(interval)
            try:
                call = self.application.device_redemption(asked.device_code)
                return (yield from self._tokens(call))
            except ApiException as failure:
                told = error_of(failure)
                if told == "expired_token":
                    break
                if told not in _NOT_YET and not failure.temporary:
                    raise
                interval = interval * 2 if failure.temporary else interval + _NOT_YET[told]
        raise SignInRequired(400, "Nobody agreed in time: begin again")

    def refresh(self, token: Token) -> Plan[Token]:
        """New tokens. Raises `SignInRequired` where there can be none any more."""
        if token.refresh_token is None:
            raise SignInRequired(401, "The access has ended: sign in again")
        call = self.application.refresh(token.refresh_token)
        try:
            return (yield from self._refreshed(call, token))
        except ApiException as failure:
            if error_of(failure) == "invalid_grant":
                reason = "The access has ended or was taken back: sign in again"
                known = (token.refresh_token, token.access_token)
                raise SignInRequired(
                    failure.status, reason, _answer(failure), known=known
                ) from None
            raise

    def _refreshed(self, call: Call[TokenAnswer], token: Token) -> Plan[Token]:
        try:
            return (yield from self._tokens(call, token))
        except ApiException as failure:
            if not failure.temporary:
                raise
        # v2-api.md §6: for ten seconds the same token gives the same successor again, so that a
        # lost answer signs nobody out. Once, and at once.
        return (yield from self._tokens(call, token))

    def revoke(self, token: Token) -> Plan[None]:
        """End these tokens at the server."""
        call = self.application.revocation(token.refresh_token or token.access_token)
        check(call, (yield self._step(call, {}, None)), known=self._known())

    def _plain(self, call: Call[T], host: str | None = None) -> Plan[T]:
        """Carry out a call without a token."""
        step = self._step(call, {}, None, host)
        return read(call, (yield step), known=self._known())

    def _tokens(self, call: Call[TokenAnswer], previous: Token | None = None) -> Plan[Token]:
        answer = yield from self._plain(call)
        try:
            return Token.from_answer(answer, self.clock(), previous)
        except AttributeError:
            raise ApiException(200, "The answer has no tokens") from None

    def _step(
        self, call: Call[Any], headers: dict[str, str], timeout: Timeout, host: str | None = None
    ) -> Send:
        headers = {"User-Agent": self.user_agent, **headers}
        request = call.request(host or self.application.host, headers)
        return Send(request, self.timeout if timeout is None else timeout)

    def _known(self) -> tuple[str, ...]:
        return (self.application.secret or "",)

    def is_due(self, token: Token, refused: str | None) -> bool:
        """Whether a token has to be renewed before it is used."""
        if token.access_token == refused:
            return True
        renewable = token.refresh_token is not None
        return token.expires_before(self.clock() + (self.leeway if renewable else 0.0))

    def is_of_use(self, token: Token, refused: str | None) -> bool:
        """Whether it may be used still, where it could not be renewed early."""
        return token.access_token != refused and not token.expires_before(self.clock())


def no_tokens() -> SignInRequired:
    """Nobody has signed in here."""
    return SignInRequired(401, "Nobody is signed in: sign in first")


def _answer(failure: ApiException) -> RESTResponse | None:
    if failure.headers is None or failure.status is None:
        return None
    return RESTResponse(failure.status, failure.reason or "", failure.body or "", failure.headers)
