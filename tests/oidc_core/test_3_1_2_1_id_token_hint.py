"""`id_token_hint` (OpenID Connect Core §3.1.2.1): a response for that very person, or none."""

from datetime import timedelta

from support.app import USERINFO, AppHarness, response_of
from support.registered_clients import registered


async def test_the_person_of_the_hint_is_answered_for(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await registered(harness, {}), await harness.signed_in()
    hint = (await harness.tokens(app, browser, scope="openid"))["id_token"]
    harness.advance(hours=3)  # an expired one is still a hint
    requested = await harness.ask(browser, app, scope="openid", prompt="none", id_token_hint=hint)
    assert response_of(requested).code


async def test_another_person_is_not(harness: AppHarness) -> None:
    await harness.person()
    await harness.person("bob@example.org", "Bob Example")
    app = await registered(harness, {})
    hint = (await harness.tokens(app, scope="openid"))["id_token"]
    bob = await harness.signed_in("bob@example.org")
    silent = await harness.ask(bob, app, scope="openid", prompt="none", id_token_hint=hint)
    assert response_of(silent).parameters["error"] == "login_required"
    page = await harness.ask(bob, app, scope="openid", id_token_hint=hint)
    assert page.headers["location"].startswith("/sign-in?")
    back = await harness.sign_in(bob, address=page.headers["location"])
    assert response_of(await bob.get(back)).code


async def test_a_foreign_id_token_is_refused_as_a_hint(harness: AppHarness) -> None:
    await harness.person()
    app, other = await registered(harness, {}), await registered(harness, {})
    browser = await harness.signed_in()
    tokens = await harness.tokens(other, browser, scope="openid")
    for hint in ("nonsense", tokens["access_token"], tokens["id_token"]):
        requested = await harness.ask(browser, app, scope="openid", id_token_hint=hint)
        assert response_of(requested).parameters["error"] == "invalid_request"


async def test_one_whose_key_is_gone_proves_nothing(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await registered(harness, {}), await harness.signed_in()
    hint = (await harness.tokens(app, browser, scope="openid"))["id_token"]
    await harness.context.rotation.rotate(timedelta(0))
    for key in await harness.context.stores.keys.signing_keys():
        if key.algorithm == "RS256" and key.retires_at is not None:
            await harness.context.stores.keys.delete_signing_key(key.kid)
    await harness.context.keyring.load()
    silent = await harness.ask(browser, app, scope="openid", prompt="none", id_token_hint=hint)
    assert response_of(silent).parameters["error"] == "login_required"
    assert response_of(await harness.ask(browser, app, scope="openid", id_token_hint=hint)).code


async def test_other_documents_that_we_sign_are_no_hints(harness: AppHarness) -> None:
    # RFC 8725 §2.8: one kind of token is never taken for another.
    await harness.person()
    app = await registered(harness, {"userinfo_signed_response_alg": "RS256"})
    browser = await harness.signed_in()
    tokens = await harness.tokens(app, browser, scope="openid")
    userinfo = (await harness.call(tokens["access_token"], USERINFO)).text
    signed = response_of(await harness.ask(browser, app, scope="openid", response_mode="jwt"))
    for hint in (userinfo, signed.parameters["response"]):
        requested = await harness.ask(browser, app, scope="openid", id_token_hint=hint)
        assert response_of(requested).parameters["error"] == "invalid_request"
        refused = await browser.get("/api/v2/oauth2/logout", params={"id_token_hint": hint})
        assert refused.status_code == 400
        assert "Logout request rejected" in refused.text
