"""Authorization code grant (RFC 6749 §4.1), through the wire."""

import asyncio

from world import CALLBACK, ISSUER, VERIFIER, World, answer_of

OTHER = "https://app.example.org/other"


async def test_a_code_buys_tokens_that_open_the_api(world: World) -> None:
    ann = await world.person()
    app = await world.app()
    tokens = await world.tokens(app)
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 3600
    assert tokens["scope"] == "basic"
    me = await world.call(tokens["access_token"])
    assert me.json() == {
        "id": ann.id,
        "displayName": "Ann Example",
        "loginName": "ann@example.org",
        "email": "ann@example.org",
        "emailVerified": True,
        "administrator": False,
    }


async def test_the_answer_brings_code_state_and_issuer_to_the_registered_address(
    world: World,
) -> None:
    await world.person()
    answer = await world.authorize(await world.signed_in(), await world.app())
    assert answer.location.startswith(CALLBACK + "?")
    assert set(answer.parameters) == {"code", "state", "iss"}
    assert answer.parameters["state"] == "some-state"
    assert answer.parameters["iss"] == ISSUER


async def test_a_person_who_says_no_sends_access_denied(world: World) -> None:
    await world.person()
    browser, app = await world.signed_in(), await world.app()
    answer = answer_of(await world.decide(browser, await world.ask(browser, app), "deny"))
    assert answer.parameters["error"] == "access_denied"
    assert answer.parameters["state"] == "some-state"
    assert not world.rows()["codes"]
    assert not world.rows()["consents"]


async def test_a_press_of_neither_button_is_no_yes(world: World) -> None:
    await world.person()
    browser, app = await world.signed_in(), await world.app()
    answer = answer_of(await world.decide(browser, await world.ask(browser, app), "perhaps"))
    assert answer.parameters["error"] == "access_denied"


async def test_who_is_not_signed_in_signs_in_first_and_comes_back(world: World) -> None:
    await world.person()
    browser, app = world.browser(), await world.app()
    sent = await world.ask(browser, app)
    assert sent.status_code == 303
    assert sent.headers["location"].startswith("/sign-in?return_to=")
    back = await world.sign_in(browser, address=sent.headers["location"])
    answer = answer_of(await world.decide(browser, await browser.get(back)))
    assert (await world.redeem(app, answer.code)).status_code == 200


async def test_a_fault_is_told_to_the_client_by_redirect(world: World) -> None:
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
        browser, app = world.browser(), await world.app(first_party=True)
        answer = answer_of(await world.ask(browser, app, **changes))
        assert answer.location.startswith(CALLBACK + "?")
        assert set(answer.parameters) == {"error", "error_description", "state", "iss"}
        assert answer.parameters["error"] == error
        assert answer.parameters["state"] == "some-state"
        for value in changes.values():
            assert value is None or value not in answer.parameters["error_description"]


async def test_an_app_is_held_to_its_response_types(world: World) -> None:
    app = await world.app(response_types=frozenset({"none"}), grant_types=frozenset())
    answer = answer_of(await world.ask(world.browser(), app))
    assert answer.parameters["error"] == "unauthorized_client"


async def test_a_scope_that_the_app_may_not_have_is_left_out_and_that_is_said(
    world: World,
) -> None:
    await world.person()
    app = await world.app(scope=frozenset({"basic"}))
    tokens = await world.tokens(app, scope="basic readmeasurements")
    assert tokens["scope"] == "basic"
    nothing = answer_of(await world.ask(world.browser(), app, scope="readmeasurements"))
    assert nothing.parameters["error"] == "invalid_scope"


async def test_no_scope_asked_for_is_basic(world: World) -> None:
    await world.person()
    tokens = await world.tokens(await world.app(), scope=None)
    assert tokens["scope"] == "basic"


# -------------------------------------------------------------------- §4.1.2, §4.1.3: the binding


async def test_a_code_is_bound_to_its_client(world: World) -> None:
    await world.person()
    app, thief = await world.app(), await world.app()
    code = (await world.authorize(await world.signed_in(), app)).code
    stolen = await world.redeem(thief, code)
    unknown = await world.redeem(thief, code[:-4] + "AAAA")
    assert stolen.status_code == 400
    assert stolen.json()["error"] == "invalid_grant"
    assert stolen.content == unknown.content, "nobody can probe for the codes of others"
    assert (await world.redeem(app, code)).status_code == 200, "the attempt changed nothing"


async def test_a_thief_with_a_spent_code_does_not_end_the_owners_tokens(world: World) -> None:
    await world.person()
    app, thief = await world.app(), await world.app()
    code = (await world.authorize(await world.signed_in(), app)).code
    tokens = (await world.redeem(app, code)).json()
    assert (await world.redeem(thief, code)).json()["error"] == "invalid_grant"
    assert (await world.call(tokens["access_token"])).status_code == 200


