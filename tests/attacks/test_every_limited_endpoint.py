"""security.md §14c: each public endpoint that fetches something, sends a mail or writes an audit
event refuses with 429, a message and `Retry-After` when its limit is used up.

`tests/project/test_limited_calls.py` reads the calls from the source; this test walks the addresses
through the wire. The forms of signed-in people are in `test_limited_events.py`.
"""

import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import apsw
import httpx
import pytest

from quantimodo.accounts.errors import TooMany
from quantimodo.endpoints.routes import NAMES, SHOWN, api_routes
from support.app import (
    AUTHORIZE,
    CALLBACK,
    CHALLENGE,
    PASSWORD,
    App,
    AppHarness,
    OpenHarness,
    form_fields,
)
from support.fake_provider import (
    AUTHORIZE_CODE,
    AUTHORIZE_TOKEN,
    BACK,
    LOGIN,
    FakeUpstream,
    begin_linking,
    profile,
    start_upstream_login,
    state_of,
)

ADDRESS = "192.0.2.7"
SOCIAL = "/api/v2/auth/social"
WORK = "https://login.example.org"
REGISTER = "/api/v2/oauth2/register"
COUNT = 30  # of each limit: more than the requests before it is used up
LIMITS = {
    f"limits__{name}": f"{COUNT} per 1h"
    for name in (
        "sign_in_per_account",
        "sign_in_per_address",
        "social_per_address",
        "upstream_logins_per_address",
        "requests_per_address",
        "device_requests_per_address",
        "user_codes_per_address",
        "sign_up_per_address",
        "reset_per_address",
        "emails_per_account",
        "registrations_per_address",
        "registration_changes_per_address",
        "fetches_per_address",
        "security_events_per_address",
        "changes_per_session",
    )
}


@dataclass(slots=True)
class Caller:
    """A stranger with a browser, a person who is signed in, and applications of both kinds."""

    harness: AppHarness
    app: App
    public: App
    registered: dict[str, Any]
    signed_in: httpx.AsyncClient
    states: list[tuple[httpx.AsyncClient, str, str]] = field(default_factory=list)

    def stranger(self) -> httpx.AsyncClient:
        return self.harness.browser()

    async def form(self, page: str, path: str = "", **typed: str) -> httpx.Response:
        browser = self.stranger()
        fields = form_fields((await browser.get(page)).text)
        return await browser.post(path or page, data={**fields, **typed})

    async def account_form(self, page: str, path: str, **typed: str) -> httpx.Response:
        fields = form_fields((await self.signed_in.get(page)).text)
        return await self.signed_in.post(path, data={**fields, **typed})

    async def manage(self, method: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.registered['registration_access_token']}"}
        path = f"{REGISTER}/{self.registered['client_id']}"
        return await self.stranger().request(method, path, json={}, headers=headers)

    async def authorize(self, **changes: str) -> httpx.Response:
        named = {"client_id": self.registered["client_id"], "redirect_uri": CALLBACK}
        query = {**named, "response_type": "code", **changes}
        return await self.stranger().get(AUTHORIZE, params=query)

    async def push(self) -> httpx.Response:
        public = {"client_id": self.public.id, "redirect_uri": CALLBACK, "response_type": "code"}
        pkce = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
        return await self.stranger().post("/api/v2/oauth2/par", data={**public, **pkce})

    async def device(self) -> httpx.Response:
        path, public = "/api/v2/oauth2/device_authorization", {"client_id": self.public.id}
        return await self.stranger().post(path, data=public)

    async def exchange(self, method: str, path: str, **sent: str) -> httpx.Response:
        fields = {"provider": "google", **sent}
        if method == "GET":
            return await self.stranger().get(path, params=fields)
        return await self.stranger().post(path, data=fields)

    async def event(self, place: str) -> httpx.Response:
        event = {"signed": False, "kind": "gone", "subject": "108", "id": "one"}
        return await self.stranger().post(f"{SOCIAL}/{place}/google", json=event)

    async def begun(self, provider: str) -> None:
        """Begin a sign-in that comes back later."""
        browser = self.stranger()
        started_login = await browser.get(f"/sign-in/with/{provider}?return_to=/account")
        self.states.append((browser, provider, state_of(started_login)))

    async def send_callback(self, provider: str) -> httpx.Response:
        place = next(n for n, each in enumerate(self.states) if each[1] == provider)
        browser, _, state = self.states.pop(place)
        fields = {"state": state, "code": "gia"}
        if provider == "google":
            return await browser.get(f"{BACK}/google", params=fields)
        posted = await browser.post(f"{BACK}/apple", data=fields)
        return await browser.get(posted.headers["location"])


