"""/admin/apps/{client_id}/limits and /domain: the limits and the verified domain of one
application."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.errors import Faults, InvalidInput
from quantimodo.clients.client_administration import ClientAdministration
from quantimodo.clients.errors import ChangedMeanwhile, InvalidMetadata
from quantimodo.http.errors import NotFound
from quantimodo.model.admin_actions import Authority
from quantimodo.model.clients import Client
from quantimodo.model.texts import N_
from quantimodo.pages.admin.frame import ADMIN, AdminFrame
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import REFUSALS, FormErrors, form_errors
from quantimodo.pages.forms import Form, FormView
from quantimodo.pages.page_context import Endpoint
from quantimodo.pages.portal.client_addresses import client_id_of, client_segment
from quantimodo.pages.portal.client_form import field_errors
from quantimodo.ports.client_stores import ClientStore
from quantimodo.protocol.client_field_row import MOST_PER_MINUTE
from quantimodo.protocol.verified_domains import check_domain, is_of_domain

_ONE: Final = f"{ADMIN}/apps/{{client_id}}"
_PAGES: Final = {"limits": "admin_app_limits.html", "domain": "admin_app_domain.html"}
_NO_DOMAIN: Final = N_("Enter a domain at which the application has an https address.")
_FIELDS: Final = ("tokens_per_minute", "requests_per_minute")


@dataclass(frozen=True, slots=True)
class AdminAppForms:
    frame: AdminFrame
    administration: ClientAdministration
    clients: ClientStore

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), f"{_ONE}/limits", self.show_limits),
            (("POST",), f"{_ONE}/limits", self.limit),
            (("GET",), f"{_ONE}/domain", self.show_domain),
            (("POST",), f"{_ONE}/domain", self.verify),
        ]

    async def show_limits(self, request: Request) -> Response:
        """GET /admin/apps/{client_id}/limits."""
        browser_request = await self.frame.visit(request, recent=True)
        client = await self._client(request)
        view = FormView({name: str(getattr(client.metadata, name)) for name in _FIELDS})
        return self._page(request, browser_request, client, view)

    async def limit(self, request: Request) -> Response:
        """POST /admin/apps/{client_id}/limits."""

        async def change(client: Client, form: Form, by: Authority) -> None:
            await self.administration.set_limits(client, *_numbers(form), by)

        return await self._change(request, change)

    async def show_domain(self, request: Request) -> Response:
        """GET /admin/apps/{client_id}/domain."""
        browser_request = await self.frame.visit(request, recent=True)
        client = await self._client(request)
        view = FormView({"domain": client.metadata.verified_domain})
        return self._page(request, browser_request, client, view)

    async def verify(self, request: Request) -> Response:
        """POST /admin/apps/{client_id}/domain."""

        async def change(client: Client, form: Form, by: Authority) -> None:
            domain = form.one("domain").strip().lower()
            if any(check_domain(domain)) or (domain and not is_of_domain(client, domain)):
                raise InvalidInput("domain", _NO_DOMAIN)
            await self.administration.set_verified_domain(client, domain, by)

        return await self._change(request, change)

    async def _change(
        self, request: Request, change: Callable[[Client, Form, Authority], Awaitable[None]]
    ) -> Response:
        browser_request, form = await self.frame.posted(request)
        client = await self._client(request)
        try:
            by = self.frame.authority(browser_request, form)
            await change(client, form, by)
        except (*REFUSALS, InvalidMetadata, ChangedMeanwhile) as refusal:
            again = _errors(refusal)
            view = again.view(form, *_FIELDS, "domain", "reason")
            return self._page(request, browser_request, client, view, again)
        one = f"{ADMIN}/apps/{client_segment(client.id)}"
        return self.frame.page_context.go(one, "admin-done")

    async def _client(self, request: Request) -> Client:
        client = await self.clients.client(client_id_of(request))
        if client is None:
            raise NotFound
        return client

    def _page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        client: Client,
        view: FormView,
        again: FormErrors | None = None,
    ) -> Response:
        return self.frame.show(
            request,
            browser_request,
            _PAGES[request.url.path.rpartition("/")[2]],
            again=again,
            section="admin-apps-one",
            client=client,
            form=view,
        )


def _numbers(form: Form) -> tuple[int, int]:
    faults, found = Faults(), list[int]()
    for name in _FIELDS:
        with faults.collected():
            found.append(_number(name, form.one(name).strip()))
    faults.check()
    tokens, requests = found
    return tokens, requests


def _number(name: str, text: str) -> int:
    if not text:
        return 0
    if not text.isascii() or not text.isdecimal() or len(text) > 8 or int(text) > MOST_PER_MINUTE:
        raise InvalidInput(
            name, N_("Enter a whole number of at most %(most)s.", most=MOST_PER_MINUTE)
        )
    return int(text)


def _errors(refusal: Exception) -> FormErrors:
    if isinstance(refusal, InvalidMetadata | ChangedMeanwhile):
        return field_errors(refusal).without_fields()
    if isinstance(refusal, REFUSALS):
        return form_errors(refusal)
    raise refusal
