"""security.md §1, v2-api.md §2.2: a sign-in through a provider leads only where it was registered
to.

Each address here was tried against other servers: a longer one, a subdomain, a user before the
host, another spelling or encoding, a path that climbs. All of them end on a page.
"""

from collections.abc import AsyncIterator

import pytest

from support.app import CALLBACK, AppHarness, OpenHarness
from support.fake_provider import (
    AUTHORIZE_CODE,
    FakeUpstream,
    brought,
    is_page,
    profile,
    send_callback,
    sign_in_with,
    start_upstream_login,
    state_of,
)

HOST = "app.example.org"
TRICKS = {
    "prefix": (
        f"{CALLBACK}/",
        f"{CALLBACK}x",
        f"{CALLBACK}.evil.example",
        f"{CALLBACK}?x=1",
        f"{CALLBACK}#x",
        f"{CALLBACK};x",
        f"{CALLBACK}@evil.example",
        f"https://{HOST}",
        f"https://{HOST}/",
        f"https://{HOST}/callbac",
    ),
    "subdomain": (
        f"https://evil.{HOST}/callback",
        f"https://{HOST}.evil.example/callback",
        f"https://evil{HOST}/callback",
        "https://example.org/callback",
        f"https://{HOST}./callback",
    ),
    "userinfo": (
        f"https://{HOST}@evil.example/callback",
        f"https://{HOST}:443@evil.example/callback",
        f"https://evil.example@{HOST}/callback",
        f"https://user:password@{HOST}/callback",
        f"https://{HOST}%40evil.example/callback",
    ),
    "encoding": (
        f"https://{HOST}/%63allback",
        f"https://{HOST}/callback%2F",
        f"https://{HOST}/callback%00",
        f"https://{HOST}/callback\n",
        f"https://{HOST}/callback\r\nLocation: https://evil.example",
        f"https://{HOST}%2fcallback",
        f"https://{HOST}\u3002evil.example/callback",
        f"https://{HOST}/c\u0430llback",  # a Cyrillic letter
        f"https://{HOST.upper()}/callback",
        f"HTTPS://{HOST}/callback",
        f" https://{HOST}/callback",
        f"https%3A%2F%2F{HOST}%2Fcallback",
    ),
    "path": (
        f"{CALLBACK}/../x",
        f"https://{HOST}/x/../callback",
        f"https://{HOST}/./callback",
        f"https://{HOST}//callback",
        f"https://{HOST}/callback/..;/x",
        f"https://{HOST}\\callback",
        f"https://{HOST}/callback\\@evil.example",
        f"https://evil.example\\@{HOST}/callback",
        f"https:/{HOST}/callback",
        f"https:{HOST}/callback",
        f"https:///{HOST}/callback",
    ),
    "another place": (
        "https://evil.example/callback",
        f"http://{HOST}/callback",
        f"//{HOST}/callback",
        f"https://{HOST}:443/callback",
        f"https://{HOST}:8443/callback",
        "/callback",
        "javascript:alert(1)",
        "data:text/html,x",
    ),
    "loopback": (
        "http://localhost:4000/cb",
        "http://127.0.0.1:4000/other",
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.1:4000@evil.example/cb",
        "http://127.1:4000/cb",
        "http://2130706433:4000/cb",
        "http://0x7f.0.0.1:4000/cb",
        "http://127.0.0.1.evil.example:4000/cb",
        "http://[::1]:4000/cb",
        "http://[::ffff:127.0.0.1]:4000/cb",
        "https://127.0.0.1:4000/cb",
    ),
}


@pytest.fixture
def google() -> FakeUpstream:
    return FakeUpstream(people={"gia": profile()})


@pytest.fixture
async def harness(open_harness: OpenHarness, google: FakeUpstream) -> AsyncIterator[AppHarness]:
    async with open_harness([google]) as opened:
        await opened.app(redirect_uris=(CALLBACK, "http://127.0.0.1:4000/cb"))
        yield opened


@pytest.mark.parametrize("trick", TRICKS)
async def test_nothing_is_redirected_to_that_is_not_registered(
    harness: AppHarness, trick: str
) -> None:
    for url in TRICKS[trick]:
        for provider in ("google", "unknown"):
            response = await start_upstream_login(harness.browser(), provider, redirectUrl=url)
            assert is_page(response), url
            assert "evil" not in response.text
    assert not harness.rows()["login_states"]


@pytest.mark.parametrize("trick", TRICKS)
async def test_a_code_of_the_provider_goes_with_no_such_address_either(
    harness: AppHarness, google: FakeUpstream, trick: str
) -> None:
    for url in TRICKS[trick]:
        sent = {"provider": "google", "code": "gia", "redirectUrl": url}
        response = await harness.browser().post(AUTHORIZE_CODE, data=sent)
        assert (response.status_code, response.json()["error"]["code"]) == (
            400,
            "invalid_request",
        ), url
        assert "evil" not in response.text
    assert not google.requested


async def test_the_way_back_leads_where_the_way_out_said(harness: AppHarness) -> None:
    """Nothing that comes with the provider's response counts for the address."""
    browser = harness.browser()
    state = state_of(await start_upstream_login(browser))
    more = {"redirectUrl": "https://evil.example/", "redirect_uri": "https://evil.example/"}
    back = await send_callback(browser, state, code="gia", **more)
    assert brought(back).keys() == {"code"}


async def test_an_address_that_was_taken_back_meanwhile_gets_nothing(harness: AppHarness) -> None:
    browser = harness.browser()
    app = await harness.app(redirect_uris=(f"https://{HOST}/other",))
    requested = {"redirectUrl": f"https://{HOST}/other", "clientId": app.id}
    state = state_of(await start_upstream_login(browser, **requested))
    await harness.register_again(app, redirect_uris=(CALLBACK,))
    back = await send_callback(browser, state)
    assert is_page(back)


async def test_a_sign_in_leads_to_a_page_of_ours_only(harness: AppHarness) -> None:
    for elsewhere in (
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/%5Cevil.example",
        "/\t/evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "",
        "x",
    ):
        arrived = await sign_in_with(harness.browser(), return_to=elsewhere)
        location = arrived.headers["location"]
        assert location.startswith("/"), elsewhere
        assert not location.startswith("//"), elsewhere
        assert "\\" not in location, elsewhere
        assert "\t" not in location, elsewhere
