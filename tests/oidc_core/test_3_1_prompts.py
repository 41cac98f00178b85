"""`prompt` and `max_age` (OpenID Connect Core §3.1.2.1, §3.1.2.3): when a page is shown."""

import httpx
import pytest

from support.app import AppHarness, response_of
from support.jwt_forgery import verified


def asks_to_sign_in(response: httpx.Response) -> bool:
    return response.status_code == 303 and response.headers["location"].startswith("/sign-in?")


def asks_for_consent(response: httpx.Response) -> bool:
    return response.status_code == 200 and 'id="allow"' in response.text


def error_of(response: httpx.Response) -> str | None:
    return response_of(response).parameters.get("error")


async def test_consent_is_asked_once_and_remembered(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    page = await harness.ask(browser, app)
    assert asks_for_consent(page)
    await harness.decide(browser, page)
    assert error_of(await harness.ask(browser, app)) is None
    another = await harness.signed_in()
    assert error_of(await harness.ask(another, app)) is None, (
        "it is the person's, not the browser's"
    )


async def test_a_wider_scope_asks_again_and_a_narrower_one_does_not(harness: AppHarness) -> None:
    # security.md §8
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    await harness.authorize(browser, app, scope="basic readmeasurements")
    assert error_of(await harness.ask(browser, app, scope="readmeasurements")) is None
    wider = await harness.ask(browser, app, scope="basic writemeasurements")
    assert asks_for_consent(wider)
    await harness.decide(browser, wider, "deny")
    assert asks_for_consent(await harness.ask(browser, app, scope="basic writemeasurements"))
    tokens = await harness.tokens(app, browser, scope="basic")
    assert tokens["scope"] == "basic", "an old consent does not widen a new request"


async def test_consent_is_per_person_and_per_app(harness: AppHarness) -> None:
    await harness.person()
    await harness.person("bob@example.org", "Bob Example")
    ann, bob = await harness.signed_in(), await harness.signed_in("bob@example.org")
    app, other = await harness.app(), await harness.app()
    await harness.authorize(ann, app)
    assert asks_for_consent(await harness.ask(bob, app))
    assert asks_for_consent(await harness.ask(ann, other))


async def test_withdrawn_consent_asks_again(harness: AppHarness) -> None:
    ann = await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    await harness.authorize(browser, app)
    await harness.context.stores.authorizations.withdraw_consent(
        ann.id, app.id, harness.context.clock.now()
    )
    assert asks_for_consent(await harness.ask(browser, app))


async def test_none_never_shows_a_page(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    assert error_of(await harness.ask(harness.browser(), app, prompt="none")) == "login_required"
    assert error_of(await harness.ask(browser, app, prompt="none")) == "consent_required"
    await harness.authorize(browser, app)
    assert error_of(await harness.ask(browser, app, prompt="none")) is None
    wider = await harness.ask(browser, app, prompt="none", scope="readmeasurements")
    assert error_of(wider) == "consent_required"
    harness.advance(seconds=10)
    stale = await harness.ask(browser, app, prompt="none", max_age="5")
    assert error_of(stale) == "login_required"


async def test_a_refused_silent_request_leaves_nothing_waiting(harness: AppHarness) -> None:
    await harness.ask(harness.browser(), await harness.app(), prompt="none")
    assert harness.rows()["authorization_requests"] == []


async def test_login_asks_to_sign_in_again_and_the_new_sign_in_counts(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app(first_party=True)
    harness.advance(minutes=1)
    sent = await harness.ask(browser, app, prompt="login", scope="openid")
    assert asks_to_sign_in(sent)
    harness.advance(minutes=1)
    back = await harness.sign_in(browser, address=sent.headers["location"])
    response = response_of(await browser.get(back))
    tokens = (await harness.redeem(app, response.code)).json()
    claims = await verified(harness, tokens["id_token"], "RS256")
    assert claims["auth_time"] == int(harness.context.clock.now().timestamp())


async def test_going_back_without_signing_in_does_not_get_past_login(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app(first_party=True)
    harness.advance(minutes=1)
    sent = await harness.ask(browser, app, prompt="login")
    resume = httpx.URL(sent.headers["location"]).params["return_to"]
    for _ in range(2):
        assert asks_to_sign_in(await browser.get(resume))


async def test_the_decision_of_a_session_that_grew_stale_does_not_count(
    harness: AppHarness,
) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    harness.advance(seconds=30)
    page = await harness.ask(browser, app, max_age="60")
    assert asks_for_consent(page)
    harness.advance(minutes=2)
    assert asks_to_sign_in(await harness.decide(browser, page))
    assert not harness.rows()["consents"]
    assert not harness.rows()["codes"]


async def test_consent_asks_again_even_for_a_first_party_app(harness: AppHarness) -> None:
    await harness.person()
    browser = await harness.signed_in()
    for app in (await harness.app(), await harness.app(first_party=True)):
        await harness.authorize(browser, app)
        assert asks_for_consent(await harness.ask(browser, app, prompt="consent"))


async def test_select_account_shows_the_account_and_a_way_to_switch(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app(first_party=True)
    page = await harness.ask(browser, app, prompt="select_account")
    assert asks_for_consent(page)
    assert "ann@example.org" in page.text
    assert "/sign-in?return_to=" in page.text
    assert asks_to_sign_in(await harness.ask(harness.browser(), app, prompt="select_account"))


async def test_login_and_consent_together_ask_for_both(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app(first_party=True)
    harness.advance(minutes=1)
    sent = await harness.ask(browser, app, prompt="login consent")
    assert asks_to_sign_in(sent)
    back = await harness.sign_in(browser, address=sent.headers["location"])
    assert asks_for_consent(await browser.get(back))


async def test_max_age_asks_for_a_newer_sign_in(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app(first_party=True)
    harness.advance(seconds=60)
    assert error_of(await harness.ask(browser, app, max_age="60")) is None
    assert asks_to_sign_in(await harness.ask(browser, app, max_age="59"))
    assert asks_to_sign_in(await harness.ask(browser, app, max_age="0"))
    assert error_of(await harness.ask(browser, app, max_age="999999999")) is None


@pytest.mark.parametrize(
    "pending_sign_up", [{"prompt": "login"}, {"max_age": "60"}, {"max_age": "0"}]
)
async def test_a_sign_in_at_the_beginning_of_a_long_wait_is_not_one_for_its_end(
    harness: AppHarness, pending_sign_up: dict[str, str]
) -> None:
    await harness.person()
    browser, app = harness.browser(), await harness.app(first_party=True)
    requested = await harness.ask(browser, app, **pending_sign_up)
    harness.advance(seconds=1)
    resume = await harness.sign_in(browser, address=requested.headers["location"])
    harness.advance(minutes=5, seconds=1)  # it is signed in, and the page stays open elsewhere
    late = await browser.get(resume)
    assert asks_to_sign_in(late)
    resume = await harness.sign_in(browser, address=late.headers["location"])
    assert error_of(await browser.get(resume)) is None


async def test_a_login_hint_is_filled_in_and_nothing_more(harness: AppHarness) -> None:
    app = await harness.app()
    hint = 'bob@example.org"><script>'
    sent = await harness.ask(harness.browser(), app, login_hint=hint)
    page = await harness.browser().get(sent.headers["location"])
    assert "bob@example.org&#34;&gt;&lt;script&gt;" in page.text


async def test_display_and_locales_are_optional_hints(harness: AppHarness) -> None:
    await harness.person()
    for display in (
        "page",
        "popup",
        "nonsense",
    ):
        browser, app = await harness.signed_in(), await harness.app(first_party=True)
        hints = {"display": display, "ui_locales": "fr-CA en", "acr_values": "silver"}
        assert error_of(await harness.ask(browser, app, **hints)) is None


async def test_redirect_uri_is_required_with_openid_and_only_there(harness: AppHarness) -> None:
    # OpenID Connect Core §3.1.2.1; RFC 6749 §3.1.2.3 lets it be left out when there is just one.
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    page = await harness.ask(browser, app, scope="openid", redirect_uri=None)
    assert page.status_code == 400
    assert "Authorization request rejected" in page.text
    assert asks_for_consent(await harness.ask(browser, app, scope="basic", redirect_uri=None))
