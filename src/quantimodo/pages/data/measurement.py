"""The page that edits one measurement."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.profiles import Profiles
from quantimodo.http.errors import NotFound
from quantimodo.measurements.catalogue import References
from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.service import MeasurementService
from quantimodo.measurements.times import moment_of
from quantimodo.measurements.units import convertible
from quantimodo.measurements.views import MeasurementView
from quantimodo.model.users import User
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.data.measurement_form import parse_change
from quantimodo.pages.data.messages import translate_message
from quantimodo.pages.data.queries import variable_path
from quantimodo.pages.form_errors import FormErrors
from quantimodo.pages.forms import FormView, row_id
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.timestamps import in_zone, zone_named

_FIELDS = ("value", "unit", "when", "note")


@dataclass(frozen=True, slots=True)
class MeasurementPage:
    page_context: PageContext
    measurement_service: MeasurementService
    references: References
    profiles: Profiles

    async def show(self, request: Request) -> Response:
        """GET /account/data/measurement?id=…: the form with the values as they were recorded."""
        browser_request = await self.page_context.browser_request(request)
        found = await self._found(browser_request, request.query_params.get("id", ""))
        zone = await self._zone(browser_request.required().user)
        return await self._page(
            request, browser_request, found, zone, FormView(_texts(found, zone))
        )

    async def save(self, request: Request) -> Response:
        """POST /account/data/measurement: replaces the fields whose texts differ from those of the
        form."""
        browser_request, form = await self.page_context.posted(request)
        user = browser_request.required().user
        found = await self._found(browser_request, form.one("id"))
        zone = await self._zone(user)
        change, errors = parse_change(form, zone, _texts(found, zone))
        if not errors:
            try:
                if not await self.measurement_service.change(user.id, found.measurement.id, change):
                    raise NotFound
            except MeasurementError as refused:
                errors[""] = translate_message(refused)
        if errors:
            given = FormView({name: form.one(name) for name in _FIELDS}, errors)
            again = FormErrors(422, errors)
            return await self._page(request, browser_request, found, zone, given, again)
        return self.page_context.go(variable_path(found.measurement.variable), "measurement-saved")

    async def _found(self, browser_request: BrowserRequest, text: str) -> MeasurementView:
        user = browser_request.required().user
        found = await self.measurement_service.one(user.id, row_id(text))
        if found is None:
            raise NotFound
        return found

    async def _zone(self, user: User) -> tzinfo:
        return zone_named((await self.profiles.of(user)).zoneinfo)

    async def _page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        found: MeasurementView,
        zone: tzinfo,
        form: FormView,
        again: FormErrors | None = None,
    ) -> Response:
        units = (await self.references.catalogue()).units
        return self.page_context.show(
            request,
            browser_request,
            "account_measurement.html",
            again=again,
            section="account-data",
            one=found.measurement,
            path=variable_path(found.measurement.variable),
            form=form,
            zone=str(zone),
            units=[
                (unit.abbreviated_name, unit.name)
                for unit in units
                if convertible(unit, found.unit)
            ],
        )


def _texts(found: MeasurementView, zone: tzinfo) -> Mapping[str, str]:
    """The values of the form. Seconds are left out: a form that is sent unchanged keeps them."""
    one = found.measurement
    return {
        "value": f"{one.stored_value:.15g}",
        "unit": found.stored_unit.abbreviated_name,
        "when": in_zone(moment_of(one.start), zone).isoformat()[:16],
        "note": one.note,
    }
