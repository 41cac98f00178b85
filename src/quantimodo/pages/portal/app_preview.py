"""A preview of an application's consent page, as people see it, without a form."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.model.clients import Client
from quantimodo.pages.authorization.consent import ConsentView, ScopeLine, consent_page
from quantimodo.pages.authorization.consent_form import initial_view
from quantimodo.pages.authorization.consent_offer_reader import ConsentOfferReader
from quantimodo.pages.authorization.resource_texts import own_scopes
from quantimodo.pages.page_context import Endpoint
from quantimodo.pages.portal.app_pages import APP, AppPages
from quantimodo.ports.account_stores import UserStore
from quantimodo.protocol.consents import required_details


@dataclass(frozen=True, slots=True)
class AppPreview:
    app_pages: AppPages
    users: UserStore
    offers: ConsentOfferReader

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its line of the table of pages."""
        return [(("GET",), f"{APP}/branding/preview", self.show)]

    async def show(self, request: Request) -> Response:
        """GET APP/branding/preview: the page for a request of all scopes by the member who
        looks."""
        opened = await self.app_pages.opened(request)
        client, user = opened.client, opened.browser_request.required().user
        owner = None if client.owner_id is None else await self.users.user(client.owner_id)
        optional = frozenset(client.metadata.optional_scope)
        required = required_details(client.metadata, None)
        offer = await self.offers.of(user, client.scope, optional, None, None, required)
        view = ConsentView(
            client=client,
            owner_name=None if owner is None else owner.name,
            user=user,
            scopes=[
                ScopeLine(name, text.title, text.description, name in offer.optional)
                for name, text in own_scopes(client.scope)
            ],
            request_id="",
            csrf="",
            redirect_host=_host(client),
            has_logo=await self.app_pages.clients.logo(client.id) is not None,
            offer=offer,
            form=initial_view(offer),
        )
        page = consent_page(self.app_pages.page_context.renderer, view, preview=True)
        browser = self.app_pages.page_context.browser
        return browser.attach_cookies(page, opened.browser_request)


def _host(client: Client) -> str:
    """Where people go back to; empty for an application without redirects."""
    if not client.redirect_uris:
        return ""
    parts = urlsplit(client.redirect_uris[0])
    return parts.netloc or f"{parts.scheme}:"
