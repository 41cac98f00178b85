"""/admin/apps and /admin/apis: all applications and APIs, and the actions of administrators on
them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.clients.client_administration import (
    ClientAction,
    ClientAdministration,
    ResourceAction,
)
from quantimodo.clients.errors import ChangedMeanwhile, InvalidMetadata
from quantimodo.http.errors import NotFound
from quantimodo.model.clients import Client
from quantimodo.model.resources import Resource
from quantimodo.model.texts import N_
from quantimodo.pages.admin.frame import ADMIN, ActionForm, ActionWords, AdminFrame
from quantimodo.pages.form_errors import REFUSALS, FormErrors, form_errors
from quantimodo.pages.forms import row_id
from quantimodo.pages.page_context import Endpoint
from quantimodo.pages.portal.client_addresses import client_id_of, client_segment
from quantimodo.pages.portal.client_form import field_errors
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.resource_store import ResourceStore

APPS: Final = f"{ADMIN}/apps"
APIS: Final = f"{ADMIN}/apis"
_SHOWN: Final = 50
_LONGEST: Final = 300

_REVIEW: Final = ActionWords(
    N_("Mark as reviewed"),
    N_("The consent page says that the operator reviewed it. It ends when its owner changes it."),
)
_UNREVIEW: Final = ActionWords(
    N_("End the review"), N_("The consent page says that the operator has not reviewed it.")
)
WORDS: Final[Mapping[ClientAction, ActionWords]] = {
    "review": _REVIEW,
    "unreview": _UNREVIEW,
    "disable": ActionWords(
        N_("Suspend the application"),
        N_(
            "It is refused from the next request on, with all its tokens. Nothing is deleted. Its"
            " owner gets an e-mail."
        ),
    ),
    "enable": ActionWords(
        N_("Enable the application"),
        N_("It works again, with the tokens that have not expired. Its owner gets an e-mail."),
    ),
    "delete": ActionWords(
        N_("Delete the application"),
        N_("Its tokens end, and what people allowed it is forgotten. This cannot be undone."),
        dangerous=True,
    ),
}
API_WORDS: Final[Mapping[ResourceAction, ActionWords]] = {
    "review": ActionWords(
        N_("Mark as reviewed"),
        N_("Applications of other people may use it. First read its name, scopes and address."),
    ),
    "unreview": ActionWords(
        N_("End the review"), N_("Only applications of its owner may use it from now on.")
    ),
    "remove": ActionWords(
        N_("Remove the API"),
        N_("No tokens are issued for it, and those that exist are inactive at once."),
        dangerous=True,
    ),
}


@dataclass(frozen=True, slots=True)
class AdminApps:
    frame: AdminFrame
    administration: ClientAdministration
    clients: ClientStore
    resources: ResourceStore
    users: UserStore

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        one, api = f"{APPS}/{{client_id}}", f"{APIS}/{{number}}"
        return [
            (("GET",), APPS, self.show),
            (("GET",), one, self.show_one),
            (("GET",), f"{one}/{{action}}", self.confirm),
            (("POST",), f"{one}/{{action}}", self.act),
            (("GET",), APIS, self.show_apis),
            (("GET",), f"{api}/{{action}}", self.confirm_api),
            (("POST",), f"{api}/{{action}}", self.act_on_api),
        ]

    async def show(self, request: Request) -> Response:
        """GET /admin/apps: by id, or those whose names begin with `?q=`; `?only=pending` those that
        registered themselves and were not reviewed."""
        browser_request = await self.frame.visit(request)
        text = request.query_params.get("q", "").strip()[:_LONGEST]
        after = request.query_params.get("after", "")[:_LONGEST]
        pending = request.query_params.get("only") == "pending"
        found: Sequence[Client] = ()
        following = None
        if text.isprintable() and after.isprintable():
            found, following = await self.administration.search(
                text, after, _SHOWN, pending=pending
            )
        return self.frame.show(
            request,
            browser_request,
            "admin_apps.html",
            section="admin-apps",
            text=text,
            pending=pending,
            apps=found,
            following=following,
        )

    async def show_one(self, request: Request) -> Response:
        """GET /admin/apps/{client_id}."""
        browser_request = await self.frame.visit(request)
        client = await self._client(request)
        owner = None if client.owner_id is None else await self.users.user(client.owner_id)
        return self.frame.show(
            request,
            browser_request,
            "admin_app.html",
            section="admin-apps-one",
            client=client,
            owner=owner,
            has_logo=await self.clients.logo(client.id) is not None,
            actions=[(each, WORDS[each]) for each in self.administration.possible_actions(client)],
        )

    async def confirm(self, request: Request) -> Response:
        """GET /admin/apps/{client_id}/{action}."""
        browser_request = await self.frame.visit(request, recent=True)
        client, action = await self._client(request), _client_action(request)
        return self.frame.show_action(request, browser_request, _client_form(client, action))

    async def act(self, request: Request) -> Response:
        """POST /admin/apps/{client_id}/{action}."""
        browser_request, form = await self.frame.posted(request)
        client, action = await self._client(request), _client_action(request)
        try:
            by = self.frame.authority(browser_request, form)
            await self.administration.perform(action, client, by)
        except (*REFUSALS, InvalidMetadata, ChangedMeanwhile) as refusal:
            refused = _errors(refusal), form
            return self.frame.show_action(
                request, browser_request, _client_form(client, action), refused
            )
        where = APPS if action == "delete" else f"{APPS}/{client_segment(client.id)}"
        return self.frame.page_context.go(where, "admin-done")

    async def show_apis(self, request: Request) -> Response:
        """GET /admin/apis: the APIs that are registered here."""
        browser_request = await self.frame.visit(request)
        registered = [each for each in await self.resources.resources() if not each.built_in]
        return self.frame.show(
            request, browser_request, "admin_apis.html", section="admin-apis", apis=registered
        )

    async def confirm_api(self, request: Request) -> Response:
        """GET /admin/apis/{number}/{action}."""
        browser_request = await self.frame.visit(request, recent=True)
        resource, action = await self._resource(request), _resource_action(request)
        return self.frame.show_action(request, browser_request, _resource_form(resource, action))

    async def act_on_api(self, request: Request) -> Response:
        """POST /admin/apis/{number}/{action}."""
        browser_request, form = await self.frame.posted(request)
        resource, action = await self._resource(request), _resource_action(request)
        try:
            by = self.frame.authority(browser_request, form)
            await self.administration.perform_on_resource(action, resource, by)
        except (*REFUSALS, InvalidMetadata, ChangedMeanwhile) as refusal:
            refused = _errors(refusal), form
            page = _resource_form(resource, action)
            return self.frame.show_action(request, browser_request, page, refused)
        return self.frame.page_context.go(APIS, "admin-done")

    async def _client(self, request: Request) -> Client:
        client = await self.clients.client(client_id_of(request))
        if client is None:
            raise NotFound
        return client

    async def _resource(self, request: Request) -> Resource:
        number = row_id(request.path_params["number"])
        for resource in await self.resources.resources():
            if resource.id == number and not resource.built_in:
                return resource
        raise NotFound


def _errors(refusal: Exception) -> FormErrors:
    """The errors of the form as a whole, for an application that could not be registered so any
    more."""
    if isinstance(refusal, InvalidMetadata | ChangedMeanwhile):
        return field_errors(refusal).without_fields()
    if isinstance(refusal, REFUSALS):
        return form_errors(refusal)
    raise refusal


def _client_form(client: Client, action: ClientAction) -> ActionForm:
    one = f"{APPS}/{client_segment(client.id)}"
    return ActionForm("admin-apps-one", WORDS[action], client.name, f"{one}/{action}", one)


def _resource_form(resource: Resource, action: ResourceAction) -> ActionForm:
    path = f"{APIS}/{resource.id}/{action}"
    return ActionForm("admin-apis-one", API_WORDS[action], resource.name, path, APIS)


def _client_action(request: Request) -> ClientAction:
    for action in get_args(ClientAction):
        if action == request.path_params["action"]:
            return action  # type: ignore[no-any-return]
    raise NotFound


def _resource_action(request: Request) -> ResourceAction:
    for action in get_args(ResourceAction):
        if action == request.path_params["action"]:
            return action  # type: ignore[no-any-return]
    raise NotFound
