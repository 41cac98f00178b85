"""The tabs of an application with the fields of its registration, and the one that deletes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.clients.errors import ChangedMeanwhile, InvalidMetadata
from quantimodo.clients.registry import Registry
from quantimodo.clients.teams import acting
from quantimodo.model.clients import Client
from quantimodo.pages.form_errors import FormErrors
from quantimodo.pages.forms import Form, FormView
from quantimodo.pages.new_secret_cookie import NewSecretCookie
from quantimodo.pages.page_context import Endpoint
from quantimodo.pages.portal.app_pages import APP, AppPages, OpenedApp
from quantimodo.pages.portal.apps import scope_lines
from quantimodo.pages.portal.client_form import (
    LABELS,
    FieldTab,
    address_of_field,
    field_errors,
    in_tab,
    sections_of,
    sentence,
    submitted,
    submitted_view,
    view_of,
)
from quantimodo.pages.portal.snippets import first_requests
from quantimodo.protocol.security_profiles import (
    MissingRequirement,
    SecurityProfile,
    checklist,
    profile_status,
)

_TEMPLATES: Final[dict[FieldTab, str]] = {
    "sign-in": "developers_sign_in.html",
    "scopes": "developers_fields.html",
    "branding": "developers_branding.html",
    "keys": "developers_keys.html",
}


@dataclass(frozen=True, slots=True)
class AppSettings:
    app_pages: AppPages
    registry: Registry
    secrets: NewSecretCookie
    issuer: str

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), APP, self.overview),
            (("GET",), f"{APP}/sign-in", self.sign_in),
            (("POST",), f"{APP}/sign-in", self.save_sign_in),
            (("GET",), f"{APP}/scopes", self.scopes),
            (("POST",), f"{APP}/scopes", self.save_scopes),
            (("GET",), f"{APP}/branding", self.branding),
            (("POST",), f"{APP}/branding", self.save_branding),
            (("POST",), f"{APP}/logo", self.set_logo),
            (("GET",), f"{APP}/keys", self.keys),
            (("POST",), f"{APP}/keys", self.save_keys),
            (("GET",), f"{APP}/danger", self.danger),
            (("POST",), f"{APP}/danger", self.delete),
        ]

    async def overview(self, request: Request) -> Response:
        """GET APP: the credentials, and a first request."""
        opened = await self.app_pages.opened(request)
        client = opened.client
        secret = self.secrets.read_client_secret(request, opened.browser_request, client)
        response = await self.app_pages.show(
            opened,
            "overview",
            "developers_overview.html",
            secret=secret,
            steps=first_requests(self.issuer, client),
            profile_status=profile_status(client),
        )
        return self.secrets.clear(response) if secret else response

    async def sign_in(self, request: Request) -> Response:
        """GET APP/sign-in."""
        return await self._tab(request, "sign-in")

    async def save_sign_in(self, request: Request) -> Response:
        """POST APP/sign-in."""
        return await self._save(request, "sign-in")

    async def scopes(self, request: Request) -> Response:
        """GET APP/scopes."""
        return await self._tab(request, "scopes")

    async def save_scopes(self, request: Request) -> Response:
        """POST APP/scopes."""
        return await self._save(request, "scopes")

    async def branding(self, request: Request) -> Response:
        """GET APP/branding."""
        return await self._tab(request, "branding")

    async def save_branding(self, request: Request) -> Response:
        """POST APP/branding."""
        return await self._save(request, "branding")

    async def keys(self, request: Request) -> Response:
        """GET APP/keys."""
        return await self._tab(request, "keys")

    async def save_keys(self, request: Request) -> Response:
        """POST APP/keys."""
        return await self._save(request, "keys")

    async def set_logo(self, request: Request) -> Response:
        """POST APP/logo: a picture, or none to drop it."""
        opened, form = await self.app_pages.posted(request)
        client = opened.client
        dropped = form.one("action") == "remove"
        try:
            await acting(self.registry, opened.user_id).set_logo(
                client, None if dropped else form.files.get("logo", b"")
            )
        except (InvalidMetadata, ChangedMeanwhile) as refusal:
            again = field_errors(refusal)
            return await self._page(opened, "branding", view_of(client, again.errors), again)
        notice = "logo-removed" if dropped else "logo-saved"
        return self.app_pages.go(client, "/branding", notice)

    async def danger(self, request: Request) -> Response:
        """GET APP/danger: what ends with the application."""
        opened = await self.app_pages.opened(request)
        return await self.app_pages.show(opened, "danger", "developers_danger.html")

    async def delete(self, request: Request) -> Response:
        """POST APP/danger."""
        opened, _ = await self.app_pages.posted(request)
        opened.require_owner()
        await acting(self.registry, opened.user_id).delete(opened.client)
        return self.app_pages.page_context.go("/developers", "client-deleted")

    async def _tab(self, request: Request, tab: FieldTab) -> Response:
        opened = await self.app_pages.opened(request)
        return await self._page(opened, tab, view_of(opened.client))

    async def _save(self, request: Request, tab: FieldTab) -> Response:
        opened, form = await self.app_pages.posted(request)
        client = opened.client
        try:
            _check_revision(client, form)
            await acting(self.registry, opened.user_id).change(client, submitted(form, client, tab))
        except (InvalidMetadata, ChangedMeanwhile) as refusal:
            again = in_tab(field_errors(refusal), tab)
            return await self._page(opened, tab, submitted_view(form, again, tab), again)
        return self.app_pages.go(client, f"/{tab}", "client-saved")

    async def _page(
        self, opened: OpenedApp, tab: FieldTab, view: FormView, again: FormErrors | None = None
    ) -> Response:
        return await self.app_pages.show(
            opened,
            tab,
            _TEMPLATES[tab],
            again=again,
            labels=LABELS,
            sections=sections_of(tab),
            scopes=scope_lines(),
            profile_status=profile_status(opened.client),
            checks=[_Check.of(*each) for each in checklist(opened.client)],
            form=view,
        )


@dataclass(frozen=True, slots=True)
class _Check:
    """A security profile and what is missing for it: sentences, each with the address and the label
    of the field that fixes it, or empty."""

    title: str
    missing: Sequence[tuple[str, str, str]]

    @classmethod
    def of(cls, profile: SecurityProfile, missing: Sequence[MissingRequirement]) -> "_Check":
        return cls(
            profile.title,
            [
                (sentence(text), address_of_field(field), LABELS.get(field, ""))
                for field, text in missing
            ],
        )


def _check_revision(client: Client, form: Form) -> None:
    """Refuse the form if the application changed after the page was opened."""
    if form.one("revision") != str(client.revision):
        raise ChangedMeanwhile
