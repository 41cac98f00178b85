"""/account/delete closes an account; on /account/closed its person can keep it."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.account_deletion import AccountDeletion
from quantimodo.accounts.credentials import Credentials
from quantimodo.accounts.services import AccountServices
from quantimodo.accounts.sessions import require_fresh
from quantimodo.clients.teams import Teams
from quantimodo.pages.browser import BrowserRequest, SignInFirst
from quantimodo.pages.form_errors import REFUSALS, FormErrors, error_view, form_errors
from quantimodo.pages.forms import FormView
from quantimodo.pages.login.responses import CLOSED
from quantimodo.pages.page_context import Endpoint, PageContext
from quantimodo.pages.step_up import StepUp
from quantimodo.ports.client_stores import ClientStore


def closing_routes(
    page_context: PageContext,
    accounts: AccountServices,
    clients: ClientStore,
    teams: Teams,
    step_up: StepUp,
) -> list[tuple[tuple[str, ...], str, Endpoint]]:
    """The pages that close an account, and keep it."""
    delete = DeleteAccount(page_context, accounts.deletion, accounts.credentials, clients, teams)
    closed = ClosedAccount(page_context, accounts.deletion)
    return [
        (("GET",), "/account/delete", step_up.before(delete.show)),
        (("POST",), "/account/delete", step_up.before(delete.submit)),
        (("GET",), CLOSED, closed.show),
        (("POST",), CLOSED, closed.reopen),
    ]


@dataclass(frozen=True, slots=True)
class DeleteAccount:
    """/account/delete."""

    page_context: PageContext
    deletion: AccountDeletion
    credentials: Credentials
    clients: ClientStore
    teams: Teams

    async def show(self, request: Request) -> Response:
        """GET the form that closes the account. Without a password it needs a fresh sign-in."""
        browser_request = await self.page_context.browser_request(request)
        session = browser_request.required()
        if not await self.credentials.has_password(session.user.id):
            require_fresh(session, self.page_context.clock.now())
        return await self._page(request, browser_request, FormView())

    async def submit(self, request: Request) -> Response:
        """POST /account/delete, with the current password, or soon after a sign-in."""
        browser_request, form = await self.page_context.posted(request)
        try:
            cookie = await self.deletion.close(browser_request.required(), form.secret("current"))
        except REFUSALS as refusal:
            again = form_errors(refusal, field="current")
            return await self._page(request, browser_request, again.view(form), again)
        return self.page_context.browser.sign_in(self.page_context.go(CLOSED), cookie)

    async def _page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        view: FormView,
        again: FormErrors | None = None,
    ) -> Response:
        user = browser_request.required().user
        owned = await self.clients.clients(owner_id=user.id)
        return self.page_context.show(
            request,
            browser_request,
            "account_delete.html",
            again=again,
            section="account-security",
            person=user,
            has_password=await self.credentials.has_password(user.id),
            own=[each for each in owned if await self.teams.ends_with(each)],
            until=self.page_context.clock.now() + self.deletion.grace,
            form=view,
        )


@dataclass(frozen=True, slots=True)
class ClosedAccount:
    """/account/closed: the only page of a closed account."""

    page_context: PageContext
    deletion: AccountDeletion

    async def show(self, request: Request) -> Response:
        """GET /account/closed: when the account is deleted, and the button that keeps it."""
        browser_request = await self.page_context.browser_request(request)
        if browser_request.closed is None and browser_request.session is not None:
            return self.page_context.go("/account")
        return self._page(request, browser_request)

    async def reopen(self, request: Request) -> Response:
        """POST /account/closed: the person keeps the account."""
        browser_request, _ = await self.page_context.posted(request)
        if browser_request.closed is None:
            raise SignInFirst
        try:
            cookie = await self.deletion.reopen(browser_request.closed)
        except REFUSALS as refusal:
            return self._page(request, browser_request, form_errors(refusal))
        return self.page_context.browser.sign_in(
            self.page_context.go("/account", "account-kept"), cookie
        )

    def _page(
        self, request: Request, browser_request: BrowserRequest, again: FormErrors | None = None
    ) -> Response:
        if browser_request.closed is None:
            raise SignInFirst
        user = browser_request.closed.user
        return self.page_context.show(
            request,
            browser_request,
            "account_closed.html",
            again=again,
            person=user,
            until=user.deletes_at,
            due=user.deletes_at is None or user.deletes_at <= self.page_context.clock.now(),
            form=error_view(again),
        )
