"""Decision 0010, security.md §14b: only a person in their own browser allows. An application that
holds a login JWT never can.

Its server has the JWT, and may fetch, keep and send whatever it likes; what it does not have is
the browser that came back from the provider.
"""

from collections.abc import AsyncIterator

import httpx
import pytest

from support.addresses import query_of
from support.app import (
    AUTHORIZE,
    CALLBACK,
    CHALLENGE,
    DECISION,
    ME,
    SESSION,
    App,
    AppHarness,
    OpenHarness,
    form_fields,
    response_of,
)
from support.fake_provider import (
    AUTHORIZE_TOKEN,
    BACK,
    FakeUpstream,
    brought,
    profile,
    redeem_login,
    send_callback,
    sign_in_upstream,
    start_upstream_login,
    state_of,
)
from support.jwt_forgery import claims_of

JSON = {"accept": "application/json"}
MARK = SESSION.replace("session", "login_browser_")
IMPLICIT = frozenset({"code", "token", "id_token token", "code token"})
LOOPBACK = "http://127.0.0.1:5123/cb"


@pytest.fixture
def google() -> FakeUpstream:
    return FakeUpstream(
        people={
            "gia": profile(email="gia@example.org"),
            "mallory": profile(subject="2", name="Mallory Example"),
        }
    )


@pytest.fixture
def apple() -> FakeUpstream:
    people = {"gia": profile("apple", name="Gia Example")}
    return FakeUpstream("apple", "Apple", responds_by_form_post=True, people=people)


@pytest.fixture
async def harness(
    open_harness: OpenHarness, google: FakeUpstream, apple: FakeUpstream
) -> AsyncIterator[AppHarness]:
    async with open_harness([google, apple]) as opened:
        yield opened


def asking(app: App, **changes: str) -> dict[str, str]:
    return {
        "client_id": app.id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "basic",
        "state": "some-state",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }


