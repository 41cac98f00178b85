"""Security events of providers, over sockets: signed and sent as the providers do.

Google's (RISC, "Cross-Account Protection") and Facebook's come from the sandbox; Apple's from a
stand-in that has Apple's place in the settings and its shape on the wire ("Processing changes for
Sign in with Apple accounts"). The person of the account has a session and an application's grant.
"""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from quantimodo.app.clock_and_entropy import SystemClock
from quantimodo.pages.cookie_names import SESSION, cookie_prefix
from support.app import AUTHORIZE, CHALLENGE, ME, TOKEN, VERIFIER, App, form_fields
from support.fake_provider import AUTHORIZE_TOKEN
from support.live_server import Live, ServeLive
from support.page_site import listening
from support.upstream import Upstream, ec_key, jwk_of, pem_of, rsa_key
from support.workers import free_port

SOCIAL = "/api/v2/auth/social"
CALLBACK = "http://127.0.0.1:9999/callback"
SERVICE, BUNDLE = "org.example.web", "org.example.app"
SUBJECT = "001234.5f2c0a9d4b7e4a0f8d21b7c9e6a3f410.1157"
pytestmark = pytest.mark.slow


@dataclass(slots=True)
class Connected:
    """A person whose account came from a provider, signed in, with an app that they allowed."""

    browser: httpx.AsyncClient
    user_id: int
    token: str

    async def is_live(self) -> tuple[bool, bool]:
        """Whether the app's token works, and the session."""
        header = {"authorization": f"Bearer {self.token}"}
        called = await self.browser.get(ME, headers=header)
        page = await self.browser.get("/account")
        return called.status_code == 200, page.status_code == 200


async def connect(live: Live, provider: str, token: str) -> Connected:
    sent = {"provider": provider, "accessToken": token}
    response = await live.browser().post(AUTHORIZE_TOKEN, data=sent)
    assert response.status_code == 200, response.text
    user = await live.context.stores.users.user(response.json()["data"]["user"]["id"])
    assert user is not None
    cookie = await live.context.sessions.start(
        user, methods=("fed",), address="127.0.0.1", agent="a test", replaces=None
    )
    browser = live.browser()
    browser.cookies.set(cookie_prefix(live.address) + SESSION, cookie.reveal())
    app = await live.app(CALLBACK)
    return Connected(browser, user.id, await allow(browser, app))


