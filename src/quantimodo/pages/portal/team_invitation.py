"""The page of an invitation to a team: the link in the e-mail leads to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.errors import DomainError, InvalidInput
from quantimodo.accounts.team_invitations import TeamInvitations
from quantimodo.model.client_members import ClientInvitation
from quantimodo.model.clients import Client
from quantimodo.model.texts import N_
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import FormErrors, error_view, form_errors
from quantimodo.pages.links import InvalidLink, Links
from quantimodo.pages.page_context import Endpoint, PageContext
from quantimodo.pages.portal.app_pages import app_path
from quantimodo.pages.renderer import PageOptions
from quantimodo.ports.client_stores import ClientStore

INVITATION: Final = "/developers/invitation"
_OVER: Final = InvalidLink("/developers", N_("Your applications"))


@dataclass(frozen=True, slots=True)
class InvitationPage:
    page_context: PageContext
    links: Links
    invitations: TeamInvitations
    clients: ClientStore

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), INVITATION, self.show),
            (("POST",), INVITATION, self.accept),
        ]

    async def show(self, request: Request) -> Response:
        """GET /developers/invitation: what it is for, to the person with its address only."""
        if moved := self.links.moved(request, "invitation"):
            return moved
        browser_request = await self.page_context.browser_request(request)
        browser_request.required()
        found = await self._found(request)
        if found is None:
            return self.links.invalid(request, browser_request, "invitation", _OVER)
        if not self.invitations.is_for(found[0], browser_request.required().user):
            return self._for_another(request, browser_request)
        return await self._page(request, browser_request, found)

    async def accept(self, request: Request) -> Response:
        """POST /developers/invitation: join the team."""
        browser_request, _ = await self.page_context.posted(request)
        user = browser_request.required().user
        found = await self._found(request)
        if found is None:
            return self.links.invalid(request, browser_request, "invitation", _OVER)
        invitation, client = found
        if not self.invitations.is_for(invitation, user):
            return self._for_another(request, browser_request)
        try:
            await self.invitations.accept(invitation, client, user)
        except DomainError:
            return self.links.invalid(request, browser_request, "invitation", _OVER)
        except InvalidInput as refusal:
            return await self._page(request, browser_request, found, form_errors(refusal))
        response = self.page_context.go(app_path(client), "team-joined")
        return self.page_context.browser.clear_cookie(response, "invitation")

    async def _page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        found: tuple[ClientInvitation, Client],
        again: FormErrors | None = None,
    ) -> Response:
        invitation, client = found
        return self.page_context.show(
            request,
            browser_request,
            "team_invitation.html",
            again=again,
            section="developers",
            invitation=invitation,
            client=client,
            has_logo=await self.clients.logo(client.id) is not None,
            form=error_view(again),
        )

    async def _found(self, request: Request) -> tuple[ClientInvitation, Client] | None:
        raw = self.links.email_token(request, "invitation")
        invitation = await self.invitations.find(raw)
        client = None if invitation is None else await self.clients.client(invitation.client_id)
        return None if invitation is None or client is None else (invitation, client)

    def _for_another(self, request: Request, browser_request: BrowserRequest) -> Response:
        """The page for another person, which reveals nothing about the invitation."""
        return self.page_context.show(
            request,
            browser_request,
            "team_invitation.html",
            options=PageOptions(status=403),
            section="developers",
            invitation=None,
        )
