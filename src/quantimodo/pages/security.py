"""A person's password and address, what happened to the account lately, and its end."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.identity.accounts import Accounts
from quantimodo.identity.sessions import require_fresh
from quantimodo.pages.browser import Visit
from quantimodo.pages.desk import Desk
from quantimodo.pages.forms import FormView
from quantimodo.pages.happenings import circumstances, sentence
from quantimodo.pages.refusals import REFUSALS, Told, told
from quantimodo.ports.background_stores import EventStore
from quantimodo.ports.stores import ClientStore

_EVENTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Security:
    """/account/security: password and address, and what happened lately."""

    desk: Desk
    accounts: Accounts
    events: EventStore

    async def show(self, request: Request) -> Response:
        visit = await self.desk.visit(request)
        user = visit.required().user
        events = await self.events.events_of(user.id, _EVENTS_SHOWN)
        return self.desk.show(
            request,
            visit,
            "account_security.html",
            section="account-security",
            person=user,
            has_password=await self.accounts.has_password(user.id),
            events=[(event, sentence(event), circumstances(event)) for event in events],
        )

    async def password(self, request: Request) -> Response:
        """GET /account/security/password: to change it, or to set the first one."""
        visit = await self.desk.visit(request)
        if await _proves_by_password(self.desk, self.accounts, visit):
            return await self._form(request, visit, "account_password.html", FormView())
        return await self._form(request, visit, "account_first_password.html", FormView())

    async def set_first_password(self, request: Request) -> Response:
        """POST /account/security/first-password: soon after a sign-in by other means."""
        visit, form = await self.desk.posted(request)
        try:
            cookie = await self.accounts.set_first_password(
                visit.required(), form.secret("password")
            )
        except REFUSALS as refusal:
            again = told(refusal)
            return await self._form(
                request, visit, "account_first_password.html", again.view(form), again
            )
        response = self.desk.go("/account/sessions", "password-set")
        return self.desk.browser.sign_in(response, cookie)

    async def change_password(self, request: Request) -> Response:
        """POST /account/security/password: with the current one; a new session id after it."""
        visit, form = await self.desk.posted(request)
        try:
            cookie = await self.accounts.change_password(
                visit.required(), form.secret("current"), form.secret("password")
            )
        except REFUSALS as refusal:
            again = told(refusal, field="current")
            return await self._form(
                request, visit, "account_password.html", again.view(form), again
            )
        response = self.desk.go("/account/sessions", "password-changed")
        return self.desk.browser.sign_in(response, cookie)

    async def email(self, request: Request) -> Response:
        """GET /account/security/email."""
        visit = await self.desk.visit(request)
        await _proves_by_password(self.desk, self.accounts, visit)
        return await self._form(request, visit, "account_email.html", FormView())

    async def change_email(self, request: Request) -> Response:
        """POST /account/security/email: takes effect when the letter's link is opened."""
        visit, form = await self.desk.posted(request)
        try:
            cookie = await self.accounts.change_email(
                visit.required(), form.secret("current"), form.one("email")
            )
        except REFUSALS as refusal:
            again = told(refusal, field="current")
            view = again.view(form, "email")
            return await self._form(request, visit, "account_email.html", view, again)
        response = self.desk.go("/account/security", "email-asked")
        return self.desk.browser.sign_in(response, cookie)

    async def _form(
        self,
        request: Request,
        visit: Visit,
        name: str,
        view: FormView,
        again: Told | None = None,
    ) -> Response:
        return self.desk.show(
            request,
            visit,
            name,
            again=again,
            section="account-security",
            person=visit.required().user,
            has_password=await self.accounts.has_password(visit.required().user.id),
            form=view,
        )


@dataclass(frozen=True, slots=True)
class Farewell:
    """/account/delete."""

    desk: Desk
    accounts: Accounts
    clients: ClientStore

    async def show(self, request: Request) -> Response:
        visit = await self.desk.visit(request)
        await _proves_by_password(self.desk, self.accounts, visit)
        return await self._page(request, visit, FormView())

    async def submit(self, request: Request) -> Response:
        """POST /account/delete, with the current password, or soon after a sign-in."""
        visit, form = await self.desk.posted(request)
        try:
            await self.accounts.delete(visit.required(), form.secret("current"))
        except REFUSALS as refusal:
            again = told(refusal, field="current")
            return await self._page(request, visit, again.view(form), again)
        return self.desk.browser.sign_out(self.desk.go("/", "deleted"))

    async def _page(
        self, request: Request, visit: Visit, view: FormView, again: Told | None = None
    ) -> Response:
        user = visit.required().user
        return self.desk.show(
            request,
            visit,
            "account_delete.html",
            again=again,
            section="account-security",
            person=user,
            has_password=await self.accounts.has_password(user.id),
            own=await self.clients.clients(owner_id=user.id),
            form=view,
        )


async def _proves_by_password(desk: Desk, accounts: Accounts, visit: Visit) -> bool:
    """Whether a form can ask for the password; if not, the person must have just signed in.

    Raises `ReauthenticationNeeded`, before anything is filled in.
    """
    session = visit.required()
    if await accounts.has_password(session.user.id):
        return True
    require_fresh(session, desk.clock.now())
    return False