Call = Callable[[Caller], Awaitable[httpx.Response]]
DOCUMENT = {"redirect_uris": [CALLBACK], "client_name": "Sample"}
TYPED = {"name": "P", "password": "a long password"}

# By method and path, as in the tables of routes.
CALLS: dict[str, Call] = {
    "POST /sign-in": lambda c: c.form("/sign-in", username="a@example.org", password="wrong"),
    "POST /sign-in/passkey": lambda c: c.form("/sign-in", "/sign-in/passkey", credential="{}"),
    "POST /sign-in/code": lambda c: c.form("/sign-in/code", email="p@example.org"),
    "POST /sign-up": lambda c: c.form("/sign-up", email="p@example.org", **TYPED),
    "POST /reset": lambda c: c.form("/reset", email="p@example.org"),
    "GET /sign-in/with/{provider}": lambda c: c.stranger().get("/sign-in/with/google"),
    "GET /sign-in/arrived": lambda c: c.send_callback("apple"),
    f"GET {BACK}/{{provider}}": lambda c: c.send_callback("google"),
    f"GET {LOGIN}": lambda c: start_upstream_login(c.stranger()),
    f"GET {AUTHORIZE_CODE}": lambda c: c.exchange("GET", AUTHORIZE_CODE, code="gia"),
    f"POST {AUTHORIZE_CODE}": lambda c: c.exchange("POST", AUTHORIZE_CODE, code="gia"),
    f"GET {AUTHORIZE_TOKEN}": lambda c: c.exchange("GET", AUTHORIZE_TOKEN, accessToken="gia"),
    f"POST {AUTHORIZE_TOKEN}": lambda c: c.exchange("POST", AUTHORIZE_TOKEN, accessToken="gia"),
    f"POST {SOCIAL}/notifications/{{provider}}": lambda c: c.event("notifications"),
    f"POST {SOCIAL}/deauthorize/{{provider}}": lambda c: c.event("deauthorize"),
    f"POST {SOCIAL}/data-deletion/{{provider}}": lambda c: c.event("data-deletion"),
    f"GET {SOCIAL}/frontchannel-logout/{{provider}}": lambda c: c.stranger().get(
        f"{SOCIAL}/frontchannel-logout/work", params={"iss": WORK, "sid": "guessed"}
    ),
    f"POST {REGISTER}": lambda c: c.stranger().post(REGISTER, json=DOCUMENT),
    f"GET {REGISTER}/{{client_id}}": lambda c: c.manage("GET"),
    f"PUT {REGISTER}/{{client_id}}": lambda c: c.manage("PUT"),
    f"GET {AUTHORIZE}": lambda c: c.authorize(),
    f"GET {AUTHORIZE} with request_uri": lambda c: c.authorize(
        request_uri="https://app.example.org/request.jwt"
    ),
    "POST pushed_request": lambda c: c.push(),
    "POST device_authorization": lambda c: c.device(),
    "POST /device": lambda c: c.form("/device", user_code="BBBB-BBBB"),
    "POST /account/verification": lambda c: c.account_form(
        "/account/profile", "/account/verification"
    ),
    "POST /account/security/email": lambda c: c.account_form(
        "/account/security/email",
        "/account/security/email",
        email="new@example.org",
        current=PASSWORD,
    ),
    "POST /account/identities/link": lambda c: begin_linking(c.signed_in),
    f"DELETE {REGISTER}/{{client_id}}": lambda c: c.manage("DELETE"),
}

