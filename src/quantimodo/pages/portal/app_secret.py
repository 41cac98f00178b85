"""Rotates the secret of an application; the previous one can stay valid for a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.clients.errors import ChangedMeanwhile, InvalidMetadata
from quantimodo.clients.registry import Registry
from quantimodo.clients.teams import acting
from quantimodo.model.texts import N_
from quantimodo.pages.form_errors import FormErrors, error_view
from quantimodo.pages.new_secret_cookie import NewSecretCookie
from quantimodo.pages.page_context import Endpoint
from quantimodo.pages.portal.app_pages import APP, AppPages, OpenedApp
from quantimodo.pages.portal.client_form import field_errors

OVERLAPS: Final = (
    ("0", N_("At once"), timedelta(0)),
    ("1h", N_("In 1 hour"), timedelta(hours=1)),
    ("24h", N_("In 24 hours"), timedelta(hours=24)),
    ("7d", N_("In 7 days"), timedelta(days=7)),
)


@dataclass(frozen=True, slots=True)
class AppSecret:
    app_pages: AppPages
    registry: Registry
    secrets: NewSecretCookie

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), f"{APP}/secret", self.show),
            (("POST",), f"{APP}/secret", self.rotate),
        ]

    async def show(self, request: Request) -> Response:
        """GET APP/secret."""
        return await self._page(await self.app_pages.opened(request))

    async def rotate(self, request: Request) -> Response:
        """POST APP/secret."""
        opened, form = await self.app_pages.posted(request)
        client, chosen = opened.client, form.one("overlap")
        overlap = next((span for name, _, span in OVERLAPS if name == chosen), None)
        if overlap is None:
            again = FormErrors(422, {"overlap": N_("Choose when the old secret stops working.")})
            return await self._page(opened, again)
        try:
            registry = acting(self.registry, opened.user_id)
            registered = await registry.rotate_secret(client, overlap=overlap)
        except (InvalidMetadata, ChangedMeanwhile) as refusal:
            return await self._page(opened, field_errors(refusal))
        response = self.app_pages.go(client)
        return self.secrets.set_client_secret(response, opened.browser_request, registered)

    async def _page(self, opened: OpenedApp, again: FormErrors | None = None) -> Response:
        return await self.app_pages.show(
            opened,
            "keys",
            "developers_secret.html",
            again=again,
            overlaps=[(name, words) for name, words, _ in OVERLAPS],
            form=error_view(again),
        )
