"""A sign-in provider whose responses a test sets, and the requests of a browser to it and back.

It implements the interface of providers (`federation/contract.py`), for tests of what the server
does with their responses. tests/federation tests the real providers, tests/sandbox the sandbox.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

import httpx

from quantimodo.federation.contract import (
    AccessDeniedByUser,
    AuthorizationContext,
    BadCode,
    BadToken,
    ForeignToken,
    SecurityEvent,
)
from quantimodo.model.identities import UpstreamProfile
from quantimodo.model.secrets import Secret
from quantimodo.outbound.errors import InvalidProviderResponse, ProviderFault
from support.addresses import query_of
from support.app import CALLBACK, AppHarness, form_fields

LOGIN = "/api/v2/auth/social/login"
AUTHORIZE_CODE = "/api/v2/auth/social/authorizeCode"
AUTHORIZE_TOKEN = "/api/v2/auth/social/authorizeToken"
BACK = "/api/v2/auth/social/callback"


def profile(provider: str = "google", subject: str = "108", **changes: Any) -> UpstreamProfile:
    """A person with an account there, and no e-mail address unless one is given."""
    values: dict[str, Any] = {
        "provider": provider,
        "issuer": f"https://{provider}.example",
        "subject": subject,
        "name": "Gia Example",
        "methods": ("fed",),
    }
    return UpstreamProfile(**{**values, **changes})


@dataclass(slots=True)
class FakeUpstream:
    """`people`: the profile for each code or token. `fault`: raised for each request;
    `out_of_reach`: raised before a browser is redirected to the provider."""

    name: str = "google"
    title: str = "Google"
    responds_by_form_post: bool = False
    people: dict[str, UpstreamProfile] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset({"foreign-token"})
    fault: Exception | None = None
    out_of_reach: ProviderFault | None = None
    contexts: list[AuthorizationContext] = field(default_factory=list)
    requested: list[tuple[Any, ...]] = field(default_factory=list)

    async def destination(self) -> str:
        return f"https://{self.name}.example"

    async def authorization_url(self, authorization_context: AuthorizationContext) -> str:
        if self.out_of_reach is not None:
            raise self.out_of_reach
        self.contexts.append(authorization_context)
        query = {
            "state": authorization_context.state.reveal(),
            "nonce": authorization_context.nonce,
            "redirect_uri": authorization_context.redirect_uri,
        }
        return f"https://{self.name}.example/authorize?{urlencode(query)}"

    async def handle_callback(
        self, response: Mapping[str, str], authorization_context: AuthorizationContext
    ) -> UpstreamProfile:
        if self.fault is not None:
            raise self.fault
        if "error" in response:
            raise AccessDeniedByUser("The sign-in was declined at the provider.")
        sent = next(one for one in self.contexts if one.state.reveal() == response["state"])
        if _revealed(sent) != _revealed(authorization_context):
            raise InvalidProviderResponse("The login is not the one that began here.")
        return self._person(response.get("code", ""), BadCode("The code is not good."))

    async def redeem(self, code: Secret, redirect_uri: str | None) -> UpstreamProfile:
        self.requested.append(("redeem", code.reveal(), redirect_uri))
        return self._person(code.reveal(), BadCode("The code is not good."))

    async def verify_native_token(
        self, token: Secret, refresh_token: Secret | None, nonce: str | None
    ) -> UpstreamProfile:
        self.requested.append(("verify_native_token", token.reveal(), nonce))
        if token.reveal() in self.foreign:
            raise ForeignToken("The token was issued to another application.")
        person = self._person(token.reveal(), BadToken("The token is not good."))
        return replace(person, refresh_token=refresh_token)

    async def security_events(self, media_type: str, body: bytes) -> Sequence[SecurityEvent]:
        """`{"kind": …, "subject": …, "id": …}`, signed if it says so."""
        if self.fault is not None:
            raise self.fault
        event = json.loads(body)
        if event.pop("signed", False) is not True:
            raise BadToken("The message is not signed by the provider.")
        return [SecurityEvent(issuer=f"https://{self.name}.example", **event)]

    def _person(self, proof: str, otherwise: ProviderFault) -> UpstreamProfile:
        if self.fault is not None:
            raise self.fault
        if proof not in self.people:
            raise otherwise
        return self.people[proof]


def _revealed(authorization_context: AuthorizationContext) -> tuple[Any, ...]:
    return (
        authorization_context.state.reveal(),
        authorization_context.nonce,
        authorization_context.verifier.reveal(),
        authorization_context.redirect_uri,
        authorization_context.fresh,
    )


async def start_upstream_login(
    browser: httpx.AsyncClient, provider: str = "google", **changes: str | None
) -> httpx.Response:
    """v2-api.md §2.1; a parameter that is None is left out."""
    requested: dict[str, str | None] = {"provider": provider, "redirectUrl": CALLBACK, **changes}
    query = {name: value for name, value in requested.items() if value is not None}
    return await browser.get(LOGIN, params=query)


def state_of(started_login: httpx.Response) -> str:
    """The `state` in the redirect to the provider."""
    assert started_login.status_code == 303, started_login.text
    return query_of(started_login.headers["location"])["state"]


async def send_callback(
    browser: httpx.AsyncClient, state: str, provider: str = "google", **response: str
) -> httpx.Response:
    """The provider's response by redirect: by default, the code that stands for `gia`."""
    response = response or {"code": "gia"}
    return await browser.get(f"{BACK}/{provider}", params={**response, "state": state})


