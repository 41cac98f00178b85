"""Authorization code grant (RFC 6749 §4.1), over HTTP."""

import asyncio

from support.app import CALLBACK, ISSUER, VERIFIER, AppHarness, response_of

_ERROR = ("error", "error_description", "error_uri")

OTHER = "https://app.example.org/other"


async def test_a_code_is_exchanged_for_tokens_that_open_the_api(harness: AppHarness) -> None:
    ann = await harness.person()
    app = await harness.app()
    tokens = await harness.tokens(app)
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 3600
    assert tokens["scope"] == "basic"
    me = await harness.call(tokens["access_token"])
    assert me.json() == {
        "id": ann.id,
        "displayName": "Ann Example",
        "loginName": "ann@example.org",
        "email": "ann@example.org",
        "emailVerified": True,
        "administrator": False,
    }


async def test_the_response_brings_code_state_and_issuer_to_the_registered_address(
    harness: AppHarness,
) -> None:
    await harness.person()
    response = await harness.authorize(await harness.signed_in(), await harness.app())
    assert response.location.startswith(CALLBACK + "?")
    assert set(response.parameters) == {"code", "state", "iss"}
    assert response.parameters["state"] == "some-state"
    assert response.parameters["iss"] == ISSUER


async def test_a_person_who_says_no_sends_access_denied(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    response = response_of(await harness.decide(browser, await harness.ask(browser, app), "deny"))
    assert response.parameters["error"] == "access_denied"
    assert response.parameters["state"] == "some-state"
    assert not harness.rows()["codes"]
    assert not harness.rows()["consents"]


async def test_a_form_without_a_decision_is_not_consent(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    response = response_of(
        await harness.decide(browser, await harness.ask(browser, app), "perhaps")
    )
    assert response.parameters["error"] == "access_denied"


async def test_a_person_who_is_not_signed_in_signs_in_and_continues(harness: AppHarness) -> None:
    await harness.person()
    browser, app = harness.browser(), await harness.app()
    sent = await harness.ask(browser, app)
    assert sent.status_code == 303
    assert sent.headers["location"].startswith("/sign-in?return_to=")
    back = await harness.sign_in(browser, address=sent.headers["location"])
    response = response_of(await harness.decide(browser, await browser.get(back)))
    assert (await harness.redeem(app, response.code)).status_code == 200


async def test_an_error_is_sent_to_the_client_by_redirect(harness: AppHarness) -> None:
    for changes, error in (
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "nonsense"}, "unsupported_response_type"),
        ({"response_type": "code nonsense"}, "unsupported_response_type"),
        ({"response_type": "CODE"}, "unsupported_response_type"),
        ({"response_type": "none code"}, "unsupported_response_type"),
        ({"scope": "nonsense"}, "invalid_scope"),
        ({"scope": "basic nonsense"}, "invalid_scope"),
        ({"scope": "Basic"}, "invalid_scope"),
        ({"scope": "basic,readmeasurements"}, "invalid_scope"),
        ({"prompt": "nonsense"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1e3"}, "invalid_request"),
        ({"max_age": "١"}, "invalid_request"),
        ({"max_age": "9" * 4000}, "invalid_request"),
        ({"response_mode": "nonsense"}, "invalid_request"),
        ({"request": "a.b.c"}, "invalid_request_object"),
        ({"request_uri": "https://evil.example/x"}, "invalid_request_uri"),
        ({"registration": "{}"}, "registration_not_supported"),
    ):
        browser, app = harness.browser(), await harness.app(first_party=True)
        response = response_of(await harness.ask(browser, app, **changes))
        assert response.location.startswith(CALLBACK + "?")
        assert set(response.parameters) == {*_ERROR, "state", "iss"}
        assert response.parameters["error"] == error
        assert response.parameters["state"] == "some-state"
        for value in changes.values():
            assert value is None or value not in response.parameters["error_description"]


async def test_an_app_is_held_to_its_response_types(harness: AppHarness) -> None:
    app = await harness.app(response_types=frozenset({"none"}), grant_types=frozenset())
    response = response_of(await harness.ask(harness.browser(), app))
    assert response.parameters["error"] == "unauthorized_client"


async def test_a_scope_that_the_app_may_not_have_is_left_out_of_the_response(
    harness: AppHarness,
) -> None:
    await harness.person()
    app = await harness.app(scope=frozenset({"basic"}))
    tokens = await harness.tokens(app, scope="basic readmeasurements")
    assert tokens["scope"] == "basic"
    nothing = response_of(await harness.ask(harness.browser(), app, scope="readmeasurements"))
    assert nothing.parameters["error"] == "invalid_scope"


async def test_no_scope_asked_for_is_basic(harness: AppHarness) -> None:
    await harness.person()
    tokens = await harness.tokens(await harness.app(), scope=None)
    assert tokens["scope"] == "basic"


# -------------------------------------------------------------------- RFC 6749 §4.1.2, §4.1.3: the
# binding


async def test_a_code_is_bound_to_its_client(harness: AppHarness) -> None:
    await harness.person()
    app, attacker = await harness.app(), await harness.app()
    code = (await harness.authorize(await harness.signed_in(), app)).code
    stolen = await harness.redeem(attacker, code)
    unknown = await harness.redeem(attacker, code[:-4] + "AAAA")
    assert stolen.status_code == 400
    assert stolen.json()["error"] == "invalid_grant"
    assert stolen.content == unknown.content, "no client can probe for codes of other clients"
    assert (await harness.redeem(app, code)).status_code == 200, "the attempt changed nothing"


async def test_an_attacker_with_a_spent_code_does_not_end_the_owners_tokens(
    harness: AppHarness,
) -> None:
    await harness.person()
    app, attacker = await harness.app(), await harness.app()
    code = (await harness.authorize(await harness.signed_in(), app)).code
    tokens = (await harness.redeem(app, code)).json()
    assert (await harness.redeem(attacker, code)).json()["error"] == "invalid_grant"
    assert (await harness.call(tokens["access_token"])).status_code == 200


async def test_a_code_is_bound_to_its_redirect_uri(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(redirect_uris=(CALLBACK, OTHER))
    code = (await harness.authorize(await harness.signed_in(), app)).code
    for uri in (OTHER, None, CALLBACK + "/", CALLBACK.upper()):
        refused = await harness.redeem(app, code, redirect_uri=uri)
        assert refused.json()["error"] == "invalid_grant", uri
    assert (await harness.redeem(app, code)).status_code == 200


async def test_a_redirect_uri_left_out_is_left_out_again_or_is_the_registered_one(
    harness: AppHarness,
) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    code = (await harness.authorize(browser, app, redirect_uri=None)).code
    refused = await harness.redeem(app, code, redirect_uri=OTHER)
    assert refused.json()["error"] == "invalid_grant"
    assert (await harness.redeem(app, code, redirect_uri=None)).status_code == 200
    second = (await harness.authorize(browser, app, redirect_uri=None)).code
    assert (await harness.redeem(app, second, redirect_uri=CALLBACK)).status_code == 200


async def test_a_code_is_bound_to_its_challenge(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    code = (await harness.authorize(await harness.signed_in(), app)).code
    for verifier in (None, VERIFIER[:-1] + "x", VERIFIER.swapcase()):
        refused = await harness.redeem(app, code, code_verifier=verifier)
        assert refused.json()["error"] == "invalid_grant"
    assert (await harness.redeem(app, code)).status_code == 200


async def test_a_code_lives_sixty_seconds(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    codes = [(await harness.authorize(browser, app)).code for _ in range(2)]
    harness.advance(seconds=59.999)
    assert (await harness.redeem(app, codes[0])).status_code == 200
    harness.advance(seconds=0.001)
    late = await harness.redeem(app, codes[1])
    assert late.json()["error"] == "invalid_grant"


async def test_a_code_used_twice_ends_all_that_it_gave(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    code = (await harness.authorize(browser, app)).code
    first = (await harness.redeem(app, code)).json()
    successor = (await harness.refresh(app, first["refresh_token"])).json()
    other = await harness.tokens(app, browser)
    again = await harness.redeem(app, code)
    assert again.status_code == 400
    assert again.json()["error"] == "invalid_grant"
    for token in (first["access_token"], successor["access_token"]):
        assert (await harness.call(token)).status_code == 401
    for token in (first["refresh_token"], successor["refresh_token"]):
        assert (await harness.refresh(app, token)).json()["error"] == "invalid_grant"
    assert (await harness.call(other["access_token"])).status_code == 200, "another authorization"


async def test_a_code_used_twice_is_a_replay_even_when_the_second_use_is_wrong(
    harness: AppHarness,
) -> None:
    await harness.person()
    app = await harness.app()
    code = (await harness.authorize(await harness.signed_in(), app)).code
    tokens = (await harness.redeem(app, code)).json()
    await harness.redeem(app, code, code_verifier=None, redirect_uri=None)
    assert (await harness.call(tokens["access_token"])).status_code == 401


async def test_a_spent_code_is_a_replay_after_its_sixty_seconds_too(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    code = (await harness.authorize(await harness.signed_in(), app)).code
    tokens = (await harness.redeem(app, code)).json()
    harness.advance(minutes=5)
    assert (await harness.redeem(app, code)).json()["error"] == "invalid_grant"
    assert (await harness.call(tokens["access_token"])).status_code == 401


async def test_of_many_redemptions_at_once_one_wins(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    code = (await harness.authorize(await harness.signed_in(), app)).code
    responses = await asyncio.gather(*(harness.redeem(app, code) for _ in range(20)))
    assert sorted(response.status_code for response in responses) == [200, *[400] * 19]


async def test_a_malformed_code_is_an_invalid_grant(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    tokens = await harness.tokens(app)
    for text in (
        "qmc_",
        "qmc_" + "A" * 48,
        "qmc_" + "é" * 48,
        "a.b.c",
        tokens["access_token"],
        tokens["refresh_token"],
    ):
        assert (await harness.redeem(app, text)).json()["error"] == "invalid_grant", text


async def test_a_code_ends_with_its_persons_account(harness: AppHarness) -> None:
    ann = await harness.person()
    app = await harness.app()
    code = (await harness.authorize(await harness.signed_in(), app)).code
    await harness.context.accounts.administration.disable(ann.id)
    assert (await harness.redeem(app, code)).json()["error"] == "invalid_grant"


async def test_an_app_without_the_refresh_grant_gets_no_refresh_token(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(grant_types=frozenset({"authorization_code"}))
    assert "refresh_token" not in await harness.tokens(app)