def bearing(token: str, **headers: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", **headers}


async def login(
    harness: AppHarness, browser: httpx.AsyncClient, who: str = "gia", **changes: str
) -> str:
    """The JWT that the app gets for a person who signed in in this browser."""
    to = changes.get("redirectUrl", CALLBACK)
    code = brought(await sign_in_upstream(browser, code=who, **changes), to)["code"]
    response = await redeem_login(harness, code)
    assert response.status_code == 200, response.text
    token: str = response.json()["data"]["token"]
    return token


async def by_address(browser: httpx.AsyncClient, app: App, token: str) -> httpx.Response:
    """v2-api.md §5: with `?token=`, and after the redirect that takes it out of the address."""
    moved = await browser.get(AUTHORIZE, params={**asking(app), "token": token})
    assert moved.status_code == 303
    return await browser.get(moved.headers["location"])


def leads_to_sign_in(response: httpx.Response) -> str:
    """The address of the sign-in page that this response leads to."""
    assert response.status_code == 303, response.text
    where: str = response.headers["location"]
    assert where.startswith("/sign-in?return_to="), where
    return where


def nothing_allowed(harness: AppHarness) -> bool:
    rows = harness.rows()
    return not rows["consents"] and not rows["codes"] and not rows["grants"]


def marks(browser: httpx.AsyncClient) -> dict[str, str]:
    return {
        cookie.name: cookie.value or ""
        for cookie in browser.cookies.jar
        if cookie.name.startswith(MARK)
    }


# ------------------------------------------------------------------- the person, in their browser


async def test_in_the_browser_that_came_back_allow_counts(harness: AppHarness) -> None:
    app, browser = await harness.app(), harness.browser()
    token = await login(harness, browser)
    page = await by_address(browser, app, token)
    assert "Gia Example" in page.text
    response = response_of(await harness.decide(browser, page))
    tokens = (await harness.redeem(app, response.code)).json()
    me = await harness.call(tokens["access_token"], ME)
    assert me.json()["displayName"] == "Gia Example"


async def test_the_cookie_is_this_browser_s_and_this_login_s(harness: AppHarness) -> None:
    await harness.app()
    browser = harness.browser()
    back = await sign_in_upstream(browser)
    (cookie,) = [c for c in back.headers.get_list("set-cookie") if c.startswith(MARK)]
    for attribute in ("HttpOnly", "Secure", "SameSite=lax", "Path=/", "Max-Age=660"):
        assert attribute in cookie
    token = (await redeem_login(harness, brought(back)["code"])).json()["data"]["token"]
    ((name, value),) = marks(browser).items()
    jti = claims_of(token)["jti"]
    assert jti not in name + value
    assert value not in str(harness.rows())
    assert value not in str(claims_of(token))


async def test_a_form_of_the_provider_s_and_a_link_page_leave_it_too(harness: AppHarness) -> None:
    app, browser = await harness.app(), harness.browser()
    fields = {"state": state_of(await start_upstream_login(browser, "apple")), "code": "gia"}
    code = brought(await browser.post(f"{BACK}/apple", data=fields))["code"]
    token = (await redeem_login(harness, code, provider="apple")).json()["data"]["token"]
    assert "Gia Example" in (await by_address(browser, app, token)).text
    await harness.person("gia@example.org", "Gia Elder")
    browser = await harness.signed_in("gia@example.org")
    waits = await sign_in_upstream(browser)
    page = await browser.get(waits.headers["location"])
    fields = {**form_fields(page.text), "decision": "link"}
    code = brought(await browser.post("/sign-in/link", data=fields))["code"]
    token = (await redeem_login(harness, code)).json()["data"]["token"]
    del browser.cookies[SESSION]
    assert "Gia Elder" in (await by_address(browser, app, token)).text


async def test_a_refused_or_failed_sign_in_leaves_none(harness: AppHarness) -> None:
    await harness.app()
    for response in ({"error": "access_denied"}, {"code": "unknown"}):
        browser = harness.browser()
        await send_callback(browser, state_of(await start_upstream_login(browser)), **response)
        assert not marks(browser)


async def test_logins_side_by_side_count_each_for_itself(harness: AppHarness) -> None:
    app, browser = await harness.app(), harness.browser()
    tokens = []
    for _ in range(8):
        tokens.append(await login(harness, browser))
        harness.advance(seconds=1)
    assert len(marks(browser)) == 6
    for token in tokens[2:]:
        assert "Gia Example" in (await by_address(browser, app, token)).text
    for token in tokens[:2]:
        leads_to_sign_in(await by_address(browser, app, token))


# ------------------------------------------------------------------ the application, in their place


async def test_an_app_that_holds_the_jwt_gets_no_consent_page(harness: AppHarness) -> None:
    app, token = await harness.app(), await login(harness, harness.browser())
    server = harness.browser()
    for response in (
        await by_address(server, app, token),
        await server.get(AUTHORIZE, params=asking(app), headers=bearing(token)),
        await server.post(AUTHORIZE, data=asking(app), headers=bearing(token)),
        await server.post(AUTHORIZE, data={**asking(app), "token": token}),
        await server.get(AUTHORIZE, params=asking(app, prompt="consent"), headers=bearing(token)),
    ):
        leads_to_sign_in(response)
        assert "Gia Example" not in response.text
    silent = await server.get(AUTHORIZE, params=asking(app, prompt="none"), headers=bearing(token))
    assert response_of(silent).parameters["error"] in ("consent_required", "login_required")
    assert nothing_allowed(harness)


async def forged(
    harness: AppHarness, server: httpx.AsyncClient, app: App, token: str, decision: str
) -> httpx.Response:
    """The form that the consent page would have, filled in by the app: the request and the proof
    of this very jar are to be had, and the cookie with the JWT is kept."""
    moved = await server.get(AUTHORIZE, params={**asking(app), "token": token})
    kept = list(server.cookies.jar)
    where = leads_to_sign_in(await server.get(moved.headers["location"]))
    page = await server.get(where)
    for cookie in kept:
        server.cookies.jar.set_cookie(cookie)
    request = query_of(query_of(where)["return_to"])["request"]
    revision = (await harness.context.stores.clients.client(app.id)).revision  # type: ignore[union-attr]
    fields = {
        "csrf": form_fields(page.text)["csrf"],
        "request": request,
        "identity": "login_token",
        "revision": str(revision),
        "decision": decision,
    }
    return await server.post(DECISION, data=fields)


@pytest.mark.parametrize("decision", ["allow", "deny"])
async def test_an_app_that_presses_allow_by_itself_allows_nothing(
    harness: AppHarness, decision: str
) -> None:
    app, token = await harness.app(), await login(harness, harness.browser())
    server = harness.browser()
    leads_to_sign_in(await forged(harness, server, app, token, decision))
    assert nothing_allowed(harness)


async def test_the_cookie_of_another_login_does_not_help(harness: AppHarness) -> None:
    """The app signs in as itself, and has its own cookie, under any name."""
    app, browser = await harness.app(), harness.browser()
    token = await login(harness, browser)
    (name,) = marks(browser)
    server = harness.browser()
    own = await login(harness, server, "mallory")
    (value,) = marks(server).values()
    for forgery in (value, value.partition(".")[0], "", f"{value[:-4]}0000", "9" * 4000, "a.b"):
        server.cookies.set(name, forgery, domain="id.example.org")
        leads_to_sign_in(await forged(harness, server, app, token, "allow"))
    assert nothing_allowed(harness)
    # Its own counts for itself.
    assert "Mallory Example" in (await by_address(server, app, own)).text


async def test_a_page_that_was_opened_in_the_right_browser_is_not_answered_in_another(
    harness: AppHarness,
) -> None:
    """All that can be read from the page, sent from elsewhere."""
    app, browser = await harness.app(), harness.browser()
    page = await by_address(browser, app, await login(harness, browser))
    server = harness.browser()
    for cookie in browser.cookies.jar:
        if not cookie.name.startswith(MARK):
            server.cookies.jar.set_cookie(cookie)
    leads_to_sign_in(await harness.decide(server, page))
    assert nothing_allowed(harness)


# ------------------------------------------------------------------------ the person, elsewhere


async def test_elsewhere_the_person_signs_in_and_goes_on(harness: AppHarness) -> None:
    app, token = await harness.app(), await login(harness, harness.browser())
    browser = harness.browser()
    where = leads_to_sign_in(await by_address(browser, app, token))
    page = await browser.get(where)
    (link,) = [
        part.split('"')[0].replace("&amp;", "&")
        for part in page.text.split('href="')
        if part.startswith("/sign-in/with/google")
    ]
    arrived = await send_callback(browser, state_of(await browser.get(link)))
    page = await browser.get(arrived.headers["location"])
    assert "Gia Example" in page.text
    response = response_of(await harness.decide(browser, page))
    assert response.parameters["state"] == "some-state"
    assert (await harness.redeem(app, response.code)).status_code == 200


async def test_a_person_with_a_session_at_the_provider_goes_on_at_once(harness: AppHarness) -> None:
    app, token = await harness.app(), await login(harness, harness.browser())
    (user,) = await harness.context.stores.users.users()
    cookie = await harness.context.sessions.start(
        user, methods=("pwd",), address="192.0.2.7", agent="a test", replaces=None
    )
    browser = harness.browser()
    browser.cookies.set(SESSION, cookie.reveal(), domain="id.example.org")
    page = await by_address(browser, app, token)
    assert "Gia Example" in page.text
    assert 'value="login_token"' not in page.text
    assert "code" in response_of(await harness.decide(browser, page)).parameters


async def test_another_persons_session_in_that_browser_allows_nothing(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(first_party=True)
    token = await login(harness, harness.browser())
    browser = await harness.signed_in()
    leads_to_sign_in(await by_address(browser, app, token))
    assert nothing_allowed(harness)


# ------------------------------------------------------------------------ callers without a browser


async def as_json(
    harness: AppHarness,
    app: App,
    token: str,
    browser: httpx.AsyncClient | None = None,
    **changes: str,
) -> httpx.Response:
    return await (browser or harness.browser()).get(
        AUTHORIZE, params=asking(app, **changes), headers=bearing(token, **JSON)
    )


def interaction(response: httpx.Response) -> bool:
    assert response.status_code == 403, response.text
    assert response.json()["error"]["code"] == "interaction_required"
    assert response.json()["error"]["interactionUrl"].startswith(
        "https://id.example.org/api/v2/oauth"
    )
    return True


async def consented(harness: AppHarness, app: App) -> None:
    """Consent to `basic` on record, by the person's own browser."""
    browser = harness.browser()
    page = await by_address(browser, app, await login(harness, browser))
    assert "code" in response_of(await harness.decide(browser, page)).parameters


async def test_without_a_browser_consent_has_to_be_on_record(harness: AppHarness) -> None:
    app = await harness.app(response_types=IMPLICIT)
    browser = harness.browser()
    token = await login(harness, browser)
    for changes in ({}, {"prompt": "none"}, {"prompt": "consent"}, {"response_type": "token"}):
        assert interaction(await as_json(harness, app, token, **changes)), changes
        assert interaction(await as_json(harness, app, token, browser, **changes)), changes
    assert nothing_allowed(harness)
    await consented(harness, app)
    for response_type in sorted(IMPLICIT):
        response = await as_json(
            harness, app, token, response_type=response_type, scope="openid basic", nonce="n"
        )
        assert interaction(response)
    for changes in ({}, {"prompt": "none"}, {"response_type": "token"}):
        assert (await as_json(harness, app, token, **changes)).status_code == 200, changes
    for changes in ({"scope": "basic readmeasurements"}, {"prompt": "consent"}):
        assert interaction(await as_json(harness, app, token, **changes)), changes


async def test_without_a_browser_the_operator_s_own_app_is_answered(harness: AppHarness) -> None:
    app = await harness.app(first_party=True)
    token = await login(harness, harness.browser())
    assert (await as_json(harness, app, token)).status_code == 200


async def test_a_jwt_at_a_loopback_address_does_not_prove_the_app(
    harness: AppHarness,
) -> None:
    """RFC 8252 §8.6: another program of the device, with the loopback port or scheme of an app
    that the person allowed before, and tokens that go to any caller."""
    app = await harness.app(response_types=IMPLICIT, redirect_uris=(CALLBACK, LOOPBACK))
    await consented(harness, app)
    token = await login(harness, harness.browser(), redirectUrl=LOOPBACK)
    for response_type in ("token", "code token"):
        assert interaction(await as_json(harness, app, token, response_type=response_type))
        response = await harness.browser().get(
            AUTHORIZE, params=asking(app, response_type=response_type), headers=bearing(token)
        )
        leads_to_sign_in(response)
    # A code is worth nothing to who does not have the app's secret.
    assert (await as_json(harness, app, token)).status_code == 200
    # In the person's own browser the response goes to the address of the app.
    browser = harness.browser()
    token = await login(harness, browser, redirectUrl=LOOPBACK)
    response = await browser.get(
        AUTHORIZE, params=asking(app, response_type="token"), headers=bearing(token)
    )
    assert "access_token=" in response.headers["location"]
    public = await harness.app(public=True, redirect_uris=(LOOPBACK, CALLBACK))
    await consented(harness, public)  # which counts where the JWT came by https, if at all
    token = await login(harness, harness.browser(), redirectUrl=LOOPBACK, clientId=public.id)
    assert interaction(await as_json(harness, public, token))


# ----------------------------------------------------------------------------- native sign-ins


async def test_native_sign_ins_stay_as_they_are(harness: AppHarness) -> None:
    sent = {"provider": "google", "accessToken": "gia"}
    native = (await harness.browser().post(AUTHORIZE_TOKEN, data=sent)).json()["data"]["token"]
    pop_up = (await redeem_login(harness, "gia")).json()["data"]["token"]
    for token in (native, pop_up):
        app, browser = await harness.app(), harness.browser()
        page = await by_address(browser, app, token)
        assert "code" in response_of(await harness.decide(browser, page)).parameters
