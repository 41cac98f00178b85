"""`prompt` and `max_age` (OpenID Connect Core §3.1.2.1, §3.1.2.3): when a page is shown."""

import httpx
import pytest

from forgery import verified
from world import World, answer_of


def asks_to_sign_in(response: httpx.Response) -> bool:
    return response.status_code == 303 and response.headers["location"].startswith("/sign-in?")


def asks_for_consent(response: httpx.Response) -> bool:
    return response.status_code == 200 and 'id="allow"' in response.text


def error_of(response: httpx.Response) -> str | None:
    return answer_of(response).parameters.get("error")


async def test_consent_is_asked_once_and_remembered(world: World) -> None:
    await world.person()
    browser, app = await world.signed_in(), await world.app()
    page = await world.ask(browser, app)
    assert asks_for_consent(page)
    await world.decide(browser, page)
    assert error_of(await world.ask(browser, app)) is None
    another = await world.signed_in()
    assert error_of(await world.ask(another, app)) is None, "it is the person's, not the browser's"


async def test_a_wider_scope_asks_again_and_a_narrower_one_does_not(world: World) -> None:
    # security.md 8
    await world.person()
    browser, app = await world.signed_in(), await world.app()
    await world.authorize(browser, app, scope="basic readmeasurements")
    assert error_of(await world.ask(browser, app, scope="readmeasurements")) is None
    wider = await world.ask(browser, app, scope="basic writemeasurements")
    assert asks_for_consent(wider)
    await world.decide(browser, wider, "deny")
    assert asks_for_consent(await world.ask(browser, app, scope="basic writemeasurements"))
    tokens = await world.tokens(app, browser, scope="basic")
    assert tokens["scope"] == "basic", "an old consent does not widen a new request"


async def test_consent_is_per_person_and_per_app(world: World) -> None:
    await world.person()
    await world.person("bob@example.org", "Bob Example")
    ann, bob = await world.signed_in(), await world.signed_in("bob@example.org")
    app, other = await world.app(), await world.app()
    await world.authorize(ann, app)
    assert asks_for_consent(await world.ask(bob, app))
    assert asks_for_consent(await world.ask(ann, other))


async def test_withdrawn_consent_asks_again(world: World) -> None:
    ann = await world.person()
    browser, app = await world.signed_in(), await world.app()
    await world.authorize(browser, app)
    await world.house.stores.withdraw_consent(ann.id, app.id, world.house.clock.now())
    assert asks_for_consent(await world.ask(browser, app))


async def test_none_never_shows_a_page(world: World) -> None:
    await world.person()
    browser, app = await world.signed_in(), await world.app()
    assert error_of(await world.ask(world.browser(), app, prompt="none")) == "login_required"
    assert error_of(await world.ask(browser, app, prompt="none")) == "consent_required"
    await world.authorize(browser, app)
    assert error_of(await world.ask(browser, app, prompt="none")) is None
    wider = await world.ask(browser, app, prompt="none", scope="readmeasurements")
    assert error_of(wider) == "consent_required"
    world.advance(seconds=10)
    stale = await world.ask(browser, app, prompt="none", max_age="5")
    assert error_of(stale) == "login_required"


async def test_a_refused_silent_request_leaves_nothing_waiting(world: World) -> None:
    await world.ask(world.browser(), await world.app(), prompt="none")
    assert world.rows()["authorization_requests"] == []


async def test_login_asks_to_sign_in_again_and_the_new_sign_in_counts(world: World) -> None:
    await world.person()
    browser, app = await world.signed_in(), await world.app(first_party=True)
    world.advance(minutes=1)
    sent = await world.ask(browser, app, prompt="login", scope="openid")
    assert asks_to_sign_in(sent)
    world.advance(minutes=1)
    back = await world.sign_in(browser, address=sent.headers["location"])
    answer = answer_of(await browser.get(back))
    tokens = (await world.redeem(app, answer.code)).json()
    claims = await verified(world, tokens["id_token"], "RS256")
    assert claims["auth_time"] == int(world.house.clock.now().timestamp())


async def test_going_back_without_signing_in_does_not_get_past_login(world: World) -> None:
    await world.person()
    browser, app = await world.signed_in(), await world.app(first_party=True)
    world.advance(minutes=1)
    sent = await world.ask(browser, app, prompt="login")
    resume = httpx.URL(sent.headers["location"]).params["return_to"]
    for _ in range(2):
        assert asks_to_sign_in(await browser.get(resume))


