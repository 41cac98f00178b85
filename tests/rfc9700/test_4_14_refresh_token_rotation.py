"""Refresh token rotation (RFC 9700 §4.14.2; contract §6): one heir each, and a replay ends all."""

import asyncio
from typing import Any

import pytest

from world import App, World


async def begin(world: World, **changes: Any) -> tuple[App, dict[str, Any]]:
    await world.person()
    app = await world.app(**changes)
    return app, await world.tokens(app)


async def refreshed(world: World, app: App, token: str, **changes: str) -> dict[str, Any]:
    response = await world.refresh(app, token, **changes)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def is_ended(world: World, app: App, *answers: dict[str, Any]) -> bool:
    """Whether nothing of these answers works, now or after."""
    for answer in answers:
        refused = await world.refresh(app, answer["refresh_token"])
        if refused.json().get("error") != "invalid_grant":
            return False
        if (await world.call(answer["access_token"])).status_code != 401:
            return False
    return True


@pytest.mark.parametrize("public", [False, True])
async def test_each_use_gives_a_new_token_and_ends_the_old_one(world: World, public: bool) -> None:
    app, answer = await begin(world, public=public)
    seen = {answer["refresh_token"]}
    for _ in range(5):
        world.advance(minutes=1)
        answer = await refreshed(world, app, answer["refresh_token"])
        assert answer["refresh_token"].startswith("qmr_")
        seen.add(answer["refresh_token"])
    assert len(seen) == 6
    assert (await world.call(answer["access_token"])).status_code == 200


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_a_token_that_returns_after_the_grace_ends_the_family(
    world: World, token_format: str
) -> None:
    app, first = await begin(world, token_format=token_format)
    second = await refreshed(world, app, first["refresh_token"])
    third = await refreshed(world, app, second["refresh_token"])
    world.advance(seconds=10, microseconds=1)
    thief = await world.refresh(app, first["refresh_token"])
    assert thief.status_code == 400
    assert thief.json()["error"] == "invalid_grant"
    assert await is_ended(world, app, first, second, third)


async def test_a_replay_ends_one_authorization_and_no_other(world: World) -> None:
    await world.person()
    app, browser = await world.app(), await world.signed_in()
    one, other = await world.tokens(app, browser), await world.tokens(app, browser)
    await refreshed(world, app, one["refresh_token"])
    world.advance(minutes=1)
    await world.refresh(app, one["refresh_token"])
    assert (await world.call(other["access_token"])).status_code == 200
    await refreshed(world, app, other["refresh_token"])


async def test_the_grace_is_ten_seconds_to_the_microsecond(world: World) -> None:
    app, first = await begin(world)
    await refreshed(world, app, first["refresh_token"])
    world.advance(seconds=10)
    await refreshed(world, app, first["refresh_token"])
    world.advance(microseconds=1)
    assert (await world.refresh(app, first["refresh_token"])).status_code == 400


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_ten_tabs_get_the_same_successor_and_nobody_is_signed_out(
    world: World, token_format: str
) -> None:
    app, first = await begin(world, token_format=token_format)
    at_once = await asyncio.gather(
        *(refreshed(world, app, first["refresh_token"]) for _ in range(10))
    )
    world.advance(seconds=5)
    later = [await refreshed(world, app, first["refresh_token"]) for _ in range(3)]
    answers = [*at_once, *later]
    assert len({answer["refresh_token"] for answer in answers}) == 1
    for answer in (answers[0], answers[-1]):
        assert (await world.call(answer["access_token"])).status_code == 200
    assert [answer["expires_in"] for answer in answers] == [3600] * 10 + [3595] * 3
    rows = world.rows()
    assert len(rows["refresh_tokens"]) == 2, "nothing more was made"
    assert len(rows["access_tokens"]) == (2 if token_format == "opaque" else 0)
    world.advance(minutes=1)
    await refreshed(world, app, answers[0]["refresh_token"])


async def test_the_grace_does_not_slide(world: World) -> None:
    app, first = await begin(world)
    for _ in range(3):
        await refreshed(world, app, first["refresh_token"])
        world.advance(seconds=5)
    assert (await world.refresh(app, first["refresh_token"])).status_code == 400


