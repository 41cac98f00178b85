"""A signed-in person, for code with threads or none: `OAuthSession`.

Carries out plans: sends, waits, renews tokens one thread at a time. The rules are in `plans`.
"""

from __future__ import annotations

import threading
import time
import webbrowser
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, TypeVar

import httpx

from swagger_client import resources
from swagger_client.api_client import ApiClient
from swagger_client.calls import Call, Parameter, read
from swagger_client.configuration import DEFAULT_HOST, Configuration
from swagger_client.models import Measurement, Unit, UnitCategory, User, Variable, VariableCategory
from swagger_client.records import Record
from swagger_client.resources import MeasurementFilters, Sets
from swagger_client.rest import ApiException, Headers, RESTClientObject, RESTResponse, Timeout
from swagger_client.session.application import Application, AuthorizationRequest, DeviceCode
from swagger_client.session.errors import SignInRequired
from swagger_client.session.loopback import Loopback
from swagger_client.session.pages import PAGE, Listing, Measurements, page_of
from swagger_client.session.request_plans import Pause, Plan, Send, Step, no_tokens
from swagger_client.session.retries import Retries
from swagger_client.session.setup import planner_for
from swagger_client.session.stores import MemoryStore, TokenStore
from swagger_client.session.tokens import Token

if TYPE_CHECKING:
    from typing_extensions import Unpack

T = TypeVar("T")