async def test_the_decision_of_a_session_that_grew_stale_does_not_count(world: World) -> None:
    await world.person()
    browser, app = await world.signed_in(), await world.app()
    world.advance(seconds=30)
    page = await world.ask(browser, app, max_age="60")
    assert asks_for_consent(page)
    world.advance(minutes=2)
    assert asks_to_sign_in(await world.decide(browser, page))
    assert not world.rows()["consents"]
    assert not world.rows()["codes"]


async def test_consent_asks_again_even_for_a_first_party_app(world: World) -> None:
    await world.person()
    browser = await world.signed_in()
    for app in (await world.app(), await world.app(first_party=True)):
        await world.authorize(browser, app)
        assert asks_for_consent(await world.ask(browser, app, prompt="consent"))


async def test_select_account_shows_the_account_and_a_way_to_switch(world: World) -> None:
    await world.person()
    browser, app = await world.signed_in(), await world.app(first_party=True)
    page = await world.ask(browser, app, prompt="select_account")
    assert asks_for_consent(page)
    assert "ann@example.org" in page.text
    assert "/sign-in?return_to=" in page.text
    assert asks_to_sign_in(await world.ask(world.browser(), app, prompt="select_account"))


async def test_login_and_consent_together_ask_for_both(world: World) -> None:
    await world.person()
    browser, app = await world.signed_in(), await world.app(first_party=True)
    world.advance(minutes=1)
    sent = await world.ask(browser, app, prompt="login consent")
    assert asks_to_sign_in(sent)
    back = await world.sign_in(browser, address=sent.headers["location"])
    assert asks_for_consent(await browser.get(back))


async def test_max_age_asks_for_a_newer_sign_in(world: World) -> None:
    await world.person()
    browser, app = await world.signed_in(), await world.app(first_party=True)
    world.advance(seconds=60)
    assert error_of(await world.ask(browser, app, max_age="60")) is None
    assert asks_to_sign_in(await world.ask(browser, app, max_age="59"))
    assert asks_to_sign_in(await world.ask(browser, app, max_age="0"))
    assert error_of(await world.ask(browser, app, max_age="999999999")) is None


@pytest.mark.parametrize("wish", [{"prompt": "login"}, {"max_age": "60"}, {"max_age": "0"}])
async def test_a_sign_in_at_the_beginning_of_a_long_wait_is_not_one_for_its_end(
    world: World, wish: dict[str, str]
) -> None:
    await world.person()
    browser, app = world.browser(), await world.app(first_party=True)
    asked = await world.ask(browser, app, **wish)
    world.advance(seconds=1)
    resume = await world.sign_in(browser, address=asked.headers["location"])
    world.advance(minutes=5, seconds=1)  # it is signed in, and the page stays open elsewhere
    late = await browser.get(resume)
    assert asks_to_sign_in(late)
    resume = await world.sign_in(browser, address=late.headers["location"])
    assert error_of(await browser.get(resume)) is None


async def test_a_login_hint_is_filled_in_and_nothing_more(world: World) -> None:
    app = await world.app()
    hint = 'bob@example.org"><script>'
    sent = await world.ask(world.browser(), app, login_hint=hint)
    page = await world.browser().get(sent.headers["location"])
    assert "bob@example.org&#34;&gt;&lt;script&gt;" in page.text


async def test_display_and_locales_are_wishes(world: World) -> None:
    await world.person()
    for display in (
        "page",
        "popup",
        "nonsense",
    ):
        browser, app = await world.signed_in(), await world.app(first_party=True)
        wishes = {"display": display, "ui_locales": "fr-CA en", "acr_values": "silver"}
        assert error_of(await world.ask(browser, app, **wishes)) is None


async def test_redirect_uri_is_required_with_openid_and_only_there(world: World) -> None:
    # OpenID Connect Core §3.1.2.1; RFC 6749 §3.1.2.3 lets it be left out when there is just one.
    await world.person()
    browser, app = await world.signed_in(), await world.app()
    page = await world.ask(browser, app, scope="openid", redirect_uri=None)
    assert page.status_code == 400
    assert "Authorization request rejected" in page.text
    assert asks_for_consent(await world.ask(browser, app, scope="basic", redirect_uri=None))
