"""Pairwise subject identifiers (OpenID Connect Core §8): two sectors cannot compare people."""

from typing import Any

import pytest

from forgery import claims_of
from registered import registered
from world import USERINFO, App, World, answer_of

PAIRWISE = {"subject_type": "pairwise"}
ELSEWHERE = "https://other.example.net/callback"


async def subject(world: World, app: App, browser: Any, redirect_uri: str | None = None) -> str:
    changes = {} if redirect_uri is None else {"redirect_uri": redirect_uri}
    code = (await world.authorize(browser, app, scope="openid", **changes)).code
    tokens = (await world.redeem(app, code, **changes)).json()
    told = (await world.call(tokens["access_token"], USERINFO)).json()
    found: str = claims_of(tokens["id_token"])["sub"]
    # OpenID Connect Core §5.3.2: userinfo and ID token MUST name the same subject.
    assert told["sub"] == found
    fresh = (await world.refresh(app, tokens["refresh_token"])).json()
    assert claims_of(fresh["id_token"])["sub"] == found
    return found


async def test_it_differs_by_sector_and_person_and_stays(world: World) -> None:
    ann = await world.person()
    await world.person("bob@example.org", "Bob Example")
    here, same = await registered(world, PAIRWISE), await registered(world, PAIRWISE)
    there = await registered(world, PAIRWISE, redirect_uris=(ELSEWHERE,))
    browser, bob = await world.signed_in(), await world.signed_in("bob@example.org")
    first = await subject(world, here, browser)
    assert first == await subject(world, here, browser)
    assert first == await subject(world, same, browser), "one host, one sector (§8.1)"
    others = {await subject(world, there, browser, ELSEWHERE), await subject(world, here, bob)}
    assert len(others | {first, ann.subject}) == 4
    assert ann.subject not in first


async def test_a_sector_document_joins_hosts(world: World) -> None:
    await world.person()
    sector = {**PAIRWISE, "sector_identifier_uri": "https://sector.example.org/uris.json"}
    one = await registered(world, sector)
    two = await registered(world, sector, redirect_uris=(ELSEWHERE,))
    browser = await world.signed_in()
    assert await subject(world, one, browser) == await subject(world, two, browser, ELSEWHERE)


async def test_jwt_access_tokens_and_hybrid_answers_do_not_tell_more(world: World) -> None:
    ann = await world.person()
    kinds = frozenset({"code id_token token"})
    app = await registered(world, PAIRWISE, token_format="jwt", response_types=kinds)
    browser = await world.signed_in()
    asked = {"response_type": "code id_token token", "scope": "openid", "nonce": "n"}
    answer = answer_of(await world.ask(browser, app, **asked)).parameters
    tokens = (await world.redeem(app, answer["code"])).json()
    subjects = {
        claims_of(token)["sub"]
        for token in (
            answer["id_token"],
            answer["access_token"],
            tokens["id_token"],
            tokens["access_token"],
        )
    }
    assert len(subjects) == 1
    assert ann.subject not in subjects


async def test_a_hint_names_the_person_by_the_apps_own_name(world: World) -> None:
    await world.person()
    app, browser = await registered(world, PAIRWISE), await world.signed_in()
    hint = (await world.tokens(app, browser, scope="openid"))["id_token"]
    asked = await world.ask(browser, app, scope="openid", prompt="none", id_token_hint=hint)
    assert answer_of(asked).code


async def test_a_logout_token_names_the_person_as_the_app_knows_them(world: World) -> None:
    await world.person()
    told = {"backchannel_logout_uri": "https://app.example.org/out"}
    app, browser = await registered(world, {**PAIRWISE, **told}), await world.signed_in()
    known = claims_of((await world.tokens(app, browser, scope="openid"))["id_token"])
    [participant] = await world.house.stores.participants(known["sid"])
    assert participant.subject == known["sub"]


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_introspection_names_the_person_as_the_app_knows_them(
    world: World, token_format: str
) -> None:
    await world.person()
    app = await registered(world, PAIRWISE, token_format=token_format)
    tokens = await world.tokens(app, scope="openid basic")
    known = claims_of(tokens["id_token"])["sub"]
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert (await world.introspect(app, token))["sub"] == known
    server = await world.app(resource_server=True)
    assert (await world.introspect(server, tokens["access_token"]))["sub"] == known