# Public endpoints that neither fetch nor write an audit event without a secret, or that have
# another limit.
_READS = "shows a page or returns a document"
_RESOURCE = "reads, for a token; the person's log of accesses is bounded by their applications"
_SECRET = "needs a token of 256 random bits, which is used once and was mailed under a limit"
_STATE = "needs the cookie of a sign-in that began under a limit"
_TOKEN = "needs a secret or a token; used twice, it has a storage budget"
_FACTOR = "limited by sign-in and person: tests/authorization/test_second_factor.py"
_CODE = "needs the cookie of a code; limited by e-mail address: test_codes_by_email.py"
_RECOVERY = "needs the first proof of a sign-in, and starts one recovery until that is cancelled"
_SAME = f"the same endpoint as GET {AUTHORIZE}, which is in the table"
_SIGN_OUT = "ends a session, which began under a limit"
OTHERS = {
    **dict.fromkeys(
        (
            "GET /",
            "GET /.well-known/change-password",
            "GET /.well-known/passkey-endpoints",
            "GET /.well-known/security.txt",
            "GET /api/v2/oauth2/check_session",
            "GET /cancel-recovery",
            "GET /confirm",
            "GET /data-deletion/{code}",
            "GET /device",
            "GET /device/confirm",
            "GET /device/done",
            "GET /docs",
            "GET /docs/schemas",
            "GET /docs/schemas/{name}",
            "GET /docs/search",
            "GET /docs/swagger-ui/{name}",
            "GET /docs/try",
            "GET /docs/{name}",
            "GET /docs/{name}/{operation}",
            "GET /favicon.ico",
            "GET /guides",
            "GET /guides/{path:path}",
            "GET /language",
            "GET /logos/{client_id}",
            "GET /reset",
            "GET /reset/new",
            "GET /reset/sent",
            "GET /robots.txt",
            "GET /unsubscribe",
            "GET /sign-in",
            "GET /sign-in/code",
            "GET /sign-in/initiated",
            "POST /sign-in/initiated",
            "GET /sign-in/code/enter",
            "GET /sign-in/second-factor",
            "GET /sign-in/second-factor/lost",
            "GET /sign-in/second-factor/set-up",
            "GET /sign-up",
            "GET /sign-up/invited",
            "GET /sign-up/sent",
            "GET /static/{name}",
            "GET /verify",
            "GET alive",
            "GET key_set",
            "GET metadata",
            "GET metrics",
            "GET openapi",
            "GET openapi_yaml",
            "GET provider_key_set",
            "GET ready",
            "GET resource_metadata",
        ),
        _READS,
    ),
    **dict.fromkeys(
        (
            "GET application_measurements",
            "GET current_consent",
            "GET events",
            "GET grant",
            "GET measurement",
            "GET measurements",
            "GET measurements_csv",
            "GET unit_categories",
            "GET units",
            "GET user_me",
            "GET userinfo",
            "GET variable",
            "GET variable_categories",
            "GET variables",
        ),
        _RESOURCE,
    ),
    "GET /api/v2/oauth2/authorize": _SAME,
    "GET /api/v2/oauth2/logout": _SIGN_OUT,
    "GET /sign-in/link": _STATE,
    "GET token": _TOKEN,
    "POST /sign-in/code/enter": _CODE,
    f"POST {AUTHORIZE}": _SAME,
    "POST /api/v2/oauth2/authorize": _SAME,
    "POST /api/v2/oauth2/logout": _SIGN_OUT,
    "POST /api/v2/oauth2/logout/confirm": _SIGN_OUT,
    "POST /confirm": _SECRET,
    "POST /device/confirm": "needs the id of a request, which was stored under a limit",
    "POST /announcements/dismiss": "sets a cookie, and stores nothing",
    "POST /language": "sets a cookie, and stores nothing",
    "POST /sign-up/invited": _SECRET,
    "POST /verify": _SECRET,
    "POST /reset/new": _SECRET,
    "POST /sign-in/link": _STATE,
    f"POST {BACK}/{{provider}}": _STATE,
    "POST /sign-in/second-factor": _FACTOR,
    "POST /sign-in/second-factor/set-up": _FACTOR,
    "POST /sign-in/second-factor/set-up/passkey": _FACTOR,
    "POST /sign-in/second-factor/passkey": _FACTOR,
    "POST /sign-in/second-factor/lost": _RECOVERY,
    "POST /cancel-recovery": _SECRET,
    "POST /unsubscribe": "turns off one kind of e-mail, by an address that only the server makes",
    "POST token": _TOKEN,
    "POST revoke": _TOKEN,
    "POST introspect": _TOKEN,
    "POST userinfo": _TOKEN,
    "POST measurements": _TOKEN,
    "PUT measurement": _TOKEN,
    "DELETE grant": "ends a grant, for a token of its application",
    "DELETE measurement": _TOKEN,
}
SIGNED_IN = ("/account", "/admin", "/developers", "/api/v2/oauth/authorize/", "/sign-out")


