"""The calls of a session on an event loop of asyncio: `AsyncApiCalls`.

It executes the steps of `request_plans`. `api_calls.py` is generated from this file:
run `scripts/generate-client-session` after a change.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from swagger_client import resources
from swagger_client.calls import Call, Parameter, read
from swagger_client.models import Measurement, Unit, UnitCategory, User, Variable, VariableCategory
from swagger_client.records import Record
from swagger_client.resources import MeasurementFilters, Sets
from swagger_client.rest import AsyncRESTClientObject, Headers, RESTResponse, Timeout
from swagger_client.session.event_loop import EventLoopSession, Sender, Sleep
from swagger_client.session.pages import PAGE, AsyncListing, AsyncMeasurements, page_of
from swagger_client.session.request_plans import Pause, Plan, Planner, Send, Step

if TYPE_CHECKING:
    from typing_extensions import Unpack

T = TypeVar("T")


class AsyncApiCalls(EventLoopSession):
    """Calls with the person's token, which is renewed when it is due."""

    _planner: Planner
    _rest: AsyncRESTClientObject
    _sleep: Sleep

    # ------------------ the person, measurements, variables, units

    async def me(self) -> User:
        """The person who signed in. Scope: `basic`."""
        return await self.execute(resources.me())

    def measurements(
        self,
        limit: int | None = None,
        page_size: int = PAGE,
        **filters: Unpack[MeasurementFilters],
    ) -> AsyncMeasurements:
        """Measurements, fetched page by page during iteration; all, or `limit` of them.

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
        """Measurements of all people who allow this application to read them.

        Needs a token of `fetch_application_token`. Scope: `readmeasurements`, of the application
        and of each person.
        """
        call = resources.measurements_of_application(page_of(filters, page_size, limit))
        return AsyncMeasurements(call, self._page, limit)

    async def measurements_csv(self, **filters: Unpack[MeasurementFilters]) -> AsyncIterator[bytes]:
        """Measurements as a CSV file, in chunks. Scope: `readmeasurements`."""
        async with self.stream(resources.measurements_csv(filters)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def measurement(self, id: int) -> Measurement:
        """One measurement. Scope: `readmeasurements`."""
        return await self.execute(resources.measurement(id))

    async def add_measurements(self, sets: Sets) -> Record:
        """Add or change measurements: all of them or none. Scope: `writemeasurements`."""
        return await self.execute(resources.add_measurements(sets))

    async def change_measurement(self, id: int, changes: Mapping[str, Any]) -> Record:
        """Change one measurement; `changes` has wire names. Scope: `writemeasurements`."""
        return await self.execute(resources.change_measurement(id, changes))

    async def delete_measurement(self, id: int) -> None:
        """Delete one measurement. Scope: `writemeasurements`."""
        await self.execute(resources.delete_measurement(id))

    def variables(self, page_size: int = PAGE, **parameters: Parameter) -> AsyncListing[Variable]:
        """The person's variables. Scope: `readmeasurements`."""
        return AsyncListing(resources.variables({**parameters, "limit": page_size}), self._page)

    async def variable(self, name: str) -> Variable:
        """One variable. Scope: `readmeasurements`."""
        return await self.execute(resources.variable(name))

    async def variable_categories(self) -> list[VariableCategory]:
        """All categories of variables."""
        return await self.execute(resources.variable_categories())

    async def units(self) -> list[Unit]:
        """All units."""
        return await self.execute(resources.units())

    async def unit_categories(self) -> list[UnitCategory]:
        """All categories of units."""
        return await self.execute(resources.unit_categories())

    # ------------------ any call

    async def execute(self, call: Call[T], timeout: Timeout = None) -> T:
        """The parsed response to any call, with the person's token. Raises `ApiException`."""
        return read(call, await self.request(call, timeout), self._tokens.secrets)

    async def request(self, call: Call[Any], timeout: Timeout = None) -> RESTResponse:
        """The successful response to any call, with the person's token. Raises `ApiException`."""
        return await self.run(self._planner.api_request(call, timeout))

    @asynccontextmanager
    async def stream(
        self, call: Call[Any], timeout: Timeout = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The body of the response to any call, in chunks. Memory use is constant."""
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

            await self.run(self._planner.api_request(call, timeout), send)
            yield self._rest.chunks(opened[-1])

    # ------------------ execution of plans

    async def run(self, plan: Plan[T], send: Sender | None = None) -> T:
        """Execute the steps of a plan until it returns."""
        try:
            step = next(plan)
            while True:
                try:
                    outcome = await self._run_step(step, send or self._send)
                except Exception as fault:
                    step = plan.throw(fault)
                else:
                    step = plan.send(outcome)
        except StopIteration as end:
            result: T = end.value
            return result

    async def _run_step(self, step: Step, send: Sender) -> Any:
        if isinstance(step, Send):
            return await send(step)
        if isinstance(step, Pause):
            return await self._sleep(step.seconds)
        return await self._tokens.obtain(step.refused)

    async def _send(self, step: Send) -> RESTResponse:
        return await self._rest.send(step.request, step.timeout)

    async def _page(self, call: Call[list[T]]) -> tuple[list[T], Headers]:
        response = await self.request(call)
        return read(call, response, self._tokens.secrets), response.headers