async def test_a_code_is_bound_to_its_redirect_uri(world: World) -> None:
    await world.person()
    app = await world.app(redirect_uris=(CALLBACK, OTHER))
    code = (await world.authorize(await world.signed_in(), app)).code
    for uri in (OTHER, None, CALLBACK + "/", CALLBACK.upper()):
        refused = await world.redeem(app, code, redirect_uri=uri)
        assert refused.json()["error"] == "invalid_grant", uri
    assert (await world.redeem(app, code)).status_code == 200


async def test_a_redirect_uri_left_out_is_left_out_again_or_is_the_registered_one(
    world: World,
) -> None:
    await world.person()
    browser, app = await world.signed_in(), await world.app()
    code = (await world.authorize(browser, app, redirect_uri=None)).code
    refused = await world.redeem(app, code, redirect_uri=OTHER)
    assert refused.json()["error"] == "invalid_grant"
    assert (await world.redeem(app, code, redirect_uri=None)).status_code == 200
    second = (await world.authorize(browser, app, redirect_uri=None)).code
    assert (await world.redeem(app, second, redirect_uri=CALLBACK)).status_code == 200


async def test_a_code_is_bound_to_its_challenge(world: World) -> None:
    await world.person()
    app = await world.app()
    code = (await world.authorize(await world.signed_in(), app)).code
    for verifier in (None, VERIFIER[:-1] + "x", VERIFIER.swapcase()):
        refused = await world.redeem(app, code, code_verifier=verifier)
        assert refused.json()["error"] == "invalid_grant"
    assert (await world.redeem(app, code)).status_code == 200


async def test_a_code_lives_sixty_seconds(world: World) -> None:
    await world.person()
    browser, app = await world.signed_in(), await world.app()
    codes = [(await world.authorize(browser, app)).code for _ in range(2)]
    world.advance(seconds=59.999)
    assert (await world.redeem(app, codes[0])).status_code == 200
    world.advance(seconds=0.001)
    late = await world.redeem(app, codes[1])
    assert late.json()["error"] == "invalid_grant"


async def test_a_code_used_twice_ends_all_that_it_gave(world: World) -> None:
    await world.person()
    browser, app = await world.signed_in(), await world.app()
    code = (await world.authorize(browser, app)).code
    first = (await world.redeem(app, code)).json()
    heir = (await world.refresh(app, first["refresh_token"])).json()
    other = await world.tokens(app, browser)
    again = await world.redeem(app, code)
    assert again.status_code == 400
    assert again.json()["error"] == "invalid_grant"
    for token in (first["access_token"], heir["access_token"]):
        assert (await world.call(token)).status_code == 401
    for token in (first["refresh_token"], heir["refresh_token"]):
        assert (await world.refresh(app, token)).json()["error"] == "invalid_grant"
    assert (await world.call(other["access_token"])).status_code == 200, "another authorization"


async def test_a_code_used_twice_is_a_replay_even_when_the_second_use_is_wrong(
    world: World,
) -> None:
    await world.person()
    app = await world.app()
    code = (await world.authorize(await world.signed_in(), app)).code
    tokens = (await world.redeem(app, code)).json()
    await world.redeem(app, code, code_verifier=None, redirect_uri=None)
    assert (await world.call(tokens["access_token"])).status_code == 401


async def test_a_spent_code_is_a_replay_after_its_sixty_seconds_too(world: World) -> None:
    await world.person()
    app = await world.app()
    code = (await world.authorize(await world.signed_in(), app)).code
    tokens = (await world.redeem(app, code)).json()
    world.advance(minutes=5)
    assert (await world.redeem(app, code)).json()["error"] == "invalid_grant"
    assert (await world.call(tokens["access_token"])).status_code == 401


async def test_of_many_redemptions_at_once_one_wins(world: World) -> None:
    await world.person()
    app = await world.app()
    code = (await world.authorize(await world.signed_in(), app)).code
    answers = await asyncio.gather(*(world.redeem(app, code) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200, *[400] * 19]


async def test_what_is_no_code_is_no_grant(world: World) -> None:
    await world.person()
    app = await world.app()
    tokens = await world.tokens(app)
    for text in (
        "qmc_",
        "qmc_" + "A" * 48,
        "qmc_" + "é" * 48,
        "a.b.c",
        tokens["access_token"],
        tokens["refresh_token"],
    ):
        assert (await world.redeem(app, text)).json()["error"] == "invalid_grant", text


async def test_a_code_dies_with_its_persons_account(world: World) -> None:
    ann = await world.person()
    app = await world.app()
    code = (await world.authorize(await world.signed_in(), app)).code
    await world.house.accounts.disable(ann.id)
    assert (await world.redeem(app, code)).json()["error"] == "invalid_grant"


async def test_an_app_without_the_refresh_grant_gets_no_refresh_token(world: World) -> None:
    await world.person()
    app = await world.app(grant_types=frozenset({"authorization_code"}))
    assert "refresh_token" not in await world.tokens(app)