async def sign_in_upstream(
    browser: httpx.AsyncClient, provider: str = "google", code: str = "gia", **changes: str | None
) -> httpx.Response:
    """The whole of v2-api.md §2.1 to §2.4."""
    state = state_of(await start_upstream_login(browser, provider, **changes))
    return await send_callback(browser, state, provider, code=code)


def brought(response: httpx.Response, to: str = CALLBACK) -> dict[str, str]:
    """The parameters of a redirect to the app."""
    assert response.status_code == 303, response.text
    location = response.headers["location"]
    assert location.startswith(to), location
    return query_of(location)


async def login_code(harness: AppHarness, **changes: str | None) -> str:
    """A login code that the app has just received."""
    to = changes.get("redirectUrl") or CALLBACK
    return brought(await sign_in_upstream(harness.browser(), **changes), to)["code"]


async def redeem_login(harness: AppHarness, code: str, **changes: str | None) -> httpx.Response:
    """v2-api.md §2.5."""
    requested: dict[str, str | None] = {"provider": "google", "code": code, **changes}
    query = {name: value for name, value in requested.items() if value is not None}
    return await harness.browser().get(AUTHORIZE_CODE, params=query)


async def login_token(harness: AppHarness, **changes: str | None) -> str:
    """A login JWT, by way of a browser and a login code."""
    response = await redeem_login(harness, await login_code(harness, **changes))
    assert response.status_code == 200, response.text
    token: str = response.json()["data"]["token"]
    return token


async def sign_in_with(
    browser: httpx.AsyncClient, provider: str = "google", return_to: str = "/account/profile"
) -> httpx.Response:
    """By a button of the sign-in page."""
    started_login = await browser.get(f"/sign-in/with/{provider}", params={"return_to": return_to})
    return await send_callback(browser, state_of(started_login), provider)


async def begin_linking(browser: httpx.AsyncClient, provider: str = "google") -> httpx.Response:
    """By a button of the page of linked accounts."""
    page = await browser.get("/account/identities")
    assert page.status_code == 200, page.text
    fields = {"csrf": form_fields(page.text)["csrf"], "provider": provider}
    return await browser.post("/account/identities/link", data=fields)


def is_page(response: httpx.Response, status: int = 400) -> bool:
    """An error page, and nothing that leads elsewhere."""
    assert response.status_code == status, response.text
    assert "location" not in response.headers
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
    return True


def login_state_cookies(browser: httpx.AsyncClient) -> dict[str, str]:
    """Those that bind a browser to its sign-ins at providers."""
    return {
        cookie.name: cookie.value or ""
        for cookie in browser.cookies.jar
        if cookie.name.startswith("__Host-quantimodo_login_state_")
    }
