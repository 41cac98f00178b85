"""RP-Initiated Logout §2: an application asks to sign a person out."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from support.app import ISSUER, AppHarness, form_fields
from support.jwt_forgery import claims_of, decode, es256, forge, header_of, unsigned
from support.logout_receiver import (
    LOGOUT,
    SIGNED_OUT,
    confirm,
    id_token,
    is_signed_in,
    leave,
    registered,
)

REJECTED = "Logout request rejected"
QUESTION = 'id="confirm-logout"'


async def test_its_own_id_token_signs_the_person_out_without_a_question(
    harness: AppHarness,
) -> None:
    await harness.person()
    app, browser = await registered(harness), await harness.signed_in()
    hint = await id_token(harness, app, browser)
    response = await leave(browser, id_token_hint=hint, post_logout_redirect_uri=SIGNED_OUT)
    assert response.status_code == 303
    assert response.headers["location"] == SIGNED_OUT
    assert not await is_signed_in(browser)


async def test_the_session_is_over_on_the_server_too(harness: AppHarness) -> None:
    ann = await harness.person()
    app, browser = await registered(harness), await harness.signed_in()
    copied = dict(browser.cookies)
    await leave(browser, id_token_hint=await id_token(harness, app, browser))
    browser.cookies.update(copied)
    assert not await is_signed_in(browser)
    assert await harness.context.stores.sessions.sessions_of(ann.id) == []


async def test_other_browsers_stay_signed_in(harness: AppHarness) -> None:
    await harness.person()
    app, browser, other = (
        await registered(harness),
        await harness.signed_in(),
        await harness.signed_in(),
    )
    await leave(browser, id_token_hint=await id_token(harness, app, browser))
    assert await is_signed_in(other)


async def test_an_expired_id_token_is_good_for_it(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await registered(harness), await harness.signed_in()
    hint = await id_token(harness, app, browser)
    harness.advance(hours=3)
    response = await leave(browser, id_token_hint=hint, post_logout_redirect_uri=SIGNED_OUT)
    assert response.headers["location"] == SIGNED_OUT


async def test_an_id_token_of_a_refresh_is_good_for_it(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await registered(harness), await harness.signed_in()
    tokens = await harness.tokens(app, browser, scope="openid")
    refreshed = (await harness.refresh(app, tokens["refresh_token"])).json()
    assert claims_of(refreshed["id_token"])["sid"] == claims_of(tokens["id_token"])["sid"]
    await leave(browser, id_token_hint=refreshed["id_token"])
    assert not await is_signed_in(browser)


async def test_the_sid_is_not_the_cookie_nor_its_key(harness: AppHarness) -> None:
    ann = await harness.person()
    browser = await harness.signed_in()
    sid = claims_of(await id_token(harness, await harness.app(), browser))["sid"]
    [session] = await harness.context.stores.sessions.sessions_of(ann.id)
    assert session.sid not in sid
    assert sid not in session.key.hex()
    assert sid not in browser.cookies["__Host-quantimodo_session"]


async def test_a_person_who_proves_themselves_again_stays_in_their_session(
    harness: AppHarness,
) -> None:
    await harness.person()
    app, browser = await registered(harness), harness.browser()
    await harness.sign_in(browser)
    before = claims_of(await id_token(harness, app, browser))["sid"]
    await harness.sign_in(browser)
    assert claims_of(await id_token(harness, app, browser))["sid"] == before


async def test_another_person_in_the_same_browser_is_another_session(harness: AppHarness) -> None:
    await harness.person()
    await harness.person("ben@example.org")
    app, browser = await registered(harness), harness.browser()
    await harness.sign_in(browser)
    anns = await id_token(harness, app, browser)
    await harness.sign_in(browser, "ben@example.org")
    assert claims_of(await id_token(harness, app, browser))["sid"] != claims_of(anns)["sid"]
    # What was Ann's does not sign Ben out.
    assert QUESTION in (await leave(browser, id_token_hint=anns)).text


async def test_a_hint_of_another_session_asks(harness: AppHarness) -> None:
    await harness.person()
    app, browser, other = (
        await registered(harness),
        await harness.signed_in(),
        await harness.signed_in(),
    )
    hint = await id_token(harness, app, other)
    page = await leave(browser, id_token_hint=hint, post_logout_redirect_uri=SIGNED_OUT)
    assert page.status_code == 200
    assert QUESTION in page.text
    assert await is_signed_in(browser)
    response = await confirm(browser, page)
    assert response.headers["location"] == SIGNED_OUT
    assert not await is_signed_in(browser)
    assert await is_signed_in(other)


async def test_no_parameters_at_all_ask_and_then_say_so(harness: AppHarness) -> None:
    await harness.person()
    browser = await harness.signed_in()
    page = await leave(browser)
    assert QUESTION in page.text
    assert await is_signed_in(browser)
    done = await confirm(browser, page)
    assert done.status_code == 200
    assert "<h1>You are signed out</h1>" in done.text
    assert not await is_signed_in(browser)


async def test_a_state_alone_asks_and_goes_nowhere(harness: AppHarness) -> None:
    await harness.person()
    browser = await harness.signed_in()
    done = await confirm(browser, await leave(browser, state="some-state"))
    assert "You are signed out" in done.text
    assert "some-state" not in done.text


async def test_a_visitor_without_a_session_is_sent_to_sign_in(harness: AppHarness) -> None:
    page = await leave(harness.browser())
    assert page.status_code == 200
    assert "You are signed out" in page.text


async def test_a_person_without_a_session_is_redirected_to_the_app(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await registered(harness), await harness.signed_in()
    hint = await id_token(harness, app, browser)
    response = await leave(
        harness.browser(), id_token_hint=hint, post_logout_redirect_uri=SIGNED_OUT
    )
    assert response.headers["location"] == SIGNED_OUT
    assert await is_signed_in(browser)


async def test_a_client_id_names_the_app_and_the_person_is_asked(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await registered(harness), await harness.signed_in()
    page = await leave(browser, client_id=app.id, post_logout_redirect_uri=SIGNED_OUT, state="s/&")
    assert "Mood Tracker" in page.text
    # Browsers hold the redirect after the form against its policy.
    policy = page.headers["content-security-policy"]
    assert "form-action 'self' https:;" in policy
    response = await confirm(browser, page)
    assert response.headers["location"] == f"{SIGNED_OUT}?state=s%2F%26"


async def test_by_post_it_is_the_same(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await registered(harness), await harness.signed_in()
    fields = {
        "id_token_hint": await id_token(harness, app, browser),
        "post_logout_redirect_uri": SIGNED_OUT,
        "state": "some-state",
        "something": "unknown",
    }
    # A form of another site comes without the session cookie; the redirect after it brings it.
    on = await harness.browser().post(LOGOUT, data=fields)
    assert on.status_code == 303
    assert on.headers["location"].startswith(f"{LOGOUT}?")
    assert "unknown" not in on.headers["location"]
    response = await browser.get(on.headers["location"])
    assert response.headers["location"] == f"{SIGNED_OUT}?state=some-state"
    assert not await is_signed_in(browser)


async def test_opening_the_address_does_not_sign_out(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await registered(harness), await harness.signed_in()
    hint = await id_token(harness, app, browser)
    await browser.head(LOGOUT, params={"id_token_hint": hint})
    assert await is_signed_in(browser)


async def test_hints_for_pages_are_taken(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await registered(harness), await harness.signed_in()
    hint = await id_token(harness, app, browser)
    response = await leave(
        browser, id_token_hint=hint, logout_hint="ann@example.org", ui_locales="nl en"
    )
    assert "You are signed out" in response.text


async def test_an_app_of_another_algorithm_signs_out_too(harness: AppHarness) -> None:
    await harness.person()
    app = await registered(harness, app=await harness.app(id_token_alg="ES256"))
    browser = await harness.signed_in()
    await leave(browser, id_token_hint=await id_token(harness, app, browser))
    assert not await is_signed_in(browser)


async def test_the_confirmation_takes_no_form_of_another_site(harness: AppHarness) -> None:
    await harness.person()
    browser = await harness.signed_in()
    fields = form_fields((await leave(browser)).text)
    for changes, headers in (
        ({"csrf": "0" * 64}, {}),
        ({}, {"origin": "https://evil.example"}),
        ({}, {"sec-fetch-site": "cross-site"}),
    ):
        response = await browser.post(f"{LOGOUT}/confirm", data=fields | changes, headers=headers)
        assert response.status_code == 403
        assert await is_signed_in(browser)


async def _refused(harness: AppHarness, **parameters: str) -> None:
    browser = await harness.signed_in()
    for response in (
        await leave(browser, **parameters),
        await browser.post(LOGOUT, data=parameters),
    ):
        assert response.status_code == 400
        assert f"<h1>{REJECTED}</h1>" in response.text
        assert "location" not in response.headers
        assert "refresh" not in response.text.lower()
    assert await is_signed_in(browser)


@pytest.mark.parametrize("raw", ["nonsense", "a.b.c", "e30.e30.", "é.é.é", "x" * 8000])
async def test_an_invalid_id_token_is_refused(harness: AppHarness, raw: str) -> None:
    await harness.person()
    await _refused(harness, id_token_hint=raw, post_logout_redirect_uri=SIGNED_OUT)


async def test_a_changed_id_token_is_refused(harness: AppHarness) -> None:
    await harness.person()
    app = await registered(harness)
    hint = await id_token(harness, app, await harness.signed_in())
    signature = hint.split(".")[2]
    claims = {**claims_of(hint), "sub": "another person"}
    forged = forge(header_of(hint), claims, lambda _: decode(signature))
    unsigned_one = forge({**header_of(hint), "alg": "none"}, claims_of(hint), unsigned)
    for changed in (forged, unsigned_one, hint[:-4] + "AAAA"):
        await _refused(harness, id_token_hint=changed, post_logout_redirect_uri=SIGNED_OUT)


async def test_a_token_of_another_signer_is_refused(harness: AppHarness) -> None:
    await harness.person()
    app, key = await registered(harness), ec.generate_private_key(ec.SECP256R1())
    hint = await id_token(harness, app, await harness.signed_in())
    header = {**header_of(hint), "alg": "ES256", "kid": "a key of theirs"}
    now = int(harness.context.clock.now().timestamp())
    turned = {"iss": app.id, "aud": ISSUER, "sub": "a", "iat": now, "exp": now + 300}
    for claims in (
        turned,
        {**claims_of(hint), "iss": "https://evil.example"},
        {"iss": ISSUER, "aud": app.id, "sub": "a"},
        b"5",
    ):
        await _refused(
            harness,
            id_token_hint=forge(header, claims, es256(key)),
            post_logout_redirect_uri=SIGNED_OUT,
        )


async def test_other_tokens_of_ours_are_no_id_tokens(harness: AppHarness) -> None:
    await harness.person()
    app = await registered(harness, app=await harness.app(token_format="jwt"))
    tokens = await harness.tokens(app, scope="openid")
    await _refused(harness, id_token_hint=tokens["access_token"])


async def test_an_encrypted_id_token_is_refused_with_advice(harness: AppHarness) -> None:
    page = await leave(harness.browser(), id_token_hint="a.b.c.d.e")
    assert page.status_code == 400
    assert "send the ID token decrypted" in page.text


async def test_an_id_token_of_another_app_than_client_id_is_refused(harness: AppHarness) -> None:
    await harness.person()
    app, other = await registered(harness), await registered(harness)
    hint = await id_token(harness, app, await harness.signed_in())
    await _refused(harness, id_token_hint=hint, client_id=other.id)


async def test_an_unknown_and_a_disabled_app_are_refused(harness: AppHarness) -> None:
    await harness.person()
    app = await registered(harness)
    hint = await id_token(harness, app, await harness.signed_in())
    await _refused(harness, client_id="unknown")
    await harness.disable(app)
    await _refused(harness, client_id=app.id)
    await _refused(harness, id_token_hint=hint)


async def test_repeated_parameters_and_odd_bodies_are_refused(harness: AppHarness) -> None:
    await harness.person()
    browser = await harness.signed_in()
    for query in ("state=a&state=b", "client_id=%00", "%ff=%ff&state=%ff"):
        page = await browser.get(f"{LOGOUT}?{query}")
        assert page.status_code == 400, query
        assert REJECTED in page.text
    page = await browser.post(LOGOUT, json={"state": "a"})
    assert page.status_code == 400
    assert REJECTED in page.text
    assert await is_signed_in(browser)


async def test_an_id_token_of_a_forgotten_key_proves_nothing_but_is_not_a_fault(
    harness: AppHarness,
) -> None:
    await harness.person()
    app, browser = await registered(harness), await harness.signed_in()
    hint = await id_token(harness, app, browser)
    await harness.context.rotation.rotate(timedelta(0))
    harness.advance(days=30)
    browser = await harness.signed_in()
    await harness.context.keyring.load()
    page = await leave(browser, id_token_hint=hint, post_logout_redirect_uri=SIGNED_OUT)
    assert QUESTION in page.text
    done = await confirm(browser, page)
    assert "You are signed out" in done.text  # the client is unknown, so there is no redirect


async def test_a_confirmed_change_is_checked_again(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await registered(harness), await harness.signed_in()
    page = await leave(browser, client_id=app.id, post_logout_redirect_uri=SIGNED_OUT)
    await registered(harness, app=app, post_logout_redirect_uris=())
    response = await confirm(browser, page)
    assert response.status_code == 400
    assert await is_signed_in(browser)