class OAuthSession:
    """One person's access, by OAuth 2 with PKCE. Safe to use from several threads.

    `client_id`: of the registered application. `client_secret`: only of one that runs on a server.
    `server`: such as `https://id.example.org`; by default that of `configuration`.
    `redirect_uri`: where the browser comes back to; as registered. `scope`: separated by spaces.
    `store`: where tokens are kept; by default only in memory.
    `configuration`: TLS, proxy, timeout, logging; its `access_token` is not used.
    `retries`: how patient it is. `leeway`: seconds before its end that a token is renewed.
    `insecure_http`: also to a server elsewhere that has no https; whoever is on the way reads all.
    `transport`, `clock`, `sleep`: another way to the server, another time, for tests.

    Every call renews the tokens first when they are due; ten threads renew them once. A call that
    fails raises `ApiException`; where only the person can help, `SignInRequired`.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str | None = None,
        *,
        server: str | None = None,
        redirect_uri: str | None = None,
        scope: str = "basic",
        store: TokenStore | None = None,
        configuration: Configuration | None = None,
        retries: Retries | None = None,
        leeway: float = 60.0,
        insecure_http: bool = False,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.configuration = configuration or Configuration(DEFAULT_HOST)
        self._planner = planner_for(
            Application(
                client_id, server or self.configuration.host, client_secret, redirect_uri, scope
            ),
            self.configuration,
            retries=retries,
            leeway=leeway,
            insecure_http=insecure_http,
            clock=clock,
        )
        self._store: TokenStore = store if store is not None else MemoryStore()
        self._rest = RESTClientObject(self.configuration, transport)
        self._sleep = sleep
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._asked: AuthorizationRequest | None = None

    # ------------------------------------------------------------------ signing in and out

    @property
    def application(self) -> Application:
        """Who asks, and whom."""
        return self._planner.application

    @property
    def token(self) -> Token | None:
        """The tokens in use, or None if nobody is signed in."""
        return self._held()

    def authorization_url(
        self, *, state: str | None = None, redirect_uri: str | None = None, **more: str | None
    ) -> AuthorizationRequest:
        """A new request; the person opens its `url`. `more`: `prompt="login"`, `nonce`, and so on.

        The session remembers the latest one. Where another process gets the answer, keep the
        request, and give it to `fetch_token` there.
        """
        self._asked = self.application.authorization_request(state, redirect_uri, **more)
        return self._asked

    def fetch_token(self, answer: str, request: AuthorizationRequest | None = None) -> Token:
        """Tokens for the address to which the browser came back. They are kept.

        Raises `AuthorizationRefused` when the person said no, `ForeignAnswer` when the address
        does not answer the request, and `ApiException` when the server refuses the code.
        """
        asked = request or self._asked
        if asked is None:
            raise ValueError("there is no request to answer: call authorization_url first")
        token = self.run(self._planner.redeem(answer, asked))
        self._asked = None
        return self.keep(token)

    def sign_in(
        self,
        *,
        port: int = 0,
        wait: float = 300.0,
        show: Callable[[str], object] = print,
        open_browser: Callable[[str], object] = webbrowser.open,
    ) -> Token:
        """Sign in by the browser of this machine (RFC 8252), for scripts and notebooks.

        The application has to be registered with `http://127.0.0.1/callback`. `show` is told the
        address, for when no browser opens. Raises `TimeoutError` after `wait` seconds, and what
        `fetch_token` does.
        """
        with Loopback(port) as loopback:
            request = self.authorization_url(redirect_uri=loopback.redirect_uri)

            def begin() -> None:
                show(request.url)
                open_browser(request.url)

            loopback.wait(begin, lambda address: self.fetch_token(address, request), wait)
        return self._obtain(None)

    def fetch_application_token(self, scope: str | None = None) -> Token:
        """A token for the application itself, by its secret. It is kept.

        It cannot be renewed: when it has ended (`SignInRequired`), fetch another.
        """
        return self.keep(self.run(self._planner.application_token(scope)))

    def fetch_device_token(self, show: Callable[[DeviceCode], object]) -> Token:
        """Tokens by another device (RFC 8628). They are kept. It waits until the person agrees.

        `show` is told what the person has to type, and where. Raises `NotOffered` where the
        server has no such way, `ApiException` when the person says no.
        """
        return self.keep(self.run(self._planner.device(show)))

    def refresh(self) -> Token:
        """New tokens now, whether they are due or not."""
        held = self._held()
        return self._obtain(None if held is None else held.access_token)

    def sign_out(self) -> None:
        """Forget the tokens, and end them at the server.

        They are forgotten even if the server cannot be told: then `ApiException` says why.
        """
        with self._lock:
            token = self._store.load() or self._token
            self._token = None
            self._store.clear()
        if token is not None:
            self.run(self._planner.revoke(token))

    def keep(self, token: Token) -> Token:
        """Use these tokens from now on."""
        with self._lock:
            self._token = token
            self._store.save(token)
        return token

    # ------------------------------------------------------------------ what one signs in for

    def me(self) -> User:
        """Who signed in. Scope: `basic`."""
        return self.carry_out(resources.me())

    def measurements(
        self,
        limit: int | None = None,
        page_size: int = PAGE,
        **filters: Unpack[MeasurementFilters],
    ) -> Measurements:
        """Measurements, read page by page as they are iterated; all, or `limit` of them.

        Scope: `readmeasurements`. `filters`: see `swagger_client.resources.MeasurementFilters`.
        """
        call = resources.measurements(page_of(filters, page_size, limit))
        return Measurements(call, self._page, limit)

    def application_measurements(
        self,
        limit: int | None = None,
        page_size: int = PAGE,
        **filters: Unpack[MeasurementFilters],
    ) -> Measurements:
        """Those of everybody who lets this application read them: after `fetch_application_token`.

        Scope: `readmeasurements`, of the application and of each person.
        """
        call = resources.measurements_of_application(page_of(filters, page_size, limit))
        return Measurements(call, self._page, limit)

    def measurements_csv(self, **filters: Unpack[MeasurementFilters]) -> Iterator[bytes]:
        """Measurements as a CSV file, in pieces as they come. Scope: `readmeasurements`."""
        with self.stream(resources.measurements_csv(filters)) as pieces:
            yield from pieces

    def measurement(self, id: int) -> Measurement:
        """One measurement. Scope: `readmeasurements`."""
        return self.carry_out(resources.measurement(id))

    def add_measurements(self, sets: Sets) -> Record:
        """Add or change measurements: all of them or none. Scope: `writemeasurements`."""
        return self.carry_out(resources.add_measurements(sets))

    def change_measurement(self, id: int, changes: Mapping[str, Any]) -> Record:
        """Change one, by wire names. Scope: `writemeasurements`."""
        return self.carry_out(resources.change_measurement(id, changes))

    def delete_measurement(self, id: int) -> None:
        """Delete one. Scope: `writemeasurements`."""
        self.carry_out(resources.delete_measurement(id))

    def variables(self, page_size: int = PAGE, **parameters: Parameter) -> Listing[Variable]:
        """The person's variables. Scope: `readmeasurements`."""
        return Listing(resources.variables({**parameters, "limit": page_size}), self._page)

    def variable(self, name: str) -> Variable:
        """One variable. Scope: `readmeasurements`."""
        return self.carry_out(resources.variable(name))

    def variable_categories(self) -> list[VariableCategory]:
        """All categories of variables."""
        return self.carry_out(resources.variable_categories())

    def units(self) -> list[Unit]:
        """All units."""
        return self.carry_out(resources.units())

    def unit_categories(self) -> list[UnitCategory]:
        """All categories of units."""
        return self.carry_out(resources.unit_categories())

    # ------------------------------------------------------------------ any call at all

    def carry_out(self, call: Call[T], timeout: Timeout = None) -> T:
        """Any call, by the person's token."""
        return read(call, self.answer(call, timeout), self._known())

    def answer(self, call: Call[Any], timeout: Timeout = None) -> RESTResponse:
        """Any call, by the person's token: the answer as it came. It is one of success."""
        return self.run(self._planner.answer(call, timeout))

    def api_client(self) -> ApiClient:
        """This session for the API classes: `MeasurementsApi(session.api_client())`."""
        return SessionClient(self)

    @contextmanager
    def stream(self, call: Call[Any], timeout: Timeout = None) -> Iterator[Iterable[bytes]]:
        """Any call whose answer may be long: its body in pieces. Constant memory."""
        with ExitStack() as stack:
            opened: list[httpx.Response] = []

            def send(step: Send) -> RESTResponse:
                response = stack.enter_context(self._rest.open(step.request, step.timeout))
                if response.is_success:
                    opened.append(response)
                    return RESTResponse(
                        response.status_code, response.reason_phrase, "", response.headers
                    )
                return self._rest.finish(response)

            self.run(self._planner.answer(call, timeout), send)
            yield self._rest.pieces(opened[-1])

    def close(self) -> None:
        """Close all connections. The tokens stay where they are kept."""
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

    # ------------------------------------------------------------------ carrying out plans

    def run(self, plan: Plan[T], send: Callable[[Send], RESTResponse] | None = None) -> T:
        """Carry out a plan to its end."""
        try:
            step = next(plan)
            while True:
                try:
                    outcome = self._do(step, send or self._send)
                except Exception as fault:
                    step = plan.throw(fault)
                else:
                    step = plan.send(outcome)
        except StopIteration as end:
            result: T = end.value
            return result

    def _do(self, step: Step, send: Callable[[Send], RESTResponse]) -> Any:
        if isinstance(step, Send):
            return send(step)
        if isinstance(step, Pause):
            return self._sleep(step.seconds)
        return self._obtain(step.refused)

    def _send(self, step: Send) -> RESTResponse:
        return self._rest.send(step.request, step.timeout)

    def _page(self, call: Call[list[T]]) -> tuple[list[T], Headers]:
        response = self.answer(call)
        return read(call, response, self._known()), response.headers

    def _known(self) -> tuple[str, ...]:
        """What no text of a fault may show, wherever the server repeats it."""
        return () if self._token is None else (self._token.access_token,)

    def _held(self) -> Token | None:
        if self._token is None:
            self._token = self._store.load()
        return self._token

    def _obtain(self, refused: str | None) -> Token:
        token = self._held()
        if token is not None and not self._planner.is_due(token, refused):
            return token
        with self._lock:
            # Another thread, or a process with the same store, may have been faster.
            self._token = token = self._store.load()
            if token is None:
                raise no_tokens()
            if not self._planner.is_due(token, refused):
                return token
            return self._renewed(token, refused)

    def _renewed(self, token: Token, refused: str | None) -> Token:
        try:
            fresh = self.run(self._planner.refresh(token))
        except SignInRequired:
            self._token = None
            self._store.clear()
            raise
        except ApiException:
            if self._planner.is_of_use(token, refused):
                return token
            raise
        self._token = fresh
        self._store.save(fresh)
        return fresh


class SessionClient(ApiClient):
    """An `ApiClient` whose calls go by a session: it signs, renews and repeats."""

    def __init__(self, session: OAuthSession) -> None:
        super().__init__(session.application.host, configuration=session.configuration)
        self._session = session
        self.rest_client = session._rest

    def _exchange(self, call: Call[Any], timeout: Timeout) -> RESTResponse:
        if call.bearer:  # whoever gives a token of their own means it
            return super()._exchange(call, timeout)
        return self._session.answer(call, timeout)
