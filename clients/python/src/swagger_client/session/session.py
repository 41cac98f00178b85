"""A signed-in person, for code with threads or without: `OAuthSession`.

Generated from `async_session.py` by scripts/generate-client-session: do not edit it.
"""

from __future__ import annotations

import time
import webbrowser
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Callable

import httpx

from swagger_client.configuration import DEFAULT_HOST, Configuration
from swagger_client.rest import RESTClientObject
from swagger_client.session.api_calls import ApiCalls
from swagger_client.session.application import Application, AuthorizationRequest, DeviceCode
from swagger_client.session.loopback import Loopback
from swagger_client.session.retries import Retries
from swagger_client.session.setup import Security, personal_access, planner_for, resources_of
from swagger_client.session.stores import MemoryStore, TokenStore
from swagger_client.session.threads import Sleep, TokenManager, receive_callback, sleep
from swagger_client.session.tokens import Token


class OAuthSession(ApiCalls):
    """One person's access, by OAuth 2 with PKCE.

    `AsyncOAuthSession` is for the tasks of one event loop, `OAuthSession` for threads; both are
    safe for concurrent calls.

    `client_id`: of the registered application. `client_secret`: only of one that runs on a server.
    `server`: such as `https://id.example.org`; by default that of `configuration`.
    `redirect_uri`: the registered address to which the browser returns.
    `scope`: space-separated. `resource`: the address of the API, or of several, that the tokens are
    for (RFC 8707); by default that of the server.
    `dpop`: bind the tokens to a key (RFC 9449), which `store` keeps with them. Needs the extra
    `quantimodo-client[dpop]`; else it raises `ImportError`.
    `par`: push authorization requests to the server (RFC 9126), so that the browser carries only
    their address. Then call `pushed_authorization_url` instead of `authorization_url`.
    `store`: stores the tokens; by default only in memory.
    `configuration`: TLS, proxy, timeout, logging; its `access_token` is not used.
    `retries`: how often and how long failed calls are repeated.
    `leeway`: seconds before its expiry at which a token is renewed.
    `insecure_http`: allow plain HTTP to a server that is not on this machine; everything that is
    sent can be read on the way.
    `transport`, `clock`, `sleep`: replacements of the connection and of the time, for tests.

    Every call first renews the tokens if they are due; concurrent calls renew them once, and
    cancelling a call does not cancel the renewal. A call that fails raises `ApiException`, or
    `SignInRequired` if the person has to sign in again.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str | None = None,
        *,
        server: str | None = None,
        redirect_uri: str | None = None,
        scope: str = "basic",
        resource: str | Sequence[str] | None = None,
        dpop: bool = False,
        par: bool = False,
        store: TokenStore | None = None,
        configuration: Configuration | None = None,
        retries: Retries | None = None,
        leeway: float = 60.0,
        insecure_http: bool = False,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Sleep = sleep,
    ) -> None:
        self.configuration = configuration or Configuration(DEFAULT_HOST)
        self._planner = planner_for(
            Application(
                client_id,
                server or self.configuration.host,
                client_secret,
                redirect_uri,
                scope,
                resources_of(resource),
            ),
            self.configuration,
            Security(dpop, par, insecure_http),
            retries=retries,
            leeway=leeway,
            clock=clock,
        )
        self._tokens = TokenManager(
            store if store is not None else MemoryStore(),
            self._planner,
            lambda token: self.run(self._planner.refresh(token)),
        )
        self._rest = RESTClientObject(self.configuration, transport)
        self._sleep = sleep
        self._request: AuthorizationRequest | None = None

    @classmethod
    def with_personal_token(
        cls,
        token: str | None = None,
        *,
        server: str | None = None,
        key: str | None = None,
        **options: Any,
    ) -> OAuthSession:
        """A session with a personal token, which the person made in the account, without a sign-in.

        `token`: by default that of the environment variable `QM_TOKEN`; `server`: by default that
        of `QM_SERVER`; `key`: of a token that is bound to a key, the private JWK, by default that
        in the file `QM_TOKEN_KEY`, which needs the extra `dpop`. `options`: `configuration`,
        `retries` and others of the constructor. Raises `ValueError` without a token, or for a key
        that is none. A token that has expired or was revoked raises `SignInRequired` at the next
        call; it is not renewed.
        """
        found, server = personal_access(token, server, key)
        return cls("", server=server, store=MemoryStore(found), **options)

    @property
    def application(self) -> Application:
        """The application, and the server that it uses."""
        return self._planner.application

    def authorization_url(
        self, *, state: str | None = None, redirect_uri: str | None = None, **more: str | None
    ) -> AuthorizationRequest:
        """A new request; the person opens its `url`. `more`: `prompt="login"`, `nonce`, and so on.

        The session remembers the latest request. If another process receives the callback, store
        the request and pass it to `fetch_token` there.
        """
        self._request = self._planner.authorization_request(state, redirect_uri, **more)
        return self._request

    def pushed_authorization_url(
        self, *, state: str | None = None, redirect_uri: str | None = None, **more: str | None
    ) -> AuthorizationRequest:
        """As `authorization_url`, but the request is pushed to the server first (RFC 9126).

        The person has to open its `url` soon: by default within 90 seconds.
        """
        plan = self._planner.pushed_request(state, redirect_uri, **more)
        self._request = self.run(plan)
        return self._request

    def fetch_token(
        self, authorization_response: str, request: AuthorizationRequest | None = None
    ) -> Token:
        """Exchange the address to which the browser returned for tokens, and store them.

        Raises `AuthorizationRefused` if the person declined, `InvalidAuthorizationResponse` if
        the address does not belong to the request, and `ApiException` if the server refuses the
        code.
        """
        request = request or self._request
        if request is None:
            raise ValueError("there is no authorization request: call authorization_url first")
        token = self.run(self._planner.exchange_code(authorization_response, request))
        self._request = None
        return self.store_token(token)

    def sign_in(
        self,
        *,
        port: int = 0,
        wait: float = 300.0,
        show: Callable[[str], object] = print,
        open_browser: Callable[[str], object] = webbrowser.open,
    ) -> Token:
        """Sign in with the browser of this machine (RFC 8252), for scripts and notebooks.

        The application has to be registered with `http://127.0.0.1/callback`. `show` receives the
        address, in case that no browser opens. Raises `TimeoutError` after `wait` seconds, and the
        errors of `fetch_token`.
        """
        with Loopback(port) as loopback:
            if self._planner.par:
                request = self.pushed_authorization_url(redirect_uri=loopback.redirect_uri)
            else:
                request = self.authorization_url(redirect_uri=loopback.redirect_uri)

            def begin() -> None:
                show(request.url)
                open_browser(request.url)

            receive_callback(
                loopback, begin, lambda address: self.fetch_token(address, request), wait
            )
        return self._tokens.obtain(None)

    def fetch_application_token(self, scope: str | None = None) -> Token:
        """Get a token for the application itself, with its secret, and store it.

        It cannot be renewed: after it has expired (`SignInRequired`), fetch another one.
        """
        return self.store_token(self.run(self._planner.application_token(scope)))

    def fetch_device_token(self, show: Callable[[DeviceCode], object]) -> Token:
        """Sign in with another device (RFC 8628), and store the tokens.

        It waits until the person agrees. `show` receives the code that the person has to enter,
        and the address of the page. Raises `UnsupportedGrantType` if the server does not support
        this grant type, and `ApiException` if the person declines.
        """
        return self.store_token(self.run(self._planner.device_token(show)))

    def refresh(self) -> Token:
        """Renew the tokens now, even if they are not due."""
        current = self._tokens.current()
        return self._tokens.obtain(None if current is None else current.access_token)

    def sign_out(self) -> None:
        """Delete the tokens here, and revoke them at the server.

        They are deleted even if the server cannot be reached; then it raises `ApiException`. A
        personal token is not revoked: the person does that in the account.
        """
        token = self._tokens.discard()
        if token is not None and self.application.id:
            self.run(self._planner.revoke(token))

    def store_token(self, token: Token) -> Token:
        """Use and store these tokens from now on."""
        return self._tokens.save(token)

    def close(self) -> None:
        """Close all connections. The stored tokens remain."""
        self._rest.close()

    def __enter__(self) -> OAuthSession:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
