"""/admin: the health of the server; and /admin/settings: the settings in force."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.pages.admin.frame import ADMIN, AdminFrame
from quantimodo.pages.page_context import Endpoint


@dataclass(frozen=True, slots=True)
class HealthLine:
    """One check of the health. `text` is in English, as in `quantimodo doctor`."""

    state: Literal["ok", "warning", "fault"]
    what: str
    text: str


@dataclass(frozen=True, slots=True)
class SettingLine:
    """A setting in force, without its secrets, and its source."""

    name: str
    value: str
    origin: str

    @property
    def by_default(self) -> bool:
        """Whether it has its default."""
        return self.origin == "default"


class SettingsReport(Protocol):
    """The settings in force, for the pages."""

    async def lines(self) -> Sequence[SettingLine]:
        """Every setting, with its source."""

    async def are_old(self) -> bool:
        """Whether a set-up file has changed them since the start, so that a restart is needed."""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What is fixed while the server runs."""

    version: str
    python: str
    database: str
    schema: str


@dataclass(frozen=True, slots=True)
class AdminOverview:
    frame: AdminFrame
    facts: ServerFacts
    health: Callable[[], Awaitable[Sequence[HealthLine]]]
    settings: SettingsReport

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), ADMIN, self.show),
            (("GET",), f"{ADMIN}/settings", self.show_settings),
        ]

    async def show(self, request: Request) -> Response:
        """GET /admin."""
        browser_request = await self.frame.visit(request)
        return self.frame.show(
            request,
            browser_request,
            "admin_overview.html",
            section="admin",
            facts=self.facts,
            health=await self.health(),
        )

    async def show_settings(self, request: Request) -> Response:
        """GET /admin/settings: those that are set; with `?all=1` all of them."""
        browser_request = await self.frame.visit(request)
        everything = request.query_params.get("all") == "1"
        lines = await self.settings.lines()
        return self.frame.show(
            request,
            browser_request,
            "admin_settings.html",
            section="admin-settings",
            everything=everything,
            are_old=await self.settings.are_old(),
            lines=[line for line in lines if everything or not line.by_default],
        )
