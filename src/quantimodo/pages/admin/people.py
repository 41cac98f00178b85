"""/admin/people: search for people, the account of one, and the actions of administrators on it.

The pages show no health data, and nothing of profiles.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.people_administration import (
    PeopleAdministration,
    PersonAction,
    session_number,
)
from quantimodo.http.errors import NotFound
from quantimodo.i18n.client_texts import client_name
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.pages.account.user_agents import describe
from quantimodo.pages.admin.frame import ADMIN, ActionForm, ActionWords, AdminFrame
from quantimodo.pages.form_errors import REFUSALS, form_errors
from quantimodo.pages.forms import row_id
from quantimodo.pages.page_context import Endpoint
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.admin_stores import Page
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.federation_stores import IdentityStore
from quantimodo.ports.grant_stores import AuthorizationStore

PEOPLE: Final = f"{ADMIN}/people"
_SHOWN: Final = 50
_LONGEST_SEARCH: Final = 254


WORDS: Final[Mapping[PersonAction, ActionWords]] = {
    "sign-out": ActionWords(
        N_("Sign out everywhere"), N_("Every session of this person ends. No e-mail is sent.")
    ),
    "send-confirmation": ActionWords(
        N_("Send the confirmation again"),
        N_("The person gets an e-mail with a link that confirms the address."),
    ),
    "send-reset": ActionWords(
        N_("Start recovery"),
        N_("The person gets an e-mail with a link to choose a new password."),
    ),
    "reset-second-factor": ActionWords(
        N_("Remove the second factor"),
        N_(
            "The authenticator app, the recovery codes and the passkeys are removed, and the person"
            " gets an e-mail. First make sure that this person asks for it."
        ),
    ),
    "reopen": ActionWords(
        N_("Cancel the deletion"),
        N_("The account is open again. The person gets an e-mail."),
    ),
    "enable": ActionWords(
        N_("Enable the account"), N_("The person can sign in again. Sessions do not come back.")
    ),
    "disable": ActionWords(
        N_("Disable the account"),
        N_("Every session ends, and sign-ins and tokens are refused from now on."),
    ),
    "promote": ActionWords(
        N_("Make an administrator"),
        N_("The person can open these pages, once a second factor is set up."),
    ),
    "demote": ActionWords(
        N_("Take the role away"), N_("The person cannot open these pages any more.")
    ),
    "delete": ActionWords(
        N_("Delete the account"),
        N_(
            "The account is deleted at once with everything in it: measurements, consents, tokens,"
            " and the applications that the person registered. This cannot be undone."
        ),
        dangerous=True,
    ),
}


_END_SESSION: Final = ActionWords(
    N_("End the session"), N_("That browser is signed out at once. No e-mail is sent.")
)


@dataclass(frozen=True, slots=True)
class AdminPeople:
    frame: AdminFrame
    users: UserStore
    administration: PeopleAdministration
    identities: IdentityStore
    consents: AuthorizationStore
    clients: ClientStore

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        one = f"{PEOPLE}/{{number}}"
        return [
            (("GET",), PEOPLE, self.show),
            (("GET",), one, self.show_one),
            (("GET",), f"{one}/sessions/{{session}}", self.confirm_end),
            (("POST",), f"{one}/sessions/{{session}}", self.end),
            (("GET",), f"{one}/{{action}}", self.confirm),
            (("POST",), f"{one}/{{action}}", self.act),
        ]

    async def show(self, request: Request) -> Response:
        """GET /admin/people: those who match `?q=`, a page at a time; `?role=` administrators."""
        browser_request = await self.frame.visit(request)
        text = request.query_params.get("q", "").strip()
        administrators = request.query_params.get("role") == "administrator"
        if administrators:
            page = Page(await self.administration.search.administrators(_SHOWN), None)
        else:
            page = await self._search(text, row_id(request.query_params.get("before", "")))
        return self.frame.show(
            request,
            browser_request,
            "admin_people.html",
            section="admin-people",
            text=text,
            administrators=administrators,
            people=page.items,
            next_before=page.next_before,
        )

    async def show_one(self, request: Request) -> Response:
        """GET /admin/people/{number}."""
        browser_request = await self.frame.visit(request)
        person = await self._person(request)
        administration = self.administration
        possible = administration.possible_actions(person, browser_request.required().user.id)
        consents = (await self.consents.consents_of(person.id))[:_SHOWN]
        apps = [(each, await self.clients.client(each.client_id)) for each in consents]
        return self.frame.show(
            request,
            browser_request,
            "admin_person.html",
            section="admin-people-one",
            person=person,
            factor=await administration.second_factors.status(person),
            passkeys=len(await administration.passkeys.list(person)),
            sessions=(await administration.sessions(person))[:_SHOWN],
            session_number=session_number,
            describe=describe,
            identities=(await self.identities.identities_of(person.id))[:_SHOWN],
            apps=[(consent, client, client_name(client)) for consent, client in apps if client],
            actions=[(action, WORDS[action]) for action in possible],
        )

    async def confirm(self, request: Request) -> Response:
        """GET /admin/people/{number}/{action}: what happens, and a form for the reason."""
        browser_request = await self.frame.visit(request, recent=True)
        person, action = await self._person(request), _action(request)
        return self.frame.show_action(request, browser_request, _form(person, action))

    async def act(self, request: Request) -> Response:
        """POST /admin/people/{number}/{action}."""
        browser_request, form = await self.frame.posted(request)
        person, action = await self._person(request), _action(request)
        try:
            by = self.frame.authority(browser_request, form)
            await self.administration.perform(action, person, by)
        except REFUSALS as refusal:
            refused = form_errors(refusal), form
            return self.frame.show_action(request, browser_request, _form(person, action), refused)
        where = PEOPLE if action == "delete" else f"{PEOPLE}/{person.id}"
        return self.frame.page_context.go(where, "admin-done")

    async def confirm_end(self, request: Request) -> Response:
        """GET /admin/people/{number}/sessions/{session}: a form for the reason."""
        browser_request = await self.frame.visit(request, recent=True)
        form = await self._session_form(request)
        return self.frame.show_action(request, browser_request, form)

    async def end(self, request: Request) -> Response:
        """POST /admin/people/{number}/sessions/{session}."""
        browser_request, form = await self.frame.posted(request)
        page, person = await self._session_form(request), await self._person(request)
        try:
            by = self.frame.authority(browser_request, form)
            await self.administration.end_session(person, request.path_params["session"], by)
        except REFUSALS as refusal:
            refused = form_errors(refusal), form
            return self.frame.show_action(request, browser_request, page, refused)
        return self.frame.page_context.go(f"{PEOPLE}/{person.id}", "admin-done")

    async def _session_form(self, request: Request) -> ActionForm:
        person, number = await self._person(request), request.path_params["session"]
        if number not in map(session_number, await self.administration.sessions(person)):
            raise NotFound
        one = f"{PEOPLE}/{person.id}"
        path = f"{one}/sessions/{number}"
        return ActionForm("admin-people-one", _END_SESSION, person.name, path, one)

    async def _search(self, text: str, before: int) -> Page[User]:
        if not text.isprintable() or len(text) > _LONGEST_SEARCH:
            return Page((), None)
        if row_id(text):
            user = await self.users.user(row_id(text))
        elif "@" in text:
            user = await self.users.user_by_email(text)
        else:
            user = await self.users.user_by_subject(text)
        if user is not None:
            return Page((user,), None)
        return await self.administration.search.search_people(text, before or None, _SHOWN)

    async def _person(self, request: Request) -> User:
        person = await self.users.user(row_id(request.path_params["number"]))
        if person is None:
            raise NotFound
        return person


def _form(person: User, action: PersonAction) -> ActionForm:
    one = f"{PEOPLE}/{person.id}"
    return ActionForm("admin-people-one", WORDS[action], person.name, f"{one}/{action}", one)


def _action(request: Request) -> PersonAction:
    named: str = request.path_params["action"]
    for action in get_args(PersonAction):
        if action == named:
            return action  # type: ignore[no-any-return]
    raise NotFound
