"""A person's name, and whether their address is confirmed."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.identity.accounts import Accounts
from quantimodo.pages.browser import Visit
from quantimodo.pages.desk import Desk
from quantimodo.pages.forms import FormView
from quantimodo.pages.refusals import REFUSALS, Told, told


@dataclass(frozen=True, slots=True)
class Profile:
    """/account/profile: the name, and whether the address is confirmed."""

    desk: Desk
    accounts: Accounts

    async def show(self, request: Request) -> Response:
        visit = await self.desk.visit(request)
        return self._page(request, visit, FormView({"name": visit.required().user.name}))

    async def rename(self, request: Request) -> Response:
        """POST /account/profile."""
        visit, form = await self.desk.posted(request)
        try:
            await self.accounts.rename(visit.required(), form.one("name"))
        except REFUSALS as refusal:
            again = told(refusal)
            return self._page(request, visit, again.view(form, "name"), again)
        return self.desk.go("/account/profile", "renamed")

    async def send_verification(self, request: Request) -> Response:
        """POST /account/verification: mail the link once more."""
        visit, _ = await self.desk.posted(request)
        await self.accounts.send_verification(visit.required().user)
        return self.desk.go("/account/profile", "verification-sent")

    def _page(
        self, request: Request, visit: Visit, view: FormView, again: Told | None = None
    ) -> Response:
        return self.desk.show(
            request,
            visit,
            "account_profile.html",
            again=again,
            section="account-profile",
            person=visit.required().user,
            form=view,
        )
