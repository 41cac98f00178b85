"""Pages on which a person connects a device without a browser (RFC 8628 §3.3).

The person enters the code, confirms that the device is theirs, and goes through the interactive
flow of every application. Each page works without JavaScript.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.addresses import with_return_to
from quantimodo.accounts.errors import DomainError
from quantimodo.authorization.device_authorizations import DeviceCodes
from quantimodo.authorization.stored_requests import resume_path
from quantimodo.model.devices import DeviceAuthorization
from quantimodo.model.texts import N_
from quantimodo.pages.authorization.consent import is_of_operator, is_reviewed
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import REFUSALS, FormErrors, error_view, form_errors
from quantimodo.pages.forms import FormView
from quantimodo.pages.outcomes import Outcome, OutcomeLink
from quantimodo.pages.page_context import Endpoint, PageContext
from quantimodo.ports.client_stores import ClientStore
from quantimodo.protocol.device_grant import DEVICE_CONFIRM, DEVICE_DONE, DEVICE_PAGE

_LONGEST_SHOWN: Final = 64
_UNKNOWN: Final = N_(
    "This code is not valid, or it was used or has expired. Compare it with the device, or request"
    " a new one there."
)
_TITLE: Final = N_("Connect a device")
_ACCOUNT: Final = OutcomeLink("/account", N_("Your account"))
_CONNECTED: Final = Outcome(
    title=_TITLE,
    heading=N_("Go back to your device"),
    text=N_("It continues in a few seconds. You can close this page."),
    icon="check",
    link=_ACCOUNT,
)
_NOT_CONNECTED: Final = Outcome(
    title=_TITLE,
    heading=N_("The device was not connected"),
    text=N_("It did not get access to your account. To try again, start again on the device."),
    link=_ACCOUNT,
)


@dataclass(frozen=True, slots=True)
class DevicePages:
    page_context: PageContext
    codes: DeviceCodes
    clients: ClientStore

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), DEVICE_PAGE, self.show),
            (("POST",), DEVICE_PAGE, self.submit),
            (("GET",), DEVICE_CONFIRM, self.show_confirmation),
            (("POST",), DEVICE_CONFIRM, self.confirm),
            (("GET",), DEVICE_DONE, self.done),
        ]

    async def show(self, request: Request) -> Response:
        """GET /device: enter the code. RFC 8628 §3.3.1: a code in the address is only filled in."""
        browser_request = await self.page_context.browser_request(request)
        code = request.query_params.get("user_code", "")[:_LONGEST_SHOWN]
        return self._entry(request, browser_request, FormView({"user_code": code}))

    async def submit(self, request: Request) -> Response:
        """POST /device: each code counts as wrong until it is known (RFC 8628 §5.1)."""
        browser_request, form = await self.page_context.posted(request)
        throttle, address = self.page_context.throttle, browser_request.address
        session = browser_request.session
        holder = browser_request.browser.reveal() if session is None else session.sid
        try:
            await throttle.count_address("user_codes_per_address", address)
            await throttle.count_browser("user_codes_per_browser", holder)
            device = await self.codes.find(form.one("user_code"))
            if device is None:
                raise DomainError(_UNKNOWN)
            # The code of a device that waits does not count.
            await throttle.undo_address("user_codes_per_address", address)
            await throttle.undo_browser("user_codes_per_browser", holder)
            await throttle.count_address("requests_per_address", address)
        except REFUSALS as refusal:
            again = form_errors(refusal, field="user_code")
            return self._entry(request, browser_request, again.view(form, "user_code"), again)
        charge = throttle.charge("authorization_requests", address)
        return self.page_context.go(resume_path(await self.codes.store_request(device, charge)))

    async def show_confirmation(self, request: Request) -> Response:
        """GET /device/confirm: the application, the time and the origin of the request."""
        request_id = request.query_params.get("request", "")
        browser_request = await self.page_context.browser_request(request)
        found = await self.codes.find_waiting(request_id)
        if found is None:
            return self._over(request, browser_request)
        if browser_request.session is None:
            return self.page_context.go(with_return_to("/sign-in", resume_path(request_id)))
        return await self._confirmation(request, browser_request, request_id, found.device)

    async def confirm(self, request: Request) -> Response:
        """POST /device/confirm: the person confirms or refuses the device."""
        browser_request, form = await self.page_context.posted(request)
        request_id = form.one("request")
        found = await self.codes.find_waiting(request_id)
        if found is None:
            return self._over(request, browser_request)
        stored, device = found
        session = browser_request.session
        if session is None:
            return self.page_context.go(with_return_to("/sign-in", resume_path(request_id)))
        if form.one("decision") != "continue":
            await self.codes.refuse(stored, device)
            return self.page_context.go(f"{DEVICE_DONE}?error=access_denied")
        if not await self.codes.confirm(device, session):
            return self._over(request, browser_request)
        return self.page_context.go(resume_path(request_id))

    async def done(self, request: Request) -> Response:
        """GET /device/done: the person goes back to the device."""
        browser_request = await self.page_context.browser_request(request)
        outcome = _CONNECTED if "error" not in request.query_params else _NOT_CONNECTED
        return self.page_context.show(request, browser_request, "outcome.html", outcome=outcome)

    def _entry(
        self,
        request: Request,
        browser_request: BrowserRequest,
        form: FormView,
        again: FormErrors | None = None,
    ) -> Response:
        return self.page_context.show(
            request, browser_request, "device.html", again=again, form=form
        )

    def _over(self, request: Request, browser_request: BrowserRequest) -> Response:
        again = FormErrors(400, {"user_code": _UNKNOWN}, "the device does not wait any more")
        return self._entry(request, browser_request, error_view(again), again)

    async def _confirmation(
        self,
        request: Request,
        browser_request: BrowserRequest,
        request_id: str,
        device: DeviceAuthorization,
    ) -> Response:
        client = await self.clients.client(device.client_id)
        if client is None or client.disabled_at is not None:
            return self._over(request, browser_request)
        return self.page_context.show(
            request,
            browser_request,
            "device_confirm.html",
            request_id=request_id,
            device=device,
            user_code=self.codes.format_user_code(device),
            client=client,
            has_logo=await self.clients.logo(client.id) is not None,
            same_network=device.address == browser_request.address,
            reviewed=is_reviewed(client),
            of_operator=is_of_operator(client),
        )
