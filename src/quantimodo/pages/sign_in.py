"""Signing in by e-mail address and password, and signing out."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.identity.accounts import Accounts
from quantimodo.identity.sign_out import SignOut as SigningOut
from quantimodo.pages.browser import Visit
from quantimodo.pages.continuation import Continuations
from quantimodo.pages.desk import Desk
from quantimodo.pages.forms import FormView
from quantimodo.pages.refusals import REFUSALS, Told, told
from quantimodo.pages.signed_out import signed_out_page
from quantimodo.pages.ways import Way


@dataclass(frozen=True, slots=True)
class SignIn:
    desk: Desk
    accounts: Accounts
    continuations: Continuations
    providers: Sequence[Way] = ()

    async def show(self, request: Request) -> Response:
        """GET /sign-in. Always the form, also for who is signed in: to switch accounts."""
        visit = await self.desk.visit(request)
        view = FormView({"username": request.query_params.get("login_hint", "")[:254]})
        return await self._page(request, visit, request.query_params.get("return_to", ""), view)

    async def submit(self, request: Request) -> Response:
        """POST /sign-in."""
        visit, form = await self.desk.posted(request)
        return_to = form.one("return_to")
        try:
            cookie = await self.accounts.sign_in(
                form.one("username"),
                form.secret("password"),
                address=visit.address,
                agent=visit.agent,
                replaces=visit.cookie,
            )
        except REFUSALS as refusal:
            again = told(refusal, names={"email": "username"})
            view = again.view(form, "username")
            return await self._page(request, visit, return_to, view, again)
        leads = await self.continuations.of(return_to)
        return self.desk.browser.sign_in(self.desk.go(leads.return_to), cookie)

    async def _page(
        self,
        request: Request,
        visit: Visit,
        return_to: str,
        view: FormView,
        again: Told | None = None,
    ) -> Response:
        leads = await self.continuations.of(return_to)
        return self.desk.show(
            request,
            visit,
            "sign_in.html",
            again=again,
            form_action=leads.form_action,
            opener=True,
            leads=leads,
            form=view,
            providers=self.providers,
        )


@dataclass(frozen=True, slots=True)
class SignOut:
    desk: Desk
    sign_out: SigningOut

    async def show(self, request: Request) -> Response:
        """GET /sign-out asks: a link alone signs nobody out."""
        visit = await self.desk.visit(request)
        if visit.session is None:
            return self.desk.go("/")
        return self.desk.show(request, visit, "sign_out.html")

    async def submit(self, request: Request) -> Response:
        """POST /sign-out."""
        visit, _ = await self.desk.posted(request)
        if visit.session is not None:
            frames = await self.sign_out.leave(visit.session)
            if frames:
                farewell = signed_out_page(self.desk.renderer, frames, "/sign-in")
                return self.desk.browser.sign_out(farewell)
        return self.desk.browser.sign_out(self.desk.go("/sign-in", "signed-out"))