@pytest.fixture
async def caller(open_harness: OpenHarness) -> AsyncIterator[Caller]:
    google = FakeUpstream(people={"gia": profile()})
    apple = FakeUpstream(
        "apple", "Apple", responds_by_form_post=True, people={"gia": profile("apple")}
    )
    settings = {
        "registration__mode": "open",
        "social_redirect_urls": CALLBACK,
        "accounts__email_codes": "true",
        "providers__work__kind": "oidc",
        "providers__work__issuer": WORK,
        "providers__work__client_id": "quantimodo",
        "providers__work__frontchannel_logout": "true",
        **LIMITS,
    }
    async with open_harness([google, apple], **settings) as harness:
        user, app = await harness.person(), await harness.app()
        await harness.context.stores.users.change_email(user.id, "ann@example.org", None)
        document = {**DOCUMENT, "request_uris": ["https://app.example.org/request.jwt"]}
        found = await harness.browser().post(REGISTER, json=document)
        device_code = "urn:ietf:params:oauth:grant-type:device_code"
        grants = frozenset({"authorization_code", "refresh_token", device_code})
        public = await harness.app(public=True, grant_types=grants)
        caller = Caller(harness, app, public, found.json(), await harness.signed_in())
        for _ in range(2):
            await caller.begun("google")
            await caller.begun("apple")
        yield caller


async def use_up(caller: Caller) -> None:
    """Use up each limit of the address and of the person."""
    throttle = caller.harness.context.throttle
    for count in (
        lambda: throttle.sign_in_from(ADDRESS),
        lambda: throttle.sign_up(secrets.token_hex(8), ADDRESS),
        lambda: throttle.reset(secrets.token_hex(8), ADDRESS),
        lambda: throttle.email_code(secrets.token_hex(8), ADDRESS),
        lambda: throttle.count_address("social_per_address", ADDRESS),
        lambda: throttle.count_address("upstream_logins_per_address", ADDRESS),
        lambda: throttle.count_address("requests_per_address", ADDRESS),
        lambda: throttle.count_address("device_requests_per_address", ADDRESS),
        lambda: throttle.count_address("user_codes_per_address", ADDRESS),
        lambda: throttle.count_address("registrations_per_address", ADDRESS),
        lambda: throttle.count_address("registration_changes_per_address", ADDRESS),
        lambda: throttle.count_address("fetches_per_address", ADDRESS),
        lambda: throttle.count_address("security_events_per_address", ADDRESS),
        lambda: throttle.send_email("ann@example.org"),
        lambda: throttle.send_email("new@example.org"),
    ):
        for _ in range(COUNT + 1):
            try:
                await count()
            except TooMany:
                break
        else:
            raise AssertionError("the limit did not refuse")


async def test_each_endpoint_refuses_when_its_limit_is_used_up(caller: Caller) -> None:
    for what, call in CALLS.items():
        if not what.startswith("DELETE"):
            response = await call(caller)
            assert response.status_code not in (404, 405, 429, 500), (what, response.text)
    await use_up(caller)
    written = caller.harness.rows()
    for what, call in CALLS.items():
        refused = await call(caller)
        assert refused.status_code == 429, (what, refused.text)
        assert int(refused.headers["retry-after"]) > 0, what
        assert "too many" in refused.text.lower(), (what, refused.text)
    after = caller.harness.rows()
    for table in ("clients", "mails", "email_tokens", "authorization_requests", "identities"):
        assert after[table] == written[table], table


def test_each_public_endpoint_is_in_the_table(caller: Caller) -> None:
    served: Any = caller.harness.application
    pages = {
        f"{method} {route.path}"
        for route in served._pages.routes
        for method in route.methods - {"HEAD"}
        if not route.path.startswith(SIGNED_IN)
    }
    nothing: Any = dict.fromkeys(NAMES)
    routes = api_routes(nothing, legacy_transport=True)
    named = {
        f"{method} {route.path if f'{method} {route.path}' in CALLS else route.name}"
        for route in routes
        for method in route.methods - {"HEAD", "OPTIONS"}
    }
    shown = {f"{method} {route.path}" for route in SHOWN for method in route.methods}
    assert (pages | named) - set(CALLS) - set(OTHERS) == set()
    assert set(OTHERS) - (pages | named | shown) == set()


async def test_a_page_that_is_only_read_writes_nothing(caller: Caller) -> None:
    """For a stranger and for a signed-in person, with what its address can carry."""
    query = "token=x&code=x&return_to=/account&login_hint=ann@example.org"
    before = await everything(caller.harness)
    for what, why in OTHERS.items():
        path = re.sub(r"{[^}]*}", "x", what.removeprefix("GET "))
        if why is _READS and path.startswith("/"):
            for browser in (caller.stranger(), caller.signed_in):
                response = await browser.get(f"{path}?{query}")
                assert response.status_code < 500, path
    assert await everything(caller.harness) == before


async def everything(harness: AppHarness) -> dict[str, Any]:
    """All rows of the database, and the number of events."""
    await harness.context.audit.flush()
    with closing(apsw.Connection(str(harness.database))) as database:
        events = database.execute("SELECT count(*) FROM events").fetchall()
    return {**harness.rows(), "events": events}
