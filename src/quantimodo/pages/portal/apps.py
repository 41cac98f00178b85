"""The developer portal: the applications that a person manages, and the form of a new one."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.second_factors.check import SecondFactorCheck
from quantimodo.clients.errors import InvalidMetadata
from quantimodo.clients.registry import Registry
from quantimodo.clients.teams import Teams
from quantimodo.model.clients import Client
from quantimodo.model.texts import N_
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import FormErrors
from quantimodo.pages.forms import FormView
from quantimodo.pages.new_secret_cookie import NewSecretCookie
from quantimodo.pages.page_context import Endpoint, PageContext
from quantimodo.pages.portal.app_pages import app_path
from quantimodo.pages.portal.client_form import LABELS, field_errors
from quantimodo.pages.portal.new_app import NEW, chosen_kind, kinds_for, new_registration, new_view
from quantimodo.ports.client_stores import ClientStore
from quantimodo.protocol.scopes import SCOPES


@dataclass(frozen=True, slots=True)
class Developers:
    page_context: PageContext
    registry: Registry
    clients: ClientStore
    secrets: NewSecretCookie
    second_factors: SecondFactorCheck
    teams: Teams

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), "/developers", self.show),
            (("GET",), "/developers/new", self.new),
            (("POST",), "/developers/new", self.create),
        ]

    async def show(self, request: Request) -> Response:
        """GET /developers."""
        browser_request = await self.page_context.browser_request(request)
        user_id = browser_request.required().user.id
        managed = [*await self.registry.owned(user_id), *await self.teams.managed(user_id)]
        apps = [(client, app_path(client), await self._has_logo(client)) for client in managed]
        return self.page_context.show(
            request, browser_request, "developers.html", section="developers", apps=apps
        )

    async def new(self, request: Request) -> Response:
        """GET /developers/new."""
        browser_request = await self.page_context.browser_request(request)
        await self.second_factors.require_for_apps(browser_request.required().user)
        return self._new_page(request, browser_request, NEW)

    async def create(self, request: Request) -> Response:
        """POST /developers/new: registers, then shows the secret once on the next page."""
        browser_request, form = await self.page_context.posted(request)
        user = browser_request.required().user
        await self.second_factors.require_for_apps(user)
        kind = chosen_kind(form, kinds_for(administrator=user.administrator))
        if kind is None:
            again = FormErrors(422, {"kind": N_("Choose what it is.")})
            return self._new_page(request, browser_request, new_view(form, again), again)
        try:
            registered = await self.registry.register(
                new_registration(form, kind), owner_id=user.id, by_operator=kind.for_operator
            )
        except InvalidMetadata as refusal:
            again = field_errors(refusal)
            return self._new_page(request, browser_request, new_view(form, again), again)
        response = self.page_context.go(app_path(registered.client))
        return self.secrets.set_client_secret(response, browser_request, registered)

    async def _has_logo(self, client: Client) -> bool:
        return await self.clients.logo(client.id) is not None

    def _new_page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        view: FormView,
        again: FormErrors | None = None,
    ) -> Response:
        user = browser_request.required().user
        return self.page_context.show(
            request,
            browser_request,
            "developers_new.html",
            again=again,
            section="developers-new",
            kinds=kinds_for(administrator=user.administrator),
            scopes=scope_lines(),
            labels={**LABELS, "kind": N_("Kind")},
            form=view,
        )


def scope_lines() -> Sequence[tuple[str, str, str]]:
    """The name, the title and the description of each scope."""
    return [(name, text.title, text.description) for name, text in SCOPES.items()]
