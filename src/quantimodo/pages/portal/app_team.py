"""The tab of an application with its team: members, invitations, and leaving."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast, get_args

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.team_invitations import TeamInvitations
from quantimodo.model.client_members import InvitedRole
from quantimodo.model.texts import N_
from quantimodo.pages.form_errors import REFUSALS, FormErrors, form_errors
from quantimodo.pages.forms import FormView, row_id
from quantimodo.pages.page_context import Endpoint
from quantimodo.pages.portal.app_pages import APP, AppPages, OpenedApp

ROLES: Final[Sequence[tuple[str, str, str]]] = (
    ("developer", N_("Developer"), N_("Changes everything but the team.")),
    ("owner", N_("Owner"), N_("Decides about the team too, and can delete the application.")),
    (
        "transfer",
        N_("Transfer"),
        N_(
            "Becomes the owner whom people see; you stay as a developer. A verified domain ends,"
            " until the operator verifies it again."
        ),
    ),
)
_BLANK: Final = FormView({"role": "developer"})


@dataclass(frozen=True, slots=True)
class AppTeam:
    app_pages: AppPages
    invitations: TeamInvitations

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), f"{APP}/team", self.show),
            (("POST",), f"{APP}/team", self.invite),
            (("POST",), f"{APP}/team/withdraw", self.withdraw),
            (("POST",), f"{APP}/team/remove", self.remove),
            (("POST",), f"{APP}/team/leave", self.leave),
        ]

    async def show(self, request: Request) -> Response:
        """GET APP/team."""
        return await self._page(await self.app_pages.opened(request), _BLANK)

    async def invite(self, request: Request) -> Response:
        """POST APP/team: send an invitation. Only the lead transfers."""
        opened, form = await self.app_pages.posted(request)
        opened.require_owner()
        client, role = opened.client, form.one("role")
        inviter = opened.browser_request.required().user
        may_transfer = client.owner_id == inviter.id
        if role not in get_args(InvitedRole) or (role == "transfer" and not may_transfer):
            again = FormErrors(422, {"role": N_("Choose a role.")})
            return await self._page(opened, again.view(form, "email", "role"), again)
        try:
            await self.invitations.invite(
                client, form.one("email"), cast(InvitedRole, role), inviter
            )
        except REFUSALS as refusal:
            again = form_errors(refusal)
            return await self._page(opened, again.view(form, "email", "role"), again)
        return self.app_pages.go(client, "/team", "invitation-sent")

    async def withdraw(self, request: Request) -> Response:
        """POST APP/team/withdraw."""
        opened, form = await self.app_pages.posted(request)
        opened.require_owner()
        await self.invitations.withdraw(opened.client, form.one("email"), opened.user_id)
        return self.app_pages.go(opened.client, "/team", "invitation-withdrawn")

    async def remove(self, request: Request) -> Response:
        """POST APP/team/remove."""
        opened, form = await self.app_pages.posted(request)
        opened.require_owner()
        member = row_id(form.one("member"))
        if not await self.app_pages.teams.remove(opened.client, member, by=opened.user_id):
            again = FormErrors(409, {"": N_("That person cannot be removed.")})
            return await self._page(opened, FormView(errors=again.errors), again)
        return self.app_pages.go(opened.client, "/team", "member-removed")

    async def leave(self, request: Request) -> Response:
        """POST APP/team/leave."""
        opened, _ = await self.app_pages.posted(request)
        if await self.app_pages.teams.leave(opened.client, opened.user_id) == "last":
            text = N_("You are the last owner. Transfer the application first, or delete it.")
            again = FormErrors(409, {"": text})
            return await self._page(opened, FormView(errors=again.errors), again)
        return self.app_pages.page_context.go("/developers", "team-left")

    async def _page(
        self, opened: OpenedApp, view: FormView, again: FormErrors | None = None
    ) -> Response:
        client, owner = opened.client, opened.role == "owner"
        lead = client.owner_id == opened.user_id
        return await self.app_pages.show(
            opened,
            "team",
            "developers_team.html",
            again=again,
            members=await self.app_pages.teams.members(client),
            # An invited address may be a person's who is not in the team yet.
            invitations=await self.invitations.waiting(client) if owner else (),
            roles=[each for each in ROLES if lead or each[0] != "transfer"],
            role_titles={name: title for name, title, _ in ROLES},
            me=opened.user_id,
            labels={"email": N_("E-mail address"), "role": N_("Role")},
            form=view,
        )
