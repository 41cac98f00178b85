"""A signed-in person, for code on an event loop of asyncio: `AsyncOAuthSession`.

Carries out plans: sends, waits, renews tokens in one task for all. The rules are in `plans`.
"""

from __future__ import annotations

import asyncio
import time
import webbrowser
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, TypeVar

import httpx

from swagger_client import resources
from swagger_client.calls import Call, Parameter, read
from swagger_client.configuration import DEFAULT_HOST, Configuration
from swagger_client.models import Measurement, Unit, UnitCategory, User, Variable, VariableCategory
from swagger_client.records import Record
from swagger_client.resources import MeasurementFilters, Sets
from swagger_client.rest import ApiException, AsyncRESTClientObject, Headers, RESTResponse, Timeout
from swagger_client.session.application import Application, AuthorizationRequest, DeviceCode
from swagger_client.session.errors import SignInRequired
from swagger_client.session.loopback import Loopback
from swagger_client.session.pages import PAGE, AsyncListing, AsyncMeasurements, page_of
from swagger_client.session.request_plans import Pause, Plan, Send, Step, no_tokens
from swagger_client.session.retries import Retries
from swagger_client.session.setup import planner_for
from swagger_client.session.stores import MemoryStore, TokenStore
from swagger_client.session.tokens import Token

if TYPE_CHECKING:
    from typing_extensions import Unpack

T = TypeVar("T")


