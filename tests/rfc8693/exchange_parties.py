"""An application, an API that acts for people at another API, and their grant."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from quantimodo.app.composition.resources import resource_registry
from quantimodo.model.resources import ResourceScope
from quantimodo.protocol.constants import ACCESS_TOKEN_URN, TOKEN_EXCHANGE
from quantimodo.protocol.resource_registration import ResourceRegistration
from support.app import AUTHORIZE, CALLBACK, CHALLENGE, ISSUER, App, AppHarness, response_of

OWN, GATEWAY = f"{ISSUER}/api", "https://gateway.example.org/"
TASKS, NOTES = "https://tasks.example.org/", "https://notes.example.org/"
INACTIVE = {"active": False}
SLEEP = '[{"type":"health_measurements","actions":["read"],"categories":["Sleep"]}]'
ALONE: dict[str, Any] = {
    "grant_types": frozenset({TOKEN_EXCHANGE}),
    "redirect_uris": (),
    "response_types": frozenset(),
}


@dataclass(slots=True)
class ExchangeParties:
    """`app` has the grant of a person. `gateway` introspects for the API `GATEWAY`, and may act at
    `TASKS`, for which `server` introspects."""

    harness: AppHarness
    app: App
    gateway: App
    server: App

    async def granted(self, app: App | None = None, **changes: str) -> dict[str, Any]:
        """The tokens of a new grant, the access token for the gateway."""
        found, browser = app or self.app, await self.harness.signed_in()
        values = {
            "client_id": found.id,
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": "openid basic readmeasurements use tasks:read tasks:write",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        pairs = [*values.items(), *(("resource", each) for each in (OWN, GATEWAY, TASKS))]
        response = await browser.get(f"{AUTHORIZE}?{urlencode(pairs)}")
        if response.status_code == 200:
            response = await self.harness.decide(browser, response)
        redeemed = await self.harness.redeem(found, response_of(response).code, resource=GATEWAY)
        assert redeemed.status_code == 200, redeemed.text
        tokens: dict[str, Any] = redeemed.json()
        return tokens

    async def exchange(
        self, subject: str, app: App | None = None, **changes: str | list[str] | None
    ) -> httpx.Response:
        fields: dict[str, str | list[str] | None] = {
            "grant_type": TOKEN_EXCHANGE,
            "subject_token": subject,
            "subject_token_type": ACCESS_TOKEN_URN,
            "resource": TASKS,
        }
        return await self.harness.token(app or self.gateway, **{**fields, **changes})

    async def exchanged(self, subject: str, **changes: str | list[str] | None) -> dict[str, Any]:
        response = await self.exchange(subject, **changes)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    async def introspect(self, token: str) -> dict[str, Any]:
        return await self.harness.introspect(self.server, token)


async def add_api(harness: AppHarness, identifier: str, *scopes: str, **changes: Any) -> None:
    values: dict[str, Any] = {
        "name": identifier.partition("//")[2].partition(".")[0].title(),
        "scopes": tuple(ResourceScope(each, f"Use {each}") for each in scopes),
        **changes,
    }
    await resource_registry(harness.context).register(
        identifier, ResourceRegistration(**values), owner_id=None, by_operator=True
    )


async def add_exchange_parties(harness: AppHarness, **formats: Any) -> ExchangeParties:
    await harness.person()
    app, server = await harness.app(), await harness.app(name="Task server")
    gateway = await harness.app(name="Gateway", **ALONE)
    introspected_by = frozenset({gateway.id})
    await add_api(harness, GATEWAY, "use", introspected_by=introspected_by, **formats)
    clients, by_server = frozenset({app.id, gateway.id}), frozenset({server.id})
    scopes = "tasks:read", "tasks:write"
    await add_api(harness, TASKS, *scopes, clients=clients, introspected_by=by_server, **formats)
    return ExchangeParties(harness, app, gateway, server)
