"""Implicit and hybrid flows (OpenID Connect Core §3.2, §3.3): for flagged clients, in the
fragment, each token bound to the others. Here also RFC 6749 §4.2 and `response_type=none`."""

from urllib.parse import urlsplit

import pytest

from support.app import CALLBACK, ISSUER, App, AppHarness, OpenHarness, response_of
from support.jwt_forgery import half_hash, verified

IMPLICIT = ("token", "id_token", "id_token token")
HYBRID = ("code id_token", "code token", "code id_token token")
ALL = frozenset({"code", "none", *IMPLICIT, *HYBRID})


async def flagged(harness: AppHarness, **changes: object) -> App:
    return await harness.app(first_party=True, response_types=ALL, **changes)


async def test_an_app_that_is_not_flagged_gets_nothing(harness: AppHarness) -> None:
    # security.md §5
    await harness.person()
    for kind in (
        *IMPLICIT,
        *HYBRID,
    ):
        app = await harness.app(first_party=True)
        response = await harness.ask(
            await harness.signed_in(), app, response_type=kind, scope="openid", nonce="n"
        )
        authorization_response = response_of(response)
        assert authorization_response.parameters["error"] == "unauthorized_client"
        assert urlsplit(authorization_response.location).fragment, (
            "the error too goes where the response would"
        )
        assert not harness.rows()["grants"]


async def test_the_response_is_in_the_fragment_and_holds_what_was_asked_for(
    harness: AppHarness,
) -> None:
    await harness.person()
    for kind in (
        *IMPLICIT,
        *HYBRID,
    ):
        app = await flagged(harness)
        response = await harness.ask(
            await harness.signed_in(), app, response_type=kind, scope="openid basic", nonce="n"
        )
        authorization_response = response_of(response)
        assert authorization_response.location.startswith(f"{CALLBACK}#")
        assert not urlsplit(authorization_response.location).query
        given = authorization_response.parameters.keys() & {"code", "access_token", "id_token"}
        assert given == {word if word != "token" else "access_token" for word in kind.split()}
        assert authorization_response.parameters["state"] == "some-state"
        if "access_token" in given:
            assert authorization_response.parameters["token_type"] == "Bearer"
            assert authorization_response.parameters["expires_in"] == "3600"
            assert authorization_response.parameters["scope"] == "basic openid"
            assert (
                await harness.call(authorization_response.parameters["access_token"])
            ).status_code == 200
        assert "refresh_token" not in authorization_response.parameters, "RFC 6749 §4.2.2"


async def test_the_order_of_the_words_does_not_matter(harness: AppHarness) -> None:
    await harness.person()
    app = await flagged(harness)
    browser = await harness.signed_in()
    for kind in ("token id_token", "token code id_token", "id_token  token"):
        response = await harness.ask(browser, app, response_type=kind, scope="openid", nonce="n")
        assert "id_token" in response_of(response).parameters, kind


async def test_the_id_token_is_bound_to_what_comes_beside_it(harness: AppHarness) -> None:
    ann = await harness.person()
    app = await flagged(harness)
    response = await harness.ask(
        await harness.signed_in(),
        app,
        response_type="code id_token token",
        scope="openid profile email",
        nonce="a-nonce",
    )
    given = response_of(response).parameters
    claims = await verified(harness, given["id_token"], "RS256")
    assert claims["c_hash"] == half_hash(given["code"])
    assert claims["at_hash"] == half_hash(given["access_token"])
    assert claims["nonce"] == "a-nonce"
    assert (claims["iss"], claims["sub"], claims["aud"]) == (ISSUER, ann.subject, app.id)
    assert not {"name", "email"} & claims.keys(), "userinfo tells them"


async def test_an_id_token_alone_brings_the_claims_of_its_scopes(harness: AppHarness) -> None:
    # OpenID Connect Core §5.4: there is no access token to fetch them with.
    await harness.person()
    app, browser = await flagged(harness), await harness.signed_in()
    fields = {"scope": "openid profile email", "nonce": "n"}
    alone = response_of(await harness.ask(browser, app, response_type="id_token", **fields))
    claims = await verified(harness, alone.parameters["id_token"], "RS256")
    assert claims["name"] == "Ann Example"
    assert claims["email"] == "ann@example.org"
    assert claims["email_verified"] is True
    assert not {"at_hash", "c_hash"} & claims.keys()
    more = response_of(await harness.ask(browser, app, response_type="code id_token", **fields))
    assert "email" not in await verified(harness, more.parameters["id_token"], "RS256")


async def test_the_code_of_a_hybrid_response_is_redeemed_like_any(harness: AppHarness) -> None:
    await harness.person()
    app = await flagged(harness)
    response = await harness.ask(
        await harness.signed_in(), app, response_type="code id_token", scope="openid", nonce="n-1"
    )
    given = response_of(response).parameters
    tokens = (await harness.redeem(app, given["code"])).json()
    first = await verified(harness, given["id_token"], "RS256")
    second = await verified(harness, tokens["id_token"], "RS256")
    for name in ("iss", "sub", "aud", "nonce", "auth_time"):
        assert first[name] == second[name]


async def test_a_replayed_hybrid_code_ends_the_front_channels_token_too(
    harness: AppHarness,
) -> None:
    await harness.person()
    for kind in ("opaque", "jwt"):
        app = await flagged(harness, token_format=kind)
        response = await harness.ask(await harness.signed_in(), app, response_type="code token")
        given = response_of(response).parameters
        tokens = (await harness.redeem(app, given["code"])).json()
        for token in (given["access_token"], tokens["access_token"]):
            assert (await harness.call(token)).status_code == 200
        await harness.redeem(app, given["code"])
        for token in (given["access_token"], tokens["access_token"]):
            assert (await harness.call(token)).status_code == 401, kind


