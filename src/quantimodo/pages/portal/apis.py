"""The developer portal: a person's own APIs (RFC 8707). For those of others the response is 404."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.second_factors.check import SecondFactorCheck
from quantimodo.clients.errors import ChangedMeanwhile, InvalidMetadata
from quantimodo.clients.resources import ResourceRegistry
from quantimodo.http.errors import NotFound
from quantimodo.model.resources import Resource
from quantimodo.model.texts import N_
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import FormErrors
from quantimodo.pages.forms import Form, FormView
from quantimodo.pages.page_context import Endpoint, PageContext
from quantimodo.pages.portal.client_form import field_errors
from quantimodo.protocol.resource_registration import (
    ResourceRegistration,
    format_scope_line,
    parse_scope_line,
    resource_metadata,
)

LABELS: Final = {
    "identifier": N_("Address"),
    "name": N_("Name"),
    "scopes": N_("Scopes"),
    "introspected_by": N_("Applications that introspect its tokens"),
    "clients": N_("Applications that may use it"),
    "token_format": N_("Format of access tokens"),
    "token_lifetime": N_("Longest lifetime of access tokens"),
    "documentation_uri": N_("Documentation"),
}
_LIFETIMES: Final = ("", "60", "300", "600", "1800", "3600")
_BLANK: Final = FormView({"token_format": "jwt", "token_lifetime": ""})


@dataclass(frozen=True, slots=True)
class Apis:
    page_context: PageContext
    registry: ResourceRegistry
    second_factors: SecondFactorCheck
    issuer: str

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), "/developers/apis", self.show),
            (("GET",), "/developers/apis/new", self.new),
            (("POST",), "/developers/apis/new", self.create),
            (("GET",), "/developers/apis/{number}", self.one),
            (("POST",), "/developers/apis/{number}", self.edit),
            (("POST",), "/developers/apis/{number}/remove", self.remove),
        ]

    async def show(self, request: Request) -> Response:
        """GET /developers/apis."""
        browser_request = await self.page_context.browser_request(request)
        owned = await self.registry.owned(browser_request.required().user.id)
        return self.page_context.show(
            request, browser_request, "apis.html", section="developers-apis", apis=owned
        )

    async def new(self, request: Request) -> Response:
        """GET /developers/apis/new."""
        browser_request = await self.page_context.browser_request(request)
        await self.second_factors.require_for_apps(browser_request.required().user)
        return self._page(request, browser_request, None, _BLANK)

    async def create(self, request: Request) -> Response:
        """POST /developers/apis/new."""
        browser_request, form = await self.page_context.posted(request)
        user = browser_request.required().user
        await self.second_factors.require_for_apps(user)
        try:
            added = await self.registry.register(
                form.one("identifier").strip(), _submitted(form), owner_id=user.id
            )
        except InvalidMetadata as refusal:
            return self._again(request, browser_request, None, (form, refusal))
        return self.page_context.go(f"/developers/apis/{added.id}", "api-saved")

    async def one(self, request: Request) -> Response:
        """GET /developers/apis/{number}."""
        browser_request = await self.page_context.browser_request(request)
        resource = await self._own(request, browser_request)
        return self._page(request, browser_request, resource, _view_of(resource))

    async def edit(self, request: Request) -> Response:
        """POST /developers/apis/{number}."""
        browser_request, form, resource = await self._posted(request)
        try:
            if form.one("revision") != str(resource.revision):
                raise ChangedMeanwhile
            await self.registry.change(resource, _submitted(form, resource))
        except (InvalidMetadata, ChangedMeanwhile) as refusal:
            return self._again(request, browser_request, resource, (form, refusal))
        return self.page_context.go(f"/developers/apis/{resource.id}", "api-saved")

    async def remove(self, request: Request) -> Response:
        """POST /developers/apis/{number}/remove."""
        _, _, resource = await self._posted(request)
        await self.registry.delete(resource)
        return self.page_context.go("/developers/apis", "api-removed")

    async def _posted(self, request: Request) -> tuple[BrowserRequest, Form, Resource]:
        browser_request, form = await self.page_context.posted(request)
        resource = await self._own(request, browser_request)
        await self.second_factors.require_for_apps(browser_request.required().user)
        return browser_request, form, resource

    async def _own(self, request: Request, browser_request: BrowserRequest) -> Resource:
        number: str = request.path_params["number"]
        owner_id = browser_request.required().user.id
        owned = await self.registry.owned(owner_id)
        resource = next((each for each in owned if str(each.id) == number), None)
        if resource is None:
            raise NotFound
        return resource

    def _again(
        self,
        request: Request,
        browser_request: BrowserRequest,
        resource: Resource | None,
        sent: tuple[Form, InvalidMetadata | ChangedMeanwhile],
    ) -> Response:
        form, refusal = sent
        again = field_errors(refusal)
        view = again.view(form, *LABELS, "revision")
        return self._page(request, browser_request, resource, view, again)

    def _page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        resource: Resource | None,
        view: FormView,
        again: FormErrors | None = None,
    ) -> Response:
        metadata = None if resource is None else resource_metadata(resource, self.issuer)
        return self.page_context.show(
            request,
            browser_request,
            "apis_one.html",
            again=again,
            section="developers-apis",
            api=resource,
            metadata=None if metadata is None else json.dumps(metadata, indent=2),
            labels=LABELS,
            lifetimes=_lifetimes(resource),
            form=view,
        )


def _lifetimes(resource: Resource | None) -> Sequence[str]:
    """The choices, and the value that the API has: the operator can set others."""
    set_now = "" if resource is None else _seconds(resource)
    return _LIFETIMES if set_now in _LIFETIMES else (*_LIFETIMES, set_now)


def _seconds(resource: Resource) -> str:
    lifetime = resource.token_lifetime
    return "" if lifetime is None else str(int(lifetime.total_seconds()))


def _view_of(resource: Resource) -> FormView:
    return FormView(
        {
            "name": resource.name,
            "scopes": "\n".join(map(format_scope_line, resource.scopes)),
            "introspected_by": "\n".join(sorted(resource.introspected_by)),
            "clients": "\n".join(sorted(resource.clients)),
            "token_format": resource.token_format,
            "token_lifetime": _seconds(resource),
            "documentation_uri": resource.documentation_uri,
            "revision": str(resource.revision),
        }
    )


def _submitted(form: Form, resource: Resource | None = None) -> ResourceRegistration:
    lifetime = form.one("token_lifetime")
    allowed = frozenset(_lifetimes(resource)) - {""}
    lines = [line.strip() for line in form.one("scopes").splitlines()]
    return ResourceRegistration(
        name=form.one("name").strip(),
        scopes=tuple(parse_scope_line(line) for line in lines if line),
        introspected_by=frozenset(form.one("introspected_by").split()),
        clients=frozenset(form.one("clients").split()),
        token_format="opaque" if form.one("token_format") == "opaque" else "jwt",
        token_lifetime=timedelta(seconds=int(lifetime)) if lifetime in allowed else None,
        documentation_uri=form.one("documentation_uri").strip(),
    )
