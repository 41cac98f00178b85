"""The developer portal: a person's own applications. Somebody else's do not exist here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.clients.errors import ChangedMeanwhile, InvalidMetadata
from quantimodo.clients.registry import Registry
from quantimodo.model.clients import Client
from quantimodo.pages.browser import Visit
from quantimodo.pages.client_form import (
    BLANK,
    LABELS,
    faults_told,
    registration_of,
    view_of,
    wish_view,
)
from quantimodo.pages.desk import Desk, NotHere
from quantimodo.pages.forms import Form, FormView
from quantimodo.pages.refusals import Told
from quantimodo.pages.secrets_shown import SecretsShown
from quantimodo.pages.snippets import authorize_example, token_example
from quantimodo.ports.stores import ClientStore
from quantimodo.protocol.scopes import SCOPES

OVERLAPS: Final = (
    ("0", "At once", timedelta(0)),
    ("1h", "In 1 hour", timedelta(hours=1)),
    ("24h", "In 24 hours", timedelta(hours=24)),
    ("7d", "In 7 days", timedelta(days=7)),
)


@dataclass(frozen=True, slots=True)
class Developers:
    desk: Desk
    registry: Registry
    clients: ClientStore
    secrets: SecretsShown
    issuer: str

    async def show(self, request: Request) -> Response:
        """GET /developers."""
        visit = await self.desk.visit(request)
        owned = await self.registry.owned(visit.required().user.id)
        apps = [(client, await self._has_logo(client)) for client in owned]
        return self.desk.show(request, visit, "developers.html", section="developers", apps=apps)

    async def new(self, request: Request) -> Response:
        """GET /developers/new."""
        visit = await self.desk.visit(request)
        return self._new_page(request, visit, BLANK)

    async def create(self, request: Request) -> Response:
        """POST /developers/new: registers, then shows the secret once on the next page."""
        visit, form = await self.desk.posted(request)
        owner_id = visit.required().user.id
        try:
            registered = await self.registry.register(registration_of(form), owner_id=owner_id)
        except InvalidMetadata as refusal:
            again = faults_told(refusal)
            return self._new_page(request, visit, wish_view(form, again), again)
        response = self.desk.go(f"/developers/{registered.client.id}")
        return self.secrets.hand_over(response, visit, registered)

    async def one(self, request: Request) -> Response:
        """GET /developers/{client_id}."""
        visit = await self.desk.visit(request)
        client = await self._own(request, visit)
        return await self._page(request, visit, client, view_of(client))

    async def edit(self, request: Request) -> Response:
        """POST /developers/{client_id}."""
        visit, form, client = await self._posted(request)
        try:
            _check_revision(client, form)
            await self.registry.edit(client, registration_of(form, client))
        except (InvalidMetadata, ChangedMeanwhile) as refusal:
            again = faults_told(refusal)
            return await self._page(request, visit, client, wish_view(form, again), again)
        return self.desk.go(f"/developers/{client.id}", "client-saved")

    async def set_logo(self, request: Request) -> Response:
        """POST /developers/{client_id}/logo: a picture, or none to drop it."""
        visit, form, client = await self._posted(request)
        dropped = form.one("action") == "remove"
        try:
            await self.registry.set_logo(client, None if dropped else form.files.get("logo", b""))
        except InvalidMetadata as refusal:
            again = faults_told(refusal)
            view = view_of(client, again.errors)
            return await self._page(request, visit, client, view, again)
        notice = "logo-removed" if dropped else "logo-saved"
        return self.desk.go(f"/developers/{client.id}", notice)

    async def secret(self, request: Request) -> Response:
        """GET /developers/{client_id}/secret: a new secret, and how long the old one works."""
        visit = await self.desk.visit(request)
        client = await self._own(request, visit)
        return self._secret_page(request, visit, client)

    async def rotate(self, request: Request) -> Response:
        """POST /developers/{client_id}/secret."""
        visit, form, client = await self._posted(request)
        chosen = form.one("overlap")
        overlap = next((span for name, _, span in OVERLAPS if name == chosen), None)
        if overlap is None:
            again = Told(422, {"overlap": "Choose when the old secret stops working."})
            return self._secret_page(request, visit, client, again)
        try:
            registered = await self.registry.rotate_secret(client, overlap=overlap)
        except (InvalidMetadata, ChangedMeanwhile) as refusal:
            return self._secret_page(request, visit, client, faults_told(refusal))
        response = self.desk.go(f"/developers/{client.id}")
        return self.secrets.hand_over(response, visit, registered)

    async def farewell(self, request: Request) -> Response:
        """GET /developers/{client_id}/delete: tells what ends."""
        visit = await self.desk.visit(request)
        client = await self._own(request, visit)
        return self.desk.show(
            request, visit, "developers_delete.html", section="developers-one", client=client
        )

    async def delete(self, request: Request) -> Response:
        """POST /developers/{client_id}/delete."""
        _, _, client = await self._posted(request)
        await self.registry.delete(client)
        return self.desk.go("/developers", "client-deleted")

    async def _posted(self, request: Request) -> tuple[Visit, Form, Client]:
        visit, form = await self.desk.posted(request)
        return visit, form, await self._own(request, visit)

    async def _own(self, request: Request, visit: Visit) -> Client:
        client_id: str = request.path_params["client_id"]
        client = await self.registry.owned_one(visit.required().user.id, client_id)
        if client is None:
            raise NotHere
        return client

    async def _has_logo(self, client: Client) -> bool:
        return await self.clients.logo(client.id) is not None

    async def _page(
        self,
        request: Request,
        visit: Visit,
        client: Client,
        view: FormView,
        again: Told | None = None,
    ) -> Response:
        secret = self.secrets.shown(request, visit, client)
        response = self.desk.show(
            request,
            visit,
            "developers_one.html",
            again=again,
            section="developers-one",
            client=client,
            has_logo=await self._has_logo(client),
            secret=secret,
            authorize_url=authorize_example(self.issuer, client),
            token_call=token_example(self.issuer, client),
            scopes=_scope_lines(),
            labels=LABELS,
            form=view,
        )
        return self.secrets.forget(response) if secret else response

    def _new_page(
        self, request: Request, visit: Visit, view: FormView, again: Told | None = None
    ) -> Response:
        visit.required()
        return self.desk.show(
            request,
            visit,
            "developers_new.html",
            again=again,
            section="developers-new",
            scopes=_scope_lines(),
            labels=LABELS,
            form=view,
        )

    def _secret_page(
        self, request: Request, visit: Visit, client: Client, again: Told | None = None
    ) -> Response:
        return self.desk.show(
            request,
            visit,
            "developers_secret.html",
            again=again,
            section="developers-one",
            client=client,
            overlaps=[(name, words) for name, words, _ in OVERLAPS],
            form=FormView(errors=again.errors) if again else FormView(),
        )


def _scope_lines() -> Sequence[tuple[str, str, str]]:
    return [(name, text.title, text.description) for name, text in SCOPES.items()]


def _check_revision(client: Client, form: Form) -> None:
    """A page that was opened before somebody else saved is not saved over that."""
    if form.one("revision") != str(client.revision):
        raise ChangedMeanwhile