class AsyncOAuthSession:
    """One person's access, by OAuth 2 with PKCE, for one event loop.

    What it takes and promises is what `OAuthSession` does; ten tasks renew the tokens once, and a
    task that is cancelled meanwhile does not undo it. A store is used on a thread of its own.
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
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
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
        self._rest = AsyncRESTClientObject(self.configuration, transport)
        self._sleep = sleep
        self._renewal: asyncio.Task[Token] | None = None
        self._token: Token | None = None
        self._asked: AuthorizationRequest | None = None

    # ------------------------------------------------------------------ signing in and out

    @property
    def application(self) -> Application:
        """Who asks, and whom."""
        return self._planner.application

    async def token(self) -> Token | None:
        """The tokens in use, or None if nobody is signed in."""
        return await self._held()

    def authorization_url(
        self, *, state: str | None = None, redirect_uri: str | None = None, **more: str | None
    ) -> AuthorizationRequest:
        """A new request; the person opens its `url`. `more`: `prompt="login"`, `nonce`, and so on.

        The session remembers the latest one. Where another process gets the answer, keep the
        request, and give it to `fetch_token` there.
        """
        self._asked = self.application.authorization_request(state, redirect_uri, **more)
        return self._asked

    async def fetch_token(self, answer: str, request: AuthorizationRequest | None = None) -> Token:
        """Tokens for the address to which the browser came back. They are kept.

        Raises `AuthorizationRefused` when the person said no, `ForeignAnswer` when the address
        does not answer the request, and `ApiException` when the server refuses the code.
        """
        asked = request or self._asked
        if asked is None:
            raise ValueError("there is no request to answer: call authorization_url first")
        token = await self.run(self._planner.redeem(answer, asked))
        self._asked = None
        return await self.keep(token)

    async def sign_in(
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
        loop = asyncio.get_running_loop()
        with Loopback(port) as loopback:
            request = self.authorization_url(redirect_uri=loopback.redirect_uri)

            def begin() -> None:
                show(request.url)
                open_browser(request.url)

            def accept(address: str) -> None:
                answer = self.fetch_token(address, request)
                asyncio.run_coroutine_threadsafe(answer, loop).result()

            await asyncio.to_thread(loopback.wait, begin, accept, wait)
        return await self._obtain(None)

    async def fetch_application_token(self, scope: str | None = None) -> Token:
        """A token for the application itself, by its secret. It is kept.

        It cannot be renewed: when it has ended (`SignInRequired`), fetch another.
        """
        return await self.keep(await self.run(self._planner.application_token(scope)))

    async def fetch_device_token(self, show: Callable[[DeviceCode], object]) -> Token:
        """Tokens by another device (RFC 8628). They are kept. It waits until the person agrees.

        `show` is told what the person has to type, and where. Raises `NotOffered` where the
        server has no such way, `ApiException` when the person says no.
        """
        return await self.keep(await self.run(self._planner.device(show)))

    async def refresh(self) -> Token:
        """New tokens now, whether they are due or not."""
        held = await self._held()
        return await self._obtain(None if held is None else held.access_token)

    async def sign_out(self) -> None:
        """Forget the tokens, and end them at the server.

        They are forgotten even if the server cannot be told: then `ApiException` says why.
        """
        if self._renewal is not None:
            await asyncio.wait({self._renewal})
        token = await asyncio.to_thread(self._store.load) or self._token
        self._token = None
        await asyncio.to_thread(self._store.clear)
        if token is not None:
            await self.run(self._planner.revoke(token))

    async def keep(self, token: Token) -> Token:
        """Use these tokens from now on."""
        self._token = token
        await asyncio.to_thread(self._store.save, token)
        return token

    # ------------------------------------------------------------------ what one signs in for

    async def me(self) -> User:
        """Who signed in. Scope: `basic`."""
        return await self.carry_out(resources.me())

    def measurements(
        self,
        limit: int | None = None,
        page_size: int = PAGE,
        **filters: Unpack[MeasurementFilters],
    ) -> AsyncMeasurements:
        """Measurements, read page by page as they are iterated; all, or `limit` of them.

        Scope: `readmeasurements`. `filters`: see `swagger_client.resources.MeasurementFilters`.
        """
        call = resources.measurements(page_of(filters, page_size, limit))
        return AsyncMeasurements(call, self._page, limit)

    def application_measurements(
        self,
        limit: int | None = None,
        page_size: int = PAGE,
        **filters: Unpack[MeasurementFilters],
    ) -> AsyncMeasurements:
        """Those of everybody who lets this application read them: after `fetch_application_token`.

        Scope: `readmeasurements`, of the application and of each person.
        """
        call = resources.measurements_of_application(page_of(filters, page_size, limit))
        return AsyncMeasurements(call, self._page, limit)

    async def measurements_csv(self, **filters: Unpack[MeasurementFilters]) -> AsyncIterator[bytes]:
        """Measurements as a CSV file, in pieces as they come. Scope: `readmeasurements`."""
        async with self.stream(resources.measurements_csv(filters)) as pieces:
            async for piece in pieces:
                yield piece

    async def measurement(self, id: int) -> Measurement:
        """One measurement. Scope: `readmeasurements`."""
        return await self.carry_out(resources.measurement(id))

    async def add_measurements(self, sets: Sets) -> Record:
        """Add or change measurements: all of them or none. Scope: `writemeasurements`."""
        return await self.carry_out(resources.add_measurements(sets))

    async def change_measurement(self, id: int, changes: Mapping[str, Any]) -> Record:
        """Change one, by wire names. Scope: `writemeasurements`."""
        return await self.carry_out(resources.change_measurement(id, changes))

    async def delete_measurement(self, id: int) -> None:
        """Delete one. Scope: `writemeasurements`."""
        await self.carry_out(resources.delete_measurement(id))

    def variables(self, page_size: int = PAGE, **parameters: Parameter) -> AsyncListing[Variable]:
        """The person's variables. Scope: `readmeasurements`."""
        return AsyncListing(resources.variables({**parameters, "limit": page_size}), self._page)

    async def variable(self, name: str) -> Variable:
        """One variable. Scope: `readmeasurements`."""
        return await self.carry_out(resources.variable(name))

    async def variable_categories(self) -> list[VariableCategory]:
        """All categories of variables."""
        return await self.carry_out(resources.variable_categories())

    async def units(self) -> list[Unit]:
        """All units."""
        return await self.carry_out(resources.units())

    async def unit_categories(self) -> list[UnitCategory]:
        """All categories of units."""
        return await self.carry_out(resources.unit_categories())

    # ------------------------------------------------------------------ any call at all

    async def carry_out(self, call: Call[T], timeout: Timeout = None) -> T:
        """Any call, by the person's token."""
        return read(call, await self.answer(call, timeout), self._known())

    async def answer(self, call: Call[Any], timeout: Timeout = None) -> RESTResponse:
        """Any call, by the person's token: the answer as it came. It is one of success."""
        return await self.run(self._planner.answer(call, timeout))

    @asynccontextmanager
    async def stream(
        self, call: Call[Any], timeout: Timeout = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Any call whose answer may be long: its body in pieces. Constant memory."""
        async with AsyncExitStack() as stack:
            opened: list[httpx.Response] = []

            async def send(step: Send) -> RESTResponse:
                response = await stack.enter_async_context(
                    self._rest.open(step.request, step.timeout)
                )
                if response.is_success:
                    opened.append(response)
                    return RESTResponse(
                        response.status_code, response.reason_phrase, "", response.headers
                    )
                return await self._rest.finish(response)

            await self.run(self._planner.answer(call, timeout), send)
            yield self._rest.pieces(opened[-1])

    async def close(self) -> None:
        """Close all connections. The tokens stay where they are kept."""
        await self._rest.close()

    async def __aenter__(self) -> AsyncOAuthSession:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    # ------------------------------------------------------------------ carrying out plans

    async def run(
        self,
        plan: Plan[T],
        send: Callable[[Send], Awaitable[RESTResponse]] | None = None,
    ) -> T:
        """Carry out a plan to its end."""
        try:
            step = next(plan)
            while True:
                try:
                    outcome = await self._do(step, send or self._send)
                except Exception as fault:
                    step = plan.throw(fault)
                else:
                    step = plan.send(outcome)
        except StopIteration as end:
            result: T = end.value
            return result

    async def _do(self, step: Step, send: Callable[[Send], Awaitable[RESTResponse]]) -> Any:
        if isinstance(step, Send):
            return await send(step)
        if isinstance(step, Pause):
            return await self._sleep(step.seconds)
        return await self._obtain(step.refused)

    async def _send(self, step: Send) -> RESTResponse:
        return await self._rest.send(step.request, step.timeout)

    async def _page(self, call: Call[list[T]]) -> tuple[list[T], Headers]:
        response = await self.answer(call)
        return read(call, response, self._known()), response.headers

    def _known(self) -> tuple[str, ...]:
        """What no text of a fault may show, wherever the server repeats it."""
        return () if self._token is None else (self._token.access_token,)

    async def _held(self) -> Token | None:
        if self._token is None:
            self._token = await asyncio.to_thread(self._store.load)
        return self._token

    async def _obtain(self, refused: str | None) -> Token:
        token = await self._held()
        if token is not None and not self._planner.is_due(token, refused):
            return token
        if self._renewal is None:
            self._renewal = asyncio.ensure_future(self._renew(refused))
            self._renewal.add_done_callback(self._renewal_is_over)
        # Whoever waits may be cancelled; the renewal goes on, for it spends a token.
        return await asyncio.shield(self._renewal)

    def _renewal_is_over(self, renewal: asyncio.Task[Token]) -> None:
        self._renewal = None
        if not renewal.cancelled():
            renewal.exception()  # seen, even when everybody who waited has gone

    async def _renew(self, refused: str | None) -> Token:
        # A process with the same store may have been faster.
        self._token = token = await asyncio.to_thread(self._store.load)
        if token is None:
            raise no_tokens()
        if not self._planner.is_due(token, refused):
            return token
        return await self._renewed(token, refused)

    async def _renewed(self, token: Token, refused: str | None) -> Token:
        try:
            fresh = await self.run(self._planner.refresh(token))
        except SignInRequired:
            self._token = None
            await asyncio.to_thread(self._store.clear)
            raise
        except ApiException:
            if self._planner.is_of_use(token, refused):
                return token
            raise
        return await self.keep(fresh)
