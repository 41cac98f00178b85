"""security.md §25, RFC 9700 §4.4: the response of one provider is not taken for another's.

The attacker runs a provider that the operator has set up (`evil`), and wants the code that an
honest one (`work`) gave for the victim: it sends the browser that came to it on to the other.
"""

import pytest

from support.app import AppHarness
from support.fake_provider import (
    BACK,
    brought,
    is_page,
    send_callback,
    start_upstream_login,
    state_of,
)
from support.upstream import Upstream

CODE = "the-code-of-the-honest-provider"


def no_code_was_sent(internet: Upstream) -> bool:
    return not any(
        CODE in f"{requested.url} {requested.content!r}" for requested in internet.requested
    )


async def test_the_honest_response_comes_to_the_honest_callback_and_ends_there(
    social_harness: AppHarness, evil: Upstream
) -> None:
    await social_harness.app()
    browser = social_harness.browser()
    state = state_of(await start_upstream_login(browser, "evil"))
    assert is_page(await send_callback(browser, state, "work", code=CODE))
    assert no_code_was_sent(evil)
    assert not social_harness.rows()["users"]


async def test_a_response_that_names_the_honest_issuer_is_refused_before_the_code_leaves(
    social_harness: AppHarness, evil: Upstream, upstream: Upstream
) -> None:
    await social_harness.app()
    browser = social_harness.browser()
    state = state_of(await start_upstream_login(browser, "evil"))
    response = await send_callback(browser, state, "evil", code=CODE, iss=upstream.issuer)
    assert brought(response)["error"] == "server_error"
    assert no_code_was_sent(evil)


async def test_where_an_issuer_always_names_itself_silence_is_not_a_response(
    social_harness: AppHarness, evil: Upstream
) -> None:
    evil.publishes(userinfo_endpoint=None, authorization_response_iss_parameter_supported=True)
    await social_harness.app()
    browser = social_harness.browser()
    state = state_of(await start_upstream_login(browser, "evil"))
    assert (
        brought(await send_callback(browser, state, "evil", code=CODE))["error"] == "server_error"
    )
    assert no_code_was_sent(evil)


@pytest.mark.parametrize("provider", ["google", "facebook", "github", "work"])
async def test_no_provider_answers_for_another_by_name(
    social_harness: AppHarness, evil: Upstream, provider: str
) -> None:
    await social_harness.app()
    browser = social_harness.browser()
    state = state_of(await start_upstream_login(browser, provider))
    response = await send_callback(browser, state, provider, code=CODE, iss=evil.issuer)
    assert brought(response)["error"] == "server_error"
    assert no_code_was_sent(evil)


async def test_each_provider_has_its_own_callback_and_secret(
    social_harness: AppHarness, evil: Upstream, upstream: Upstream
) -> None:
    await social_harness.app()
    seen = {}
    for provider, fake_provider in (("evil", evil), ("work", upstream)):
        fake_provider.replies[f"{fake_provider.issuer}/token"] = fake_provider.replies[
            f"{fake_provider.issuer}/keys"
        ]
        browser = social_harness.browser()
        state = state_of(await start_upstream_login(browser, provider))
        await send_callback(browser, state, provider, code="a-code")
        seen[provider] = fake_provider.form(f"{fake_provider.issuer}/token")["redirect_uri"]
    assert {name: uri.rpartition("/")[2] for name, uri in seen.items()} == {
        "evil": "evil",
        "work": "work",
    }
    assert all(f"{BACK}/" in uri for uri in seen.values())
    secret = "fake-work-secret"
    received = [requested for requested in evil.requested if requested.url.host == "evil.example"]
    assert not any(secret in f"{requested.headers} {requested.content!r}" for requested in received)
