"""Making an account: the form, the word that a letter is on its way, and the letter's link."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.identity.accounts import Accounts
from quantimodo.identity.outcomes import Pending
from quantimodo.pages.browser import Visit
from quantimodo.pages.continuation import Continuations
from quantimodo.pages.desk import Desk
from quantimodo.pages.forms import FormView
from quantimodo.pages.links import DeadLink, Links
from quantimodo.pages.refusals import REFUSALS, Told, told
from quantimodo.pages.ways import Way

_AGAIN: Final = DeadLink("/sign-up", "Sign up again")


@dataclass(frozen=True, slots=True)
class SignUp:
    desk: Desk
    accounts: Accounts
    continuations: Continuations
    links: Links
    is_open: bool
    providers: Sequence[Way] = ()

    async def show(self, request: Request) -> Response:
        """GET /sign-up."""
        visit = await self.desk.visit(request)
        view = FormView({"email": request.query_params.get("login_hint", "")[:254]})
        return await self._page(request, visit, request.query_params.get("return_to", ""), view)

    async def submit(self, request: Request) -> Response:
        """POST /sign-up: the answer is the same whether the address has an account or not."""
        visit, form = await self.desk.posted(request)
        return_to = form.one("return_to")
        try:
            await self.accounts.sign_up(
                email=form.one("email"),
                name=form.one("name"),
                password=form.secret("password"),
                browser=visit.browser,
                address=visit.address,
                return_to=return_to,
            )
        except REFUSALS as refusal:
            again = told(refusal)
            view = again.view(form, "email", "name")
            return await self._page(request, visit, return_to, view, again)
        return self.desk.go("/sign-up/sent")

    async def sent(self, request: Request) -> Response:
        """GET /sign-up/sent."""
        visit = await self.desk.visit(request)
        return self.desk.show(
            request, visit, "sign_up_sent.html", opener=True, outbox=self.links.outbox
        )

    async def confirm(self, request: Request) -> Response:
        """GET /confirm: what the link is about. Opening it spends nothing."""
        if moved := self.links.moved(request, "confirm"):
            return moved
        visit = await self.desk.visit(request)
        ticket = self.links.ticket(request, "confirm")
        pending = await self.accounts.pending(ticket, None if visit.fresh else visit.browser)
        if pending is None or pending.purpose != "sign_up":
            return self.links.dead(request, visit, "confirm", _AGAIN)
        return await self._confirm_page(request, visit, pending, FormView())

    async def confirm_submit(self, request: Request) -> Response:
        """POST /confirm: makes the account and signs in."""
        visit, form = await self.desk.posted(request)
        ticket = self.links.ticket(request, "confirm")
        pending = await self.accounts.pending(ticket, visit.browser)
        if pending is None or pending.purpose != "sign_up":
            return self.links.dead(request, visit, "confirm", _AGAIN)
        try:
            confirmed = await self.accounts.confirm(
                ticket,
                browser=visit.browser,
                password=form.secret("password") if pending.needs_password else None,
                address=visit.address,
                agent=visit.agent,
                replaces=visit.cookie,
            )
        except REFUSALS as refusal:
            again = told(refusal)
            return await self._confirm_page(request, visit, pending, again.view(form), again)
        response = self.desk.go(confirmed.return_to, "confirmed")
        self.desk.browser.let_go(response, "confirm")
        return self.desk.browser.sign_in(response, confirmed.session_cookie)

    async def _confirm_page(
        self,
        request: Request,
        visit: Visit,
        pending: Pending,
        view: FormView,
        again: Told | None = None,
    ) -> Response:
        leads = await self.continuations.of(pending.return_to)
        return self.desk.show(
            request,
            visit,
            "confirm.html",
            again=again,
            form_action=leads.form_action,
            opener=True,
            pending=pending,
            form=view,
        )

    async def _page(
        self,
        request: Request,
        visit: Visit,
        return_to: str,
        view: FormView,
        again: Told | None = None,
    ) -> Response:
        return self.desk.show(
            request,
            visit,
            "sign_up.html" if self.is_open else "sign_up_closed.html",
            again=again,
            opener=True,
            leads=await self.continuations.of(return_to),
            form=view,
            providers=self.providers,
        )