async def allow(browser: httpx.AsyncClient, app: App) -> str:
    requested = {
        "client_id": app.id,
        "response_type": "code",
        "scope": "basic",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    page = await browser.get(AUTHORIZE, params=requested)
    fields = {**form_fields(page.text), "decision": "allow"}
    response = await browser.post(f"{AUTHORIZE}/decision", data=fields)
    code = dict(parse_qsl(urlsplit(response.headers["location"]).query))["code"]
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    tokens = await browser.post(TOKEN, data=form, auth=app.auth)
    token: str = tokens.json()["access_token"]
    return token


async def by_sandbox(live: Live, provider: str) -> Connected:
    sdk = await live.browser().post(f"/sandbox/{provider}/native", json={"person": "verified"})
    return await connect(live, provider, sdk.json()["access_token"])


async def google_tells(live: Live, event: str, **more: str) -> httpx.Response:
    requested = {"person": "verified", "event": event, **more}
    made = await live.browser().post("/sandbox/google/security-event", json=requested)
    return await live.browser().post(
        f"{SOCIAL}/notifications/google",
        content=made.json()["token"],
        headers={"content-type": "application/secevent+jwt", "accept": "application/json"},
    )


# The event, whether the app's token and the session work afterwards, how many identities are left.
Case = tuple[str, tuple[bool, bool], int]


@pytest.mark.parametrize(
    "cases",
    [
        [
            ("account-enabled", (True, True), 1),
            ("account-credential-change-required", (True, True), 1),
            ("verification", (True, True), 1),
            ("sessions-revoked", (True, False), 1),
            ("tokens-revoked", (True, False), 1),
            ("account-disabled", (False, False), 1),
        ],
        [("account-purged", (False, False), 0)],
    ],
    ids=["changed", "purged"],
)
async def test_google_reports_what_became_of_an_account(live: Live, cases: list[Case]) -> None:
    for event, live_after, linked in cases:
        person = await by_sandbox(live, "google")
        assert await person.is_live() == (True, True), event
        response = await google_tells(live, event)
        assert (response.status_code, response.content) == (202, b""), event
        assert await person.is_live() == live_after, event
        assert len(await live.context.social.identities(person.user_id)) == linked, event


async def test_a_message_of_google_for_another_project_is_refused(live: Live) -> None:
    person = await by_sandbox(live, "google")
    response = await google_tells(live, "account-disabled", client_id="other.example.org")
    assert (response.status_code, response.json()["err"]) == (400, "authentication_failed")
    assert await person.is_live() == (True, True)


async def test_facebook_reports_that_a_person_left(live: Live) -> None:
    browser = live.browser()
    for place in ("data-deletion", "deauthorize"):
        person = await by_sandbox(live, "facebook")
        assert await person.is_live() == (True, True), place
        requested = {"person": "verified"}
        signed = (await browser.post("/sandbox/facebook/signed-request", json=requested)).json()
        response = await browser.post(f"{SOCIAL}/{place}/facebook", data=signed)
        assert response.status_code == 200, place
        assert await person.is_live() == (False, False), place


# Apple


@dataclass(slots=True)
class Apple:
    """Apple's keys at an address of this machine, and what is signed with them."""

    address: str
    upstream: Upstream

    def id_token(self, subject: str = SUBJECT) -> str:
        return self.upstream.id_token(sub=subject, email=None, nonce=None, nonce_supported=True)

    def message(self, event: str, subject: str = SUBJECT, **changes: Any) -> bytes:
        now = int(time.time())
        about = {"type": event, "sub": subject, "event_time": now * 1000}
        claims = {
            "iss": self.address,
            "aud": BUNDLE,
            "iat": now,
            "exp": now + 86_400,
            "jti": f"{event}.{now}",
            "events": json.dumps(about),  # an object, written as a text
            **changes,
        }
        return json.dumps({"payload": self.upstream.sign(claims, {"typ": None})}).encode()


@pytest.fixture
async def apple() -> AsyncIterator[Apple]:
    async def keys(request: Request) -> Response:
        return JSONResponse({"keys": [jwk_of(rsa_key(), "one")]})

    async with listening(Starlette(routes=[Route("/keys", keys)]), free_port()) as address:
        yield Apple(address, Upstream(SystemClock(), issuer=address, client_id=BUNDLE))


@pytest.fixture
async def live_with_apple(serve_live: ServeLive, apple: Apple) -> Live:
    settings = {
        "client_id": SERVICE,
        "client_secret": pem_of(ec_key()),
        "team_id": "DEF123GHIJ",
        "key_id": "ABC123DEFG",
        "audiences": BUNDLE,
        "issuer": apple.address,
        "authorization_endpoint": f"{apple.address}/authorize",
        "token_endpoint": f"{apple.address}/token",
        "jwks_uri": f"{apple.address}/keys",
    }
    return await serve_live(
        insecure_private_hosts=urlsplit(apple.address).netloc,
        **{f"providers__apple__{name}": value for name, value in settings.items()},
    )


async def apple_tells(live: Live, body: bytes) -> httpx.Response:
    return await live.browser().post(
        f"{SOCIAL}/notifications/apple",
        content=body,
        headers={"content-type": "application/json; charset=utf-8"},
    )


async def test_apple_reports_what_became_of_an_account(live_with_apple: Live, apple: Apple) -> None:
    cases: list[Case] = [
        ("account-deleted", (False, False), 0),
        ("account-delete", (False, False), 0),
        ("consent-revoked", (True, False), 1),
        ("email-disabled", (True, True), 1),
        ("email-enabled", (True, True), 1),
    ]
    for event, live_after, linked in cases:
        subject = f"{SUBJECT}.{event}"
        person = await connect(live_with_apple, "apple", apple.id_token(subject))
        assert await person.is_live() == (True, True), event
        response = await apple_tells(live_with_apple, apple.message(event, subject))
        assert response.status_code == 200, response.text
        assert await person.is_live() == live_after, event
        assert len(await live_with_apple.context.social.identities(person.user_id)) == linked, event


async def test_a_message_that_apple_did_not_sign_or_not_for_us_is_refused(
    live_with_apple: Live, apple: Apple
) -> None:
    person = await connect(live_with_apple, "apple", apple.id_token())
    good = apple.message("account-deleted")
    for body in (
        good[:-6] + b'AAAA"}',
        apple.message("account-deleted", aud="org.example.other"),
        apple.message("account-deleted", iss="https://appleid.example.org"),
    ):
        response = await apple_tells(live_with_apple, body)
        assert (response.status_code, response.json()["err"]) == (400, "authentication_failed")
    assert await person.is_live() == (True, True)
