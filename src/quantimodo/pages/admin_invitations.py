"""/admin/invite: an e-mail by which a person makes an account, also where sign-up is closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.people_administration import PeopleAdministration
from quantimodo.pages.admin import ADMIN, AdminFrame
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import REFUSALS, FormErrors, form_errors
from quantimodo.pages.forms import FormView
from quantimodo.pages.page_context import Endpoint

INVITE: Final = f"{ADMIN}/invite"


@dataclass(frozen=True, slots=True)
class AdminInvitations:
    frame: AdminFrame
    administration: PeopleAdministration

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [(("GET",), INVITE, self.show), (("POST",), INVITE, self.invite)]

    async def show(self, request: Request) -> Response:
        """GET /admin/invite."""
        browser_request = await self.frame.visit(request, recent=True)
        return self._page(request, browser_request, FormView())

    async def invite(self, request: Request) -> Response:
        """POST /admin/invite."""
        browser_request, form = await self.frame.posted(request)
        try:
            by = self.frame.authority(browser_request, form)
            await self.administration.invite(form.one("email"), form.one("name"), by)
        except REFUSALS as refusal:
            again = form_errors(refusal)
            view = again.view(form, "email", "name", "reason")
            return self._page(request, browser_request, view, again)
        return self.frame.page_context.go(f"{ADMIN}/people", "admin-done")

    def _page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        view: FormView,
        again: FormErrors | None = None,
    ) -> Response:
        return self.frame.show(
            request,
            browser_request,
            "admin_invite.html",
            again=again,
            section="admin-people-one",
            form=view,
        )