async def test_within_the_grace_a_spent_heir_is_still_the_same_heir(world: World) -> None:
    app, first = await begin(world)
    second = await refreshed(world, app, first["refresh_token"])
    third = await refreshed(world, app, second["refresh_token"])
    slow_tab = await refreshed(world, app, first["refresh_token"])
    assert slow_tab["refresh_token"] == second["refresh_token"]
    assert (await refreshed(world, app, slow_tab["refresh_token"])) == third


async def test_the_grace_is_for_the_same_client_alone(world: World) -> None:
    app, first = await begin(world)
    thief = await world.app()
    second = await refreshed(world, app, first["refresh_token"])
    assert (await world.refresh(thief, first["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await world.call(second["access_token"])).status_code == 200


async def test_the_grace_never_widens_what_the_first_answer_gave(world: World) -> None:
    await world.person()
    app = await world.app()
    first = await world.tokens(app, scope="basic readmeasurements")
    narrow = await refreshed(world, app, first["refresh_token"], scope="readmeasurements")
    again = await refreshed(world, app, first["refresh_token"])
    assert again["access_token"] == narrow["access_token"]
    assert again["scope"] == "readmeasurements", "it says what the token really opens"
    refused = await world.refresh(app, first["refresh_token"], scope="writemeasurements")
    assert refused.json()["error"] == "invalid_scope"


@pytest.mark.parametrize("how", ["the spent one", "the heir", "consent", "disabled person"])
async def test_explicit_revocation_beats_the_grace(world: World, how: str) -> None:
    ann = await world.person()
    app = await world.app()
    first = await world.tokens(app)
    second = await refreshed(world, app, first["refresh_token"])
    match how:
        case "the spent one":
            await world.revoke(app, first["refresh_token"])
        case "the heir":
            await world.revoke(app, second["refresh_token"])
        case "consent":
            now = world.house.clock.now()
            await world.house.stores.withdraw_consent(ann.id, app.id, now)
        case "disabled person":
            await world.house.accounts.disable(ann.id)
    assert await is_ended(world, app, first, second)


async def test_an_access_token_that_was_revoked_is_not_revived_by_the_grace(world: World) -> None:
    for token_format in ("opaque", "jwt"):
        app = await world.app(token_format=token_format)
        if token_format == "opaque":
            await world.person()
        first = await world.tokens(app)
        second = await refreshed(world, app, first["refresh_token"])
        await world.revoke(app, second["access_token"])
        again = await refreshed(world, app, first["refresh_token"])
        assert (await world.call(again["access_token"])).status_code == 401


async def test_an_unused_token_dies_after_thirty_days(world: World) -> None:
    app, answer = await begin(world)
    world.advance(days=29.9)
    answer = await refreshed(world, app, answer["refresh_token"])
    world.advance(days=30)
    refused = await world.refresh(app, answer["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"


async def test_an_authorization_dies_after_its_absolute_lifetime_however_often_used(
    world: World,
) -> None:
    # security.md 6
    app, answer = await begin(world)
    for _ in range(8):
        world.advance(days=20)
        answer = await refreshed(world, app, answer["refresh_token"])
    world.advance(days=19, hours=23.5)
    last = await refreshed(world, app, answer["refresh_token"])
    assert last["expires_in"] == 1800, "nothing outlives the authorization that it came from"
    world.advance(minutes=30)
    assert await is_ended(world, app, last)


async def test_the_grace_ends_with_the_authorization(world: World) -> None:
    app, answer = await begin(world)
    for _ in range(8):
        world.advance(days=20)
        answer = await refreshed(world, app, answer["refresh_token"])
    world.advance(days=19, hours=23, minutes=59, seconds=55)
    last = await refreshed(world, app, answer["refresh_token"])
    world.advance(seconds=5)
    assert (await world.refresh(app, answer["refresh_token"])).status_code == 400
    assert await is_ended(world, app, last)


async def test_without_a_grace_the_second_use_is_a_replay(worlds: Any) -> None:
    async with worlds(tokens__refresh_reuse_grace="0s") as world:
        app, first = await begin(world)
        second = await refreshed(world, app, first["refresh_token"])
        world.advance(microseconds=1)
        assert (await world.refresh(app, first["refresh_token"])).status_code == 400
        assert await is_ended(world, app, second)
