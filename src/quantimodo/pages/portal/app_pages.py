"""What the pages of one application share: who may open them, the table of tabs, and the layout.

To add a tab, add a line to `TABS`, and a page whose template extends `developers_app_layout.html`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.second_factors.check import SecondFactorCheck
from quantimodo.clients.teams import Teams
from quantimodo.http.errors import NotFound
from quantimodo.model.client_members import ClientRole
from quantimodo.model.clients import Client
from quantimodo.model.texts import N_
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import FormErrors
from quantimodo.pages.forms import Form
from quantimodo.pages.page_context import PageContext
from quantimodo.ports.client_stores import ClientStore

APP: Final = "/developers/apps/{client_id}"
"""The path of an application's first tab, as a route."""


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab: `path` follows the path of the application."""

    name: str
    path: str
    title: str


TABS: Final[Sequence[Tab]] = (
    Tab("overview", "", N_("Overview")),
    Tab("try", "/try", N_("Try it")),
    Tab("guides", "/guides", N_("Guides")),
    Tab("sign-in", "/sign-in", N_("Sign-in")),
    Tab("scopes", "/scopes", N_("Scopes")),
    Tab("branding", "/branding", N_("Branding")),
    Tab("keys", "/keys", N_("Keys")),
    Tab("webhooks", "/webhooks", N_("Webhooks")),
    Tab("log", "/log", N_("Log")),
    Tab("usage", "/usage", N_("Usage")),
    Tab("team", "/team", N_("Team")),
    Tab("danger", "/danger", N_("Danger")),
)


@dataclass(frozen=True, slots=True)
class OpenedApp:
    """An application, the request for one of its pages, and the role of the person in its team."""

    request: Request
    browser_request: BrowserRequest
    client: Client
    role: ClientRole

    @property
    def user_id(self) -> int:
        """The person who sent the request."""
        return self.browser_request.required().user.id

    def require_owner(self) -> None:
        """Raises `NotFound` for a developer: pages of owners do not exist for others."""
        if self.role != "owner":
            raise NotFound


@dataclass(frozen=True, slots=True)
class AppPages:
    """Opens an application for a person who may manage it, and shows its pages."""

    page_context: PageContext
    clients: ClientStore
    teams: Teams
    second_factors: SecondFactorCheck

    async def opened(self, request: Request) -> OpenedApp:
        """The application of this request. Raises `NotFound`, also for an application of other
        people."""
        browser_request = await self.page_context.browser_request(request)
        return await self._opened(request, browser_request)

    async def posted(self, request: Request) -> tuple[OpenedApp, Form]:
        """The application and the form of this request. Members need a second factor if the
        settings require it. Also raises what `PageContext.posted` raises."""
        browser_request, form = await self.page_context.posted(request)
        opened = await self._opened(request, browser_request)
        await self.second_factors.require_for_apps(browser_request.required().user)
        return opened, form

    async def show(
        self,
        opened: OpenedApp,
        tab: str,
        template: str,
        *,
        again: FormErrors | None = None,
        **context: Any,
    ) -> Response:
        """The page of the tab called `tab`. `again`: as in `PageContext.show`."""
        client = opened.client
        return self.page_context.show(
            opened.request,
            opened.browser_request,
            template,
            again=again,
            section="developers-one",
            client=client,
            role=opened.role,
            has_logo=await self.clients.logo(client.id) is not None,
            tabs=TABS,
            tab=tab,
            app_path=app_path(client),
            **context,
        )

    def go(self, client: Client, path: str = "", notice: str = "") -> Response:
        """Redirect to a page of the application."""
        return self.page_context.go(app_path(client) + path, notice)

    async def _opened(self, request: Request, browser_request: BrowserRequest) -> OpenedApp:
        client_id: str = request.path_params["client_id"]
        user = browser_request.required().user
        client = await self.clients.client(client_id)
        role = None if client is None else await self.teams.role_of(client, user.id)
        if client is None or role is None:
            raise NotFound
        return OpenedApp(request, browser_request, client, role)


def app_path(client: Client) -> str:
    """The path of the application's first tab."""
    return APP.format(client_id=quote(client.id, safe=""))
