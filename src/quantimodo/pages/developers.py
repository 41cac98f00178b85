"""The developer portal: a person's own applications. For those of others the response is 404."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.second_factor_check import SecondFactorCheck
from quantimodo.clients.errors import ChangedMeanwhile, InvalidMetadata
from quantimodo.clients.registry import Registry
from quantimodo.http.errors import NotFound
from quantimodo.model.clients import Client
from quantimodo.model.texts import N_
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.client_form import (
    BLANK,
    LABELS,
    SECTIONS,
    field_errors,
    sentence,
    submitted,
    submitted_view,
    view_of,
)
from quantimodo.pages.form_errors import FormErrors, error_view
from quantimodo.pages.forms import Form, FormView
from quantimodo.pages.page_context import Endpoint, PageContext
from quantimodo.pages.secret_once import SecretPage
from quantimodo.pages.snippets import authorize_example, token_example
from quantimodo.ports.client_stores import ClientStore
from quantimodo.protocol.scopes import SCOPES
from quantimodo.protocol.security_profiles import standing

OVERLAPS: Final = (
    ("0", N_("At once"), timedelta(0)),
    ("1h", N_("In 1 hour"), timedelta(hours=1)),
    ("24h", N_("In 24 hours"), timedelta(hours=24)),
    ("7d", N_("In 7 days"), timedelta(days=7)),
)


@dataclass(frozen=True, slots=True)
class Developers:
    page_context: PageContext
    registry: Registry
    clients: ClientStore
    secrets: SecretPage
    second_factors: SecondFactorCheck
    issuer: str

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), "/developers", self.show),
            (("GET",), "/developers/new", self.new),
            (("POST",), "/developers/new", self.create),
            (("GET",), "/developers/{client_id}", self.one),
            (("POST",), "/developers/{client_id}", self.edit),
            (("POST",), "/developers/{client_id}/logo", self.set_logo),
            (("GET",), "/developers/{client_id}/secret", self.secret),
            (("POST",), "/developers/{client_id}/secret", self.rotate),
            (("GET",), "/developers/{client_id}/delete", self.confirm_delete),
            (("POST",), "/developers/{client_id}/delete", self.delete),
        ]

    async def show(self, request: Request) -> Response:
        """GET /developers."""
        browser_request = await self.page_context.browser_request(request)
        owned = await self.registry.owned(browser_request.required().user.id)
        apps = [(client, await self._has_logo(client)) for client in owned]
        return self.page_context.show(
            request, browser_request, "developers.html", section="developers", apps=apps
        )

    async def new(self, request: Request) -> Response:
        """GET /developers/new."""
        browser_request = await self.page_context.browser_request(request)
        await self.second_factors.require_for_apps(browser_request.required().user)
        return self._new_page(request, browser_request, BLANK)

    async def create(self, request: Request) -> Response:
        """POST /developers/new: registers, then shows the secret once on the next page."""
        browser_request, form = await self.page_context.posted(request)
        owner_id = browser_request.required().user.id
        await self.second_factors.require_for_apps(browser_request.required().user)
        try:
            registered = await self.registry.register(submitted(form), owner_id=owner_id)
        except InvalidMetadata as refusal:
            again = field_errors(refusal)
            return self._new_page(request, browser_request, submitted_view(form, again), again)
        response = self.page_context.go(f"/developers/{registered.client.id}")
        return self.secrets.attach(response, browser_request, registered)

    async def one(self, request: Request) -> Response:
        """GET /developers/{client_id}."""
        browser_request = await self.page_context.browser_request(request)
        client = await self._own(request, browser_request)
        return await self._page(request, browser_request, client, view_of(client))

    async def edit(self, request: Request) -> Response:
        """POST /developers/{client_id}."""
        browser_request, form, client = await self._posted(request)
        try:
            _check_revision(client, form)
            await self.registry.edit(client, submitted(form, client))
        except (InvalidMetadata, ChangedMeanwhile) as refusal:
            again = field_errors(refusal)
            return await self._page(
                request, browser_request, client, submitted_view(form, again), again
            )
        return self.page_context.go(f"/developers/{client.id}", "client-saved")

    async def set_logo(self, request: Request) -> Response:
        """POST /developers/{client_id}/logo: a picture, or none to drop it."""
        browser_request, form, client = await self._posted(request)
        dropped = form.one("action") == "remove"
        try:
            await self.registry.set_logo(client, None if dropped else form.files.get("logo", b""))
        except (InvalidMetadata, ChangedMeanwhile) as refusal:
            again = field_errors(refusal)
            view = view_of(client, again.errors)
            return await self._page(request, browser_request, client, view, again)
        notice = "logo-removed" if dropped else "logo-saved"
        return self.page_context.go(f"/developers/{client.id}", notice)

    async def secret(self, request: Request) -> Response:
        """GET /developers/{client_id}/secret: a new secret, and how long the old one works."""
        browser_request = await self.page_context.browser_request(request)
        client = await self._own(request, browser_request)
        return self._secret_page(request, browser_request, client)

    async def rotate(self, request: Request) -> Response:
        """POST /developers/{client_id}/secret."""
        browser_request, form, client = await self._posted(request)
        chosen = form.one("overlap")
        overlap = next((span for name, _, span in OVERLAPS if name == chosen), None)
        if overlap is None:
            again = FormErrors(422, {"overlap": N_("Choose when the old secret stops working.")})
            return self._secret_page(request, browser_request, client, again)
        try:
            registered = await self.registry.rotate_secret(client, overlap=overlap)
        except (InvalidMetadata, ChangedMeanwhile) as refusal:
            return self._secret_page(request, browser_request, client, field_errors(refusal))
        response = self.page_context.go(f"/developers/{client.id}")
        return self.secrets.attach(response, browser_request, registered)

    async def confirm_delete(self, request: Request) -> Response:
        """GET /developers/{client_id}/delete: what ends with the application."""
        browser_request = await self.page_context.browser_request(request)
        client = await self._own(request, browser_request)
        return self.page_context.show(
            request,
            browser_request,
            "developers_delete.html",
            section="developers-one",
            client=client,
        )

    async def delete(self, request: Request) -> Response:
        """POST /developers/{client_id}/delete."""
        _, _, client = await self._posted(request)
        await self.registry.delete(client)
        return self.page_context.go("/developers", "client-deleted")

    async def _posted(self, request: Request) -> tuple[BrowserRequest, Form, Client]:
        browser_request, form = await self.page_context.posted(request)
        client = await self._own(request, browser_request)
        await self.second_factors.require_for_apps(browser_request.required().user)
        return browser_request, form, client

    async def _own(self, request: Request, browser_request: BrowserRequest) -> Client:
        client_id: str = request.path_params["client_id"]
        client = await self.registry.owned_one(browser_request.required().user.id, client_id)
        if client is None:
            raise NotFound
        return client

    async def _has_logo(self, client: Client) -> bool:
        return await self.clients.logo(client.id) is not None

    async def _page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        client: Client,
        view: FormView,
        again: FormErrors | None = None,
    ) -> Response:
        secret = self.secrets.shown(request, browser_request, client)
        profile = standing(client)
        response = self.page_context.show(
            request,
            browser_request,
            "developers_one.html",
            again=again,
            section="developers-one",
            client=client,
            has_logo=await self._has_logo(client),
            secret=secret,
            authorize_url=authorize_example(self.issuer, client),
            token_call=token_example(self.issuer, client),
            standing=profile,
            missing=[sentence(text) for text in profile.missing],
            scopes=_scope_lines(),
            labels=LABELS,
            sections=SECTIONS,
            form=view,
        )
        return self.secrets.forget(response) if secret else response

    def _new_page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        view: FormView,
        again: FormErrors | None = None,
    ) -> Response:
        browser_request.required()
        return self.page_context.show(
            request,
            browser_request,
            "developers_new.html",
            again=again,
            section="developers-new",
            scopes=_scope_lines(),
            labels=LABELS,
            sections=SECTIONS,
            form=view,
        )

    def _secret_page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        client: Client,
        again: FormErrors | None = None,
    ) -> Response:
        return self.page_context.show(
            request,
            browser_request,
            "developers_secret.html",
            again=again,
            section="developers-one",
            client=client,
            overlaps=[(name, words) for name, words, _ in OVERLAPS],
            form=error_view(again),
        )


def _scope_lines() -> Sequence[tuple[str, str, str]]:
    return [(name, text.title, text.description) for name, text in SCOPES.items()]


def _check_revision(client: Client, form: Form) -> None:
    """Refuse the form if the application changed after the page was opened."""
    if form.one("revision") != str(client.revision):
        raise ChangedMeanwhile
