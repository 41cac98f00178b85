"""The steps of each request of a session, without input and output.

A plan is a generator: it yields a step, and receives its outcome. `OAuthSession` executes steps
on threads, `AsyncOAuthSession` on an event loop; the rules are here once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Generator, Mapping
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
from swagger_client.session.dpop import Proofs, new_key
from swagger_client.session.errors import SignInRequired, error_of
from swagger_client.session.retries import Retries
from swagger_client.session.tokens import Token

T = TypeVar("T")


@dataclass(frozen=True)
class Send:
    """Send this request; the outcome is the response."""

    request: httpx.Request
    timeout: Timeout


@dataclass(frozen=True)
class Pause:
    """Wait so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Obtain:
    """Get a valid token that is not `refused`."""

    refused: str | None = None


# RFC 8628 §3.5: the errors that allow another poll, and the seconds to add to the interval.
_PENDING_ERRORS: dict[str | None, int] = {"authorization_pending": 0, "slow_down": 5}

Step = Union[Send, Pause, Obtain]
Plan = Generator[Step, Any, T]


@dataclass(frozen=True)
class Planner:
    """The rules of a session. `leeway`: seconds before its end at which a token is renewed.
    `dpop`: bind tokens to a key. `par`: push authorization requests."""

    application: Application
    retries: Retries = field(default_factory=Retries)
    leeway: float = 60.0
    timeout: Timeout = 60.0
    clock: Callable[[], float] = time.time
    jitter: Callable[[], float] = random.random
    user_agent: str = USER_AGENT
    dpop: bool = False
    par: bool = False
    proofs: Proofs = field(default_factory=Proofs)

    def authorization_request(
        self, state: str | None, redirect_uri: str | None, **more: str | None
    ) -> AuthorizationRequest:
        """A new request that the browser carries. Raises `ValueError` for a session that pushes
        its requests."""
        if self.par:
            raise ValueError("this session pushes its requests: call pushed_authorization_url")
        return self._new_request(state, redirect_uri, more)

    def pushed_request(
        self, state: str | None, redirect_uri: str | None, **more: str | None
    ) -> Plan[AuthorizationRequest]:
        """A new request that is pushed to the server (RFC 9126)."""
        request = self._new_request(state, redirect_uri, more)
        call = self.application.pushed_request(request)
        pushed = yield from self._unauthenticated(call, key=request.dpop_key)
        return self.application.by_reference(request, pushed)

    def _new_request(
        self, state: str | None, redirect_uri: str | None, more: Mapping[str, str | None]
    ) -> AuthorizationRequest:
        key = self._new_key()
        return self.application.authorization_request(state, redirect_uri, key, **more)

    def _new_key(self) -> str | None:
        return new_key() if self.dpop else None

    def api_request(self, call: Call[Any], timeout: Timeout = None) -> Plan[RESTResponse]:
        """Send a call with the person's token, and return the successful response.

        A refused token is renewed once; temporary failures are retried.
        """
        token: Token = yield Obtain()
        attempt, renewed = 1, False
        while True:
            try:
                return (yield from self._send(call, token, timeout))
            except ApiException as failure:
                # RFC 6750 §3.1: a request with a 401 had no effect, so even a POST is sent again.
                if failure.status == 401 and not renewed:
                    token = yield Obtain(refused=token.access_token)
                    renewed = True
                    continue
                wait = self.retries.wait(
                    call, failure, attempt, now=self.clock(), jitter=self.jitter()
                )
                if wait is None:
                    raise
            attempt += 1
            yield Pause(wait)

    def _send(self, call: Call[Any], token: Token, timeout: Timeout) -> Plan[RESTResponse]:
        response = yield from self._carry_out(call, timeout, token=token, key=token.dpop_key)
        check(call, response, known=(token.access_token,))
        return response

    def exchange_code(
        self, authorization_response: str, request: AuthorizationRequest
    ) -> Plan[Token]:
        """Exchange the code in an authorization response for tokens."""
        code = self.application.code_from(authorization_response, request)
        call = self.application.token_request(code, request)
        return (yield from self._tokens(call, key=request.dpop_key))

    def application_token(self, scope: str | None) -> Plan[Token]:
        """A token for the application itself."""
        call = self.application.client_credentials_request(scope)
        return (yield from self._tokens(call, key=self._new_key()))

    def device_token(self, show: Callable[[DeviceCode], object]) -> Plan[Token]:
        """Tokens for a person who agrees on another device (RFC 8628); `show` receives the code.
        Raises `UnsupportedGrantType` if the server does not support it.
        """
        metadata: Record = yield from self._unauthenticated(METADATA, self.application.server)
        path = self.application.path_of(metadata.get("device_authorization_endpoint"))
        key = self._new_key()
        device_code = yield from self._unauthenticated(
            self.application.device_authorization_request(path), key=key
        )
        show(device_code)
        interval, deadline = device_code.interval or 5, self.clock() + device_code.expires_in
        while self.clock() < deadline:
            yield Pause(interval)
            try:
                call = self.application.device_token_request(device_code.device_code)
                return (yield from self._tokens(call, key=key))
            except ApiException as failure:
                error = error_of(failure)
                if error == "expired_token":
                    break
                if error not in _PENDING_ERRORS and not failure.temporary:
                    raise
                interval = interval * 2 if failure.temporary else interval + _PENDING_ERRORS[error]
        raise SignInRequired(400, "The sign-in was not approved in time: start again")

    def refresh(self, token: Token) -> Plan[Token]:
        """New tokens. Raises `SignInRequired` if the server gives none for this token any more."""
        if not self.application.id:
            raise SignInRequired(401, "The personal token has expired or was revoked")
        if token.refresh_token is None:
            raise SignInRequired(401, "The access has expired: sign in again")
        call = self.application.refresh_request(token.refresh_token)
        try:
            return (yield from self._refreshed(call, token))
        except ApiException as failure:
            if error_of(failure) == "invalid_grant":
                reason = "The access has expired or was revoked: sign in again"
                known = (token.refresh_token, token.access_token)
                raise SignInRequired(
                    failure.status, reason, _response_of(failure), known=known
                ) from None
            raise

    def _refreshed(self, call: Call[TokenAnswer], token: Token) -> Plan[Token]:
        key = token.dpop_key
        try:
            return (yield from self._tokens(call, token, key))
        except ApiException as failure:
            if not failure.temporary:
                raise
        # v2-api.md §6: for ten seconds the same token gives the same successor again, so that a
        # lost response does not sign the person out. One retry, without a wait.
        return (yield from self._tokens(call, token, key))

    def revoke(self, token: Token) -> Plan[None]:
        """End these tokens at the server."""
        call = self.application.revocation_request(token.refresh_token or token.access_token)
        check(call, (yield self._step(call, None)), known=self._known())

    def _unauthenticated(
        self, call: Call[T], host: str | None = None, key: str | None = None
    ) -> Plan[T]:
        """Carry out a call without a token. `key`: of the proof in it, None for no proof."""
        response = yield from self._carry_out(call, host=host, key=key)
        return read(call, response, known=self._known())

    def _tokens(
        self, call: Call[TokenAnswer], previous: Token | None = None, key: str | None = None
    ) -> Plan[Token]:
        response = yield from self._unauthenticated(call, key=key)
        try:
            token = Token.from_response(response, self.clock(), previous, key)
        except AttributeError:
            raise ApiException(200, "The response has no tokens") from None
        # RFC 9449 §5: tokens that the server did not bind are not used.
        if key is not None and token.token_type.lower() != "dpop":
            raise ApiException(200, "The server does not bind its tokens to a key")
        return token

    def _carry_out(
        self,
        call: Call[Any],
        timeout: Timeout = None,
        *,
        host: str | None = None,
        token: Token | None = None,
        key: str | None = None,
    ) -> Plan[RESTResponse]:
        """Send a call. A request without the nonce that the server requires had no effect: it is
        sent again with it, once (RFC 9449 §8)."""
        response: RESTResponse = yield self._step(call, timeout, host, token, key)
        if key is not None and self.proofs.needs_nonce(response):
            response = yield self._step(call, timeout, host, token, key)
            self.proofs.needs_nonce(response)
        return response

    def _step(
        self,
        call: Call[Any],
        timeout: Timeout,
        host: str | None = None,
        token: Token | None = None,
        key: str | None = None,
    ) -> Send:
        headers, access_token = {"User-Agent": self.user_agent}, None
        if token is not None:
            access_token = token.access_token
            scheme = "Bearer" if token.dpop_key is None else "DPoP"
            headers["Authorization"] = f"{scheme} {access_token}"
        request = call.request(host or self.application.host, headers)
        if key is not None:
            request.headers.update(self.proofs.header(request, key, access_token, self.clock()))
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
        """Whether a token that could not be renewed early is still valid."""
        return token.access_token != refused and not token.expires_before(self.clock())


def no_tokens() -> SignInRequired:
    """The error for a session without tokens."""
    return SignInRequired(401, "You are not signed in: sign in first")


def _response_of(failure: ApiException) -> RESTResponse | None:
    if failure.headers is None or failure.status is None:
        return None
    return RESTResponse(failure.status, failure.reason or "", failure.body or "", failure.headers)
