"""The applications that may use a person's account, and revoking their access."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.i18n.client_texts import client_name
from quantimodo.model.clients import Client
from quantimodo.model.consents import Consent
from quantimodo.model.events import Event
from quantimodo.model.measurements import Access
from quantimodo.pages.authorization.consent_texts import scope_titles
from quantimodo.pages.authorization.resource_texts import api_names, scope_texts
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.portal.client_addresses import client_id_of
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.audit import Audit
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.grant_stores import AuthorizationStore
from quantimodo.ports.measurement_stores import AccessLogStore
from quantimodo.ports.resource_store import ResourceStore

_NEWEST: Final = 500  # entries of the access log among which the last one of each app is found


@dataclass(frozen=True, slots=True)
class ConnectedApp:
    """An application that may use the account, as the overview shows it. `opens_at`: its
    `initiate_login_uri`, or empty; `last`: what it did last, None if that is long ago; `last_api`:
    the API, if that was to act there."""

    client: Client
    consent: Consent
    owner_name: str | None
    has_logo: bool
    may: Sequence[tuple[str, str]]
    opens_at: str
    last: Access | None
    last_api: str = ""


@dataclass(frozen=True, slots=True)
class Apps:
    """GET /account: the applications that may use the account, and revoking their access."""

    page_context: PageContext
    clients: ClientStore
    users: UserStore
    consents: AuthorizationStore
    audit: Audit
    accesses: AccessLogStore
    resources: ResourceStore
    issuer: str

    async def show(self, request: Request) -> Response:
        """GET /account: the applications that the person allowed, and what each did last."""
        browser_request = await self.page_context.browser_request(request)
        user = browser_request.required().user
        consents = await self.consents.consents_of(user.id)
        newest = await self.accesses.accesses_of(user.id, limit=_NEWEST)
        # The newest of each application comes last, and stays; reads of the profile come before.
        oldest = [access for _, access in reversed(newest)]
        oldest.sort(key=lambda access: access.action != "profile")
        last = {access.client_id: access for access in oldest}
        candidates = [await self._connected(each, last.get(each.client_id)) for each in consents]
        apps = sorted(
            (app for app in candidates if app is not None),
            key=lambda app: client_name(app.client).casefold(),
        )
        return self.page_context.show(
            request, browser_request, "account_apps.html", section="account", apps=apps
        )

    async def revoke(self, request: Request) -> Response:
        """POST /account/apps/{client_id}/revoke: revokes every token of this person and app."""
        browser_request, _ = await self.page_context.posted(request)
        user = browser_request.required().user
        client_id = client_id_of(request)
        now = self.page_context.clock.now()
        client = await self.clients.client(client_id)
        # An unknown or deleted app has no access to revoke. The id from the path is looked up
        # first, because not every database accepts any text as an id.
        if client is not None and await self.consents.withdraw_consent(user.id, client_id, now):
            self.audit.record(
                Event(
                    at=now,
                    kind="consent.withdrawn",
                    user_id=user.id,
                    client_id=client_id,
                    address=browser_request.address,
                    detail=client.name,
                )
            )
        name = "" if client is None else client_name(client)
        return self.page_context.go("/account", "access-removed", name)

    async def _connected(self, consent: Consent, last: Access | None) -> ConnectedApp | None:
        client = await self.clients.client(consent.client_id)
        if client is None:
            return None
        owner = None if client.owner_id is None else await self.users.user(client.owner_id)
        return ConnectedApp(
            client,
            consent,
            owner.name if owner else None,
            await self.clients.logo(client.id) is not None,
            scope_titles(consent.scope, await scope_texts(self.resources, consent.scope)),
            self._opens_at(client.metadata.initiate_login_uri),
            last,
            await self._api_of(last),
        )

    async def _api_of(self, last: Access | None) -> str:
        if last is None or last.action != "exchange":
            return ""
        return (await api_names(self.resources, [last]))[last.variable]

    def _opens_at(self, uri: str) -> str:
        # OpenID Connect Core §4: the app gets the issuer and a login hint.
        if not uri:
            return ""
        address, mark, fragment = uri.partition("#")
        joint = "&" if "?" in address else "?"
        return f"{address}{joint}{urlencode({'iss': self.issuer})}{mark}{fragment}"
