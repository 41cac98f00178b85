"""security.md §25: a `state` is used once, soon, and for the provider that it was made for."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import httpx
import pytest

from support.app import AppHarness, OpenHarness
from support.fake_provider import (
    BACK,
    FakeUpstream,
    brought,
    is_page,
    login_state_cookies,
    profile,
    send_callback,
    start_upstream_login,
    state_of,
)


@pytest.fixture
def google() -> FakeUpstream:
    return FakeUpstream(people={"gia": profile()})


@pytest.fixture
async def harness(open_harness: OpenHarness, google: FakeUpstream) -> AsyncIterator[AppHarness]:
    async with open_harness([google, FakeUpstream("facebook", "Facebook")]) as opened:
        yield opened


def _put_back(browser: httpx.AsyncClient, cookies: Mapping[str, str]) -> None:
    for name, value in cookies.items():
        browser.cookies.set(name, value, domain="id.example.org")


async def test_a_state_is_good_once(harness: AppHarness) -> None:
    await harness.app()
    browser = harness.browser()
    state = state_of(await start_upstream_login(browser))
    cookies = login_state_cookies(browser)
    assert "code" in brought(await send_callback(browser, state))
    _put_back(browser, cookies)
    assert is_page(await send_callback(browser, state))


async def test_a_state_is_used_up_by_an_error_too(harness: AppHarness) -> None:
    await harness.app()
    browser = harness.browser()
    state = state_of(await start_upstream_login(browser))
    cookies = login_state_cookies(browser)
    assert brought(await send_callback(browser, state, error="access_denied"))["error"]
    _put_back(browser, cookies)
    assert is_page(await send_callback(browser, state))


async def test_of_many_uses_at_once_one_comes_through(harness: AppHarness) -> None:
    await harness.app()
    browser = harness.browser()
    state = state_of(await start_upstream_login(browser))
    cookie = "; ".join(f"{name}={value}" for name, value in login_state_cookies(browser).items())
    rivals = [harness.browser() for _ in range(10)]
    responses = await asyncio.gather(
        *(
            rival.get(
                f"{BACK}/google",
                params={"code": "gia", "state": state},
                headers={"cookie": cookie},
            )
            for rival in rivals
        )
    )
    assert sorted(response.status_code for response in responses) == [303, *[400] * 9]


async def test_a_state_of_another_provider_is_refused(harness: AppHarness) -> None:
    await harness.app()
    browser = harness.browser()
    state = state_of(await start_upstream_login(browser, "google"))
    assert is_page(await send_callback(browser, state, "facebook"))
    assert is_page(await send_callback(browser, state, "google"))


async def test_a_login_state_expires(harness: AppHarness) -> None:
    await harness.app()
    browser = harness.browser()
    state = state_of(await start_upstream_login(browser))
    harness.advance(minutes=10)
    assert is_page(await send_callback(browser, state))


@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=gia",
        "code=gia&state=",
        "code=gia&state=x",
        "code=gia&state=qmw_x",
        "error=access_denied",
        "code=gia&state={state}&state={state}",
        "code=gia&code=gia&state={state}",
        "code=gia&state={state}%00",
        "code=gia&state={state}&iss=%FF",
        "code=" + "x" * 9000 + "&state={state}",
    ],
)
async def test_a_response_without_a_good_state_is_a_page(harness: AppHarness, query: str) -> None:
    await harness.app()
    browser = harness.browser()
    state = state_of(await start_upstream_login(browser))
    assert is_page(await browser.get(f"{BACK}/google?{query.format(state=state)}"))
    form = {"content-type": "application/x-www-form-urlencoded"}
    body = query.format(state=state)
    assert is_page(await browser.post(f"{BACK}/google", content=body, headers=form))
