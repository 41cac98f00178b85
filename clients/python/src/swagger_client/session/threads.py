"""What `OAuthSession` does differently from `AsyncOAuthSession`: threads and a lock.

`event_loop` has the same names for tasks of an event loop.
"""

from __future__ import annotations

import threading
import time
from typing import Any, Callable

from swagger_client.api_client import ApiClient
from swagger_client.calls import Call
from swagger_client.configuration import Configuration
from swagger_client.rest import ApiException, RESTClientObject, RESTResponse, Timeout
from swagger_client.session.errors import SignInRequired
from swagger_client.session.loopback import Loopback
from swagger_client.session.request_plans import Planner, Send, no_tokens
from swagger_client.session.stores import TokenStore
from swagger_client.session.tokens import Token

Sender = Callable[[Send], RESTResponse]
Sleep = Callable[[float], object]

sleep: Sleep = time.sleep


class TokenManager:
    """Loads, stores and renews the tokens of one session. One thread at a time renews them."""

    def __init__(
        self, store: TokenStore, planner: Planner, refresh: Callable[[Token], Token]
    ) -> None:
        self._store = store
        self._planner = planner
        self._refresh = refresh
        self._lock = threading.Lock()
        self._token: Token | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that no error message may show, even if the server repeats them."""
        return () if self._token is None else (self._token.access_token,)

    def current(self) -> Token | None:
        """The tokens in use, or None."""
        if self._token is None:
            self._token = self._store.load()
        return self._token

    def save(self, token: Token) -> Token:
        """Use these tokens from now on, and store them."""
        with self._lock:
            return self._save(token)

    def discard(self) -> Token | None:
        """Delete the tokens, and return them. Waits for a renewal that is in progress."""
        with self._lock:
            token = self._store.load() or self._token
            self._token = None
            self._store.clear()
        return token

    def obtain(self, refused: str | None) -> Token:
        """A valid token that is not `refused`; renewed if necessary. Raises `SignInRequired`."""
        token = self.current()
        if token is not None and not self._planner.is_due(token, refused):
            return token
        with self._lock:
            return self._renew(refused)

    def _renew(self, refused: str | None) -> Token:
        # Another thread, or a process with the same store, may have renewed them.
        self._token = token = self._store.load()
        if token is None:
            raise no_tokens()
        if not self._planner.is_due(token, refused):
            return token
        try:
            renewed = self._refresh(token)
        except SignInRequired:
            self._token = None
            self._store.clear()
            raise
        except ApiException:
            if self._planner.is_of_use(token, refused):
                return token
            raise
        return self._save(renewed)

    def _save(self, token: Token) -> Token:
        self._token = token
        self._store.save(token)
        return token


class ThreadedSession:
    """Base of `OAuthSession`: the methods that differ from `AsyncOAuthSession` in their kind."""

    configuration: Configuration
    _planner: Planner
    _rest: RESTClientObject
    _tokens: TokenManager

    @property
    def token(self) -> Token | None:
        """The tokens in use, or None if no person is signed in."""
        return self._tokens.current()

    def api_client(self) -> ApiClient:
        """This session for the API classes: `MeasurementsApi(session.api_client())`."""
        return SessionClient(self)

    def request(self, call: Call[Any], timeout: Timeout = None) -> RESTResponse:
        """The successful response to any call, with the person's token."""
        raise NotImplementedError


class SessionClient(ApiClient):
    """An `ApiClient` that sends its calls through a session, which adds and renews the token."""

    def __init__(self, session: ThreadedSession) -> None:
        super().__init__(session._planner.application.host, configuration=session.configuration)
        self._session = session
        self.rest_client = session._rest

    def _exchange(self, call: Call[Any], timeout: Timeout) -> RESTResponse:
        if call.bearer:  # the call has its own token
            return super()._exchange(call, timeout)
        return self._session.request(call, timeout)


def receive_callback(
    loopback: Loopback,
    begin: Callable[[], object],
    accept: Callable[[str], object],
    seconds: float,
) -> None:
    """`Loopback.wait`."""
    loopback.wait(begin, accept, seconds)
