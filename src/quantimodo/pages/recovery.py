"""A forgotten password, and the confirmation of an address, by links that were mailed."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.identity.accounts import Accounts
from quantimodo.identity.errors import Refused, SignInNeeded
from quantimodo.identity.outcomes import Pending, Verified
from quantimodo.pages.browser import Visit
from quantimodo.pages.continuation import Continuation, Continuations
from quantimodo.pages.desk import Desk
from quantimodo.pages.forms import FormView
from quantimodo.pages.links import DeadLink, Links
from quantimodo.pages.refusals import REFUSALS, Told, told

_VERIFY_AGAIN: Final = DeadLink("/account/profile", "Go to your profile")


@dataclass(frozen=True, slots=True)
class Reset:
    desk: Desk
    accounts: Accounts
    links: Links
    continuations: Continuations

    async def ask(self, request: Request) -> Response:
        """GET /reset."""
        visit = await self.desk.visit(request)
        view = FormView({"email": request.query_params.get("login_hint", "")[:254]})
        leads = await self.continuations.of(request.query_params.get("return_to", ""))
        return self.desk.show(request, visit, "reset.html", opener=True, form=view, leads=leads)

    async def submit(self, request: Request) -> Response:
        """POST /reset: the answer is the same whether the address has an account or not."""
        visit, form = await self.desk.posted(request)
        leads = await self.continuations.of(form.one("return_to"))
        try:
            await self.accounts.request_reset(form.one("email"), address=visit.address)
        except REFUSALS as refusal:
            again = told(refusal)
            return self.desk.show(
                request,
                visit,
                "reset.html",
                again=again,
                opener=True,
                form=again.view(form, "email"),
                leads=leads,
            )
        # It stays in this browser: a link that is opened in another one leads to the account.
        response = self.desk.go("/reset/sent")
        return self.desk.browser.keep_ticket(response, "reset_return", leads.return_to)

    async def sent(self, request: Request) -> Response:
        """GET /reset/sent."""
        visit = await self.desk.visit(request)
        leads = await self._leads(request)
        return self.desk.show(
            request, visit, "reset_sent.html", opener=True, outbox=self.links.outbox, leads=leads
        )

    async def choose(self, request: Request) -> Response:
        """GET /reset/new: choose a new password. Opening the link spends nothing."""
        if moved := self.links.moved(request, "reset"):
            return moved
        visit = await self.desk.visit(request)
        pending = await self._pending(request)
        if pending is None:
            return await self._dead(request, visit)
        return self._page(request, visit, pending, FormView(), await self._leads(request))

    async def choose_submit(self, request: Request) -> Response:
        """POST /reset/new."""
        visit, form = await self.desk.posted(request)
        pending = await self._pending(request)
        if pending is None:
            return await self._dead(request, visit)
        try:
            confirmed = await self.accounts.reset(
                self.links.ticket(request, "reset"),
                form.secret("password"),
                address=visit.address,
                agent=visit.agent,
                replaces=visit.cookie,
            )
        except REFUSALS as refusal:
            again = told(refusal)
            leads = await self._leads(request)
            return self._page(request, visit, pending, again.view(form), leads, again)
        leads = await self._leads(request)
        response = self.desk.go(leads.return_to, "password-reset")
        self.desk.browser.let_go(response, "reset")
        self.desk.browser.let_go(response, "reset_return")
        return self.desk.browser.sign_in(response, confirmed.session_cookie)

    async def _dead(self, request: Request, visit: Visit) -> Response:
        where = quote((await self._leads(request)).return_to, safe="")
        again = DeadLink(f"/reset?return_to={where}", "Ask for a new link")
        return self.links.dead(request, visit, "reset", again)

    async def _leads(self, request: Request) -> Continuation:
        """Where this browser was going when the new password was requested; to the account, if
        nothing waits there any more."""
        leads = await self.continuations.of(self.desk.browser.kept(request, "reset_return"))
        return await self.continuations.of("") if leads.is_over else leads

    async def _pending(self, request: Request) -> Pending | None:
        pending = await self.accounts.pending(self.links.ticket(request, "reset"), None)
        return pending if pending and pending.purpose == "reset_password" else None

    def _page(
        self,
        request: Request,
        visit: Visit,
        pending: Pending,
        view: FormView,
        leads: Continuation,
        again: Told | None = None,
    ) -> Response:
        return self.desk.show(
            request,
            visit,
            "reset_new.html",
            again=again,
            form_action=leads.form_action,
            opener=True,
            pending=pending,
            form=view,
        )


@dataclass(frozen=True, slots=True)
class Verification:
    desk: Desk
    accounts: Accounts
    links: Links

    async def show(self, request: Request) -> Response:
        """GET /verify: what the link is about. Opening it spends nothing."""
        if moved := self.links.moved(request, "verify"):
            return moved
        visit = await self.desk.visit(request)
        pending = await self._pending(request)
        if pending is None:
            return self.links.dead(request, visit, "verify", _VERIFY_AGAIN)
        return self._page(request, visit, pending)

    async def submit(self, request: Request) -> Response:
        """POST /verify."""
        visit, _ = await self.desk.posted(request)
        pending = await self._pending(request)
        if pending is None:
            return self.links.dead(request, visit, "verify", _VERIFY_AGAIN)
        ticket = self.links.ticket(request, "verify")
        try:
            verified = await self.accounts.verify(ticket, session=visit.session)
        except SignInNeeded:
            return self.desk.go("/sign-in?return_to=/verify")
        except Refused as refusal:
            return self._page(request, visit, pending, told(refusal))
        if verified is None:
            return self.links.dead(request, visit, "verify", _VERIFY_AGAIN)
        return self.desk.browser.let_go(self._onwards(visit, verified), "verify")

    def _onwards(self, visit: Visit, verified: Verified) -> Response:
        if verified.reset_ticket is not None:
            response = self.desk.go("/reset/new", "verified")
            return self.desk.browser.keep_ticket(response, "reset", verified.reset_ticket.reveal())
        return self.desk.go("/account/profile" if visit.session else "/sign-in", "verified")

    async def _pending(self, request: Request) -> Pending | None:
        pending = await self.accounts.pending(self.links.ticket(request, "verify"), None)
        return pending if pending and pending.purpose == "verify_email" else None

    def _page(
        self, request: Request, visit: Visit, pending: Pending, again: Told | None = None
    ) -> Response:
        return self.desk.show(
            request,
            visit,
            "verify.html",
            again=again,
            opener=True,
            pending=pending,
            form=FormView(errors=again.errors) if again else FormView(),
        )
