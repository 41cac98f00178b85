"""The calls of a session for code with threads or without: `ApiCalls`.

Generated from `async_api_calls.py` by scripts/generate-client-session: do not edit it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from swagger_client import resources
from swagger_client.calls import Call, Parameter, read
from swagger_client.models import Measurement, Unit, UnitCategory, User, Variable, VariableCategory
from swagger_client.records import Record
from swagger_client.resources import MeasurementFilters, Sets
from swagger_client.rest import Headers, RESTClientObject, RESTResponse, Timeout
from swagger_client.session.pages import PAGE, Listing, Measurements, page_of
from swagger_client.session.request_plans import Pause, Plan, Planner, Send, Step
from swagger_client.session.threads import Sender, Sleep, ThreadedSession

if TYPE_CHECKING:
    from typing_extensions import Unpack

T = TypeVar("T")


class ApiCalls(ThreadedSession):
    """Calls with the person's token, which is renewed when it is due."""

    _planner: Planner
    _rest: RESTClientObject
    _sleep: Sleep

    # ------------------ the person, measurements, variables, units

    def me(self) -> User:
        """The person who signed in. Scope: `basic`."""
        return self.execute(resources.me())

    def measurements(
        self,
        limit: int | None = None,
        page_size: int = PAGE,
        **filters: Unpack[MeasurementFilters],
    ) -> Measurements:
        """Measurements, fetched page by page during iteration; all, or `limit` of them.

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
        """Measurements of all people who allow this application to read them.

        Needs a token of `fetch_application_token`. Scope: `readmeasurements`, of the application
        and of each person.
        """
        call = resources.measurements_of_application(page_of(filters, page_size, limit))
        return Measurements(call, self._page, limit)

    def measurements_csv(self, **filters: Unpack[MeasurementFilters]) -> Iterator[bytes]:
        """Measurements as a CSV file, in chunks. Scope: `readmeasurements`."""
        with self.stream(resources.measurements_csv(filters)) as chunks:
            for chunk in chunks:
                yield chunk

    def measurement(self, id: int) -> Measurement:
        """One measurement. Scope: `readmeasurements`."""
        return self.execute(resources.measurement(id))

    def add_measurements(self, sets: Sets) -> Record:
        """Add or change measurements: all of them or none. Scope: `writemeasurements`."""
        return self.execute(resources.add_measurements(sets))

    def change_measurement(self, id: int, changes: Mapping[str, Any]) -> Record:
        """Change one measurement; `changes` has wire names. Scope: `writemeasurements`."""
        return self.execute(resources.change_measurement(id, changes))

    def delete_measurement(self, id: int) -> None:
        """Delete one measurement. Scope: `writemeasurements`."""
        self.execute(resources.delete_measurement(id))

    def variables(self, page_size: int = PAGE, **parameters: Parameter) -> Listing[Variable]:
        """The person's variables. Scope: `readmeasurements`."""
        return Listing(resources.variables({**parameters, "limit": page_size}), self._page)

    def variable(self, name: str) -> Variable:
        """One variable. Scope: `readmeasurements`."""
        return self.execute(resources.variable(name))

    def variable_categories(self) -> list[VariableCategory]:
        """All categories of variables."""
        return self.execute(resources.variable_categories())

    def units(self) -> list[Unit]:
        """All units."""
        return self.execute(resources.units())

    def unit_categories(self) -> list[UnitCategory]:
        """All categories of units."""
        return self.execute(resources.unit_categories())

    # ------------------ any call

    def execute(self, call: Call[T], timeout: Timeout = None) -> T:
        """The parsed response to any call, with the person's token. Raises `ApiException`."""
        return read(call, self.request(call, timeout), self._tokens.secrets)

    def request(self, call: Call[Any], timeout: Timeout = None) -> RESTResponse:
        """The successful response to any call, with the person's token. Raises `ApiException`."""
        return self.run(self._planner.api_request(call, timeout))

    @contextmanager
    def stream(self, call: Call[Any], timeout: Timeout = None) -> Iterator[Iterator[bytes]]:
        """The body of the response to any call, in chunks. Memory use is constant."""
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

            self.run(self._planner.api_request(call, timeout), send)
            yield self._rest.chunks(opened[-1])

    # ------------------ execution of plans

    def run(self, plan: Plan[T], send: Sender | None = None) -> T:
        """Execute the steps of a plan until it returns."""
        try:
            step = next(plan)
            while True:
                try:
                    outcome = self._run_step(step, send or self._send)
                except Exception as fault:
                    step = plan.throw(fault)
                else:
                    step = plan.send(outcome)
        except StopIteration as end:
            result: T = end.value
            return result

    def _run_step(self, step: Step, send: Sender) -> Any:
        if isinstance(step, Send):
            return send(step)
        if isinstance(step, Pause):
            return self._sleep(step.seconds)
        return self._tokens.obtain(step.refused)

    def _send(self, step: Send) -> RESTResponse:
        return self._rest.send(step.request, step.timeout)

    def _page(self, call: Call[list[T]]) -> tuple[list[T], Headers]:
        response = self.request(call)
        return read(call, response, self._tokens.secrets), response.headers
