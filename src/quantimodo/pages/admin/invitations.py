"""/admin/invitations and /admin/invite: e-mails by which a person makes an account, also where
sign-up is closed, and which of them were not used yet."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.invitations import Invitations
from quantimodo.http.errors import NotFound
from quantimodo.model.admin_actions import Authority
from quantimodo.model.invitations import Invitation
from quantimodo.model.texts import N_
from quantimodo.pages.admin.frame import ADMIN, ActionForm, ActionWords, AdminFrame
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import REFUSALS, FormErrors, form_errors
from quantimodo.pages.forms import FormView, row_id
from quantimodo.pages.page_context import Endpoint

INVITE: Final = f"{ADMIN}/invite"
INVITATIONS: Final = f"{ADMIN}/invitations"
_SHOWN: Final = 50
_SECTION: Final = "admin-people-one"
_WORDS: Final[Mapping[str, ActionWords]] = {
    "resend": ActionWords(
        N_("Send the invitation again"),
        N_("The person gets an e-mail with another link. The link before it ends."),
    ),
    "withdraw": ActionWords(
        N_("Withdraw the invitation"), N_("Its link ends at once. No e-mail is sent.")
    ),
}


@dataclass(frozen=True, slots=True)
class AdminInvitations:
    frame: AdminFrame
    service: Invitations

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        action = f"{INVITATIONS}/{{number}}/{{action}}"
        return [
            (("GET",), INVITE, self.show),
            (("POST",), INVITE, self.invite),
            (("GET",), INVITATIONS, self.list),
            (("GET",), action, self.confirm),
            (("POST",), action, self.act),
        ]

    async def list(self, request: Request) -> Response:
        """GET /admin/invitations: those that are not used, the newest first."""
        browser_request = await self.frame.visit(request)
        before = row_id(request.query_params.get("before", "")) or None
        found = await self.service.page(before, _SHOWN + 1)
        return self.frame.show(
            request,
            browser_request,
            "admin_invitations.html",
            section=_SECTION,
            invitations=found[:_SHOWN],
            next_before=found[_SHOWN - 1].id if len(found) > _SHOWN else None,
        )

    async def show(self, request: Request) -> Response:
        """GET /admin/invite."""
        browser_request = await self.frame.visit(request, recent=True)
        return self._page(request, browser_request, FormView())

    async def invite(self, request: Request) -> Response:
        """POST /admin/invite."""
        browser_request, form = await self.frame.posted(request)
        try:
            by = self.frame.authority(browser_request, form)
            await self.service.invite(form.one("email"), form.one("name"), by)
        except REFUSALS as refusal:
            again = form_errors(refusal)
            view = again.view(form, "email", "name", "reason")
            return self._page(request, browser_request, view, again)
        return self.frame.page_context.go(INVITATIONS, "admin-done")

    async def confirm(self, request: Request) -> Response:
        """GET /admin/invitations/{number}/{action}."""
        browser_request = await self.frame.visit(request, recent=True)
        return self.frame.show_action(request, browser_request, await self._form(request))

    async def act(self, request: Request) -> Response:
        """POST /admin/invitations/{number}/{action}."""
        browser_request, form = await self.frame.posted(request)
        page, change = await self._form(request), self._change(request)
        try:
            by = self.frame.authority(browser_request, form)
            await change(await self._invitation(request), by)
        except REFUSALS as refusal:
            refused = form_errors(refusal), form
            return self.frame.show_action(request, browser_request, page, refused)
        return self.frame.page_context.go(INVITATIONS, "admin-done")

    def _change(self, request: Request) -> Callable[[Invitation, Authority], Awaitable[None]]:
        changes = {"resend": self.service.resend, "withdraw": self.service.withdraw}
        return changes[request.path_params["action"]]

    async def _form(self, request: Request) -> ActionForm:
        words = _WORDS.get(request.path_params["action"])
        if words is None:
            raise NotFound
        email = (await self._invitation(request)).email
        return ActionForm(_SECTION, words, email, request.url.path, INVITATIONS)

    async def _invitation(self, request: Request) -> Invitation:
        found = await self.service.one(row_id(request.path_params["number"]))
        if found is None:
            raise NotFound
        return found

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
            section=_SECTION,
            form=view,
        )