async def test_an_id_token_in_the_front_channel_needs_a_nonce_and_openid(
    harness: AppHarness,
) -> None:
    await harness.person()
    for kind in (
        "id_token",
        "id_token token",
        "code id_token",
    ):
        app, browser = await flagged(harness), await harness.signed_in()
        without_nonce = await harness.ask(browser, app, response_type=kind, scope="openid")
        assert response_of(without_nonce).parameters["error"] == "invalid_request"
        without_openid = await harness.ask(
            browser, app, response_type=kind, scope="basic", nonce="n"
        )
        assert response_of(without_openid).parameters["error"] == "invalid_request"


async def test_tokens_never_travel_in_a_query(harness: AppHarness) -> None:
    await harness.person()
    for kind in (
        *IMPLICIT,
        *HYBRID,
    ):
        app = await flagged(harness)
        response = await harness.ask(
            await harness.signed_in(),
            app,
            response_type=kind,
            response_mode="query",
            scope="openid",
            nonce="n",
        )
        authorization_response = response_of(response)
        assert authorization_response.parameters["error"] == "invalid_request"
        assert not urlsplit(authorization_response.location).query


async def test_none_brings_nothing_but_the_state(harness: AppHarness) -> None:
    await harness.person()
    app = await flagged(harness)
    response = await harness.ask(await harness.signed_in(), app, response_type="none")
    authorization_response = response_of(response)
    assert authorization_response.parameters == {"state": "some-state", "iss": ISSUER}
    assert not harness.rows()["grants"]


async def test_a_public_single_page_app_may_be_flagged_and_is_asked_about_once(
    harness: AppHarness,
) -> None:
    await harness.person()
    browser = await harness.signed_in()
    app = await harness.app(public=True, response_types=ALL)
    page = await harness.ask(browser, app, response_type="token")
    assert 'id="allow"' in page.text
    assert "access_token" in response_of(await harness.decide(browser, page)).parameters
    # Its https redirect belongs to it, so that its consent is remembered (v2-api.md §5).
    again = await harness.ask(browser, app, response_type="token")
    assert "access_token" in response_of(again).parameters


async def test_a_public_hybrid_client_needs_pkce(harness: AppHarness) -> None:
    app = await harness.app(public=True, response_types=ALL)
    response = await harness.ask(
        harness.browser(),
        app,
        response_type="code token",
        code_challenge=None,
        code_challenge_method=None,
    )
    assert response_of(response).parameters["error"] == "invalid_request"


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_nothing_outlives_its_authorization_on_any_channel(
    open_harness: OpenHarness, token_format: str
) -> None:
    # security.md §6
    lifetimes = {"refresh_absolute_lifetime": "40s", "refresh_idle_lifetime": "40s"}
    settings = {f"tokens__{name}": value for name, value in lifetimes.items()}
    async with open_harness(**settings) as harness:
        await harness.person()
        app = await flagged(harness, token_format=token_format)
        end = int(harness.context.clock.now().timestamp()) + 40
        given = response_of(
            await harness.ask(
                await harness.signed_in(),
                app,
                response_type="code id_token token",
                scope="openid basic",
                nonce="n",
            )
        ).parameters
        assert given["expires_in"] == "40"
        assert (await harness.introspect(app, given["access_token"]))["exp"] == end
        assert (await verified(harness, given["id_token"], "RS256"))["exp"] == end
        harness.advance(seconds=10)
        tokens = (await harness.redeem(app, given["code"])).json()
        assert tokens["expires_in"] == 30
        assert (await harness.introspect(app, tokens["refresh_token"]))["exp"] == end
        harness.advance(seconds=10)
        tokens = (await harness.refresh(app, tokens["refresh_token"])).json()
        assert tokens["expires_in"] == 20
        assert (await verified(harness, tokens["id_token"], "RS256"))["exp"] == end
        harness.advance(seconds=20)
        for token in (given["access_token"], tokens["access_token"]):
            assert (await harness.call(token)).status_code == 401
            assert await harness.introspect(app, token) == {"active": False}


async def test_a_code_does_not_outlive_its_authorization(open_harness: OpenHarness) -> None:
    lifetimes = {"refresh_absolute_lifetime": "40s", "refresh_idle_lifetime": "40s"}
    settings = {f"tokens__{name}": value for name, value in lifetimes.items()}
    async with open_harness(**settings) as harness:
        await harness.person()
        app = await harness.app()
        code = (await harness.authorize(await harness.signed_in(), app)).code
        harness.advance(seconds=40)
        assert (await harness.redeem(app, code)).json()["error"] == "invalid_grant"


async def test_expires_in_is_rounded_down(open_harness: OpenHarness) -> None:
    # RFC 6749 §5.1: no client counts on a token after its end.
    lifetimes = {"refresh_absolute_lifetime": "40s", "refresh_idle_lifetime": "40s"}
    settings = {f"tokens__{name}": value for name, value in lifetimes.items()}
    async with open_harness(**settings) as harness:
        await harness.person()
        app = await harness.app()
        code = (await harness.authorize(await harness.signed_in(), app)).code
        harness.advance(seconds=10.2)
        assert (await harness.redeem(app, code)).json()["expires_in"] == 29
