"""Refresh token rotation (RFC 9700 §4.14.2; v2-api.md §6): one successor, and a replay ends all."""

import asyncio
from typing import Any

import pytest

from quantimodo.ops.cleanup import Cleaner
from support.app import App, AppHarness, OpenHarness


async def begin(harness: AppHarness, **changes: Any) -> tuple[App, dict[str, Any]]:
    await harness.person()
    app = await harness.app(**changes)
    return app, await harness.tokens(app)


async def refreshed(harness: AppHarness, app: App, token: str, **changes: str) -> dict[str, Any]:
    response = await harness.refresh(app, token, **changes)
    assert response.status_code == 200, response.text
    tokens: dict[str, Any] = response.json()
    return tokens


async def is_ended(harness: AppHarness, app: App, *responses: dict[str, Any]) -> bool:
    """Whether nothing of these responses works, now or after."""
    for response in responses:
        refused = await harness.refresh(app, response["refresh_token"])
        if refused.json().get("error") != "invalid_grant":
            return False
        if (await harness.call(response["access_token"])).status_code != 401:
            return False
    return True


@pytest.mark.parametrize("public", [False, True])
async def test_each_use_gives_a_new_token_and_ends_the_old_one(
    harness: AppHarness, public: bool
) -> None:
    app, response = await begin(harness, public=public)
    seen = {response["refresh_token"]}
    for _ in range(5):
        harness.advance(minutes=1)
        response = await refreshed(harness, app, response["refresh_token"])
        assert response["refresh_token"].startswith("qmr_")
        seen.add(response["refresh_token"])
    assert len(seen) == 6
    assert (await harness.call(response["access_token"])).status_code == 200


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_a_replay_after_the_grace_ends_the_grant_if_the_successor_was_used(
    harness: AppHarness, token_format: str
) -> None:
    app, first = await begin(harness, token_format=token_format)
    second = await refreshed(harness, app, first["refresh_token"])
    third = await refreshed(harness, app, second["refresh_token"])
    harness.advance(seconds=10, microseconds=1)
    attacker = await harness.refresh(app, first["refresh_token"])
    assert attacker.status_code == 400
    assert attacker.json()["error"] == "invalid_grant"
    assert await is_ended(harness, app, first, second, third)


async def test_a_replay_ends_one_authorization_and_no_other(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    one, other = await harness.tokens(app, browser), await harness.tokens(app, browser)
    second = await refreshed(harness, app, one["refresh_token"])
    third = await refreshed(harness, app, second["refresh_token"])
    harness.advance(minutes=1)
    assert (await harness.refresh(app, one["refresh_token"])).status_code == 400
    assert await is_ended(harness, app, one, third)
    assert (await harness.call(other["access_token"])).status_code == 200
    await refreshed(harness, app, other["refresh_token"])


async def test_the_grace_is_ten_seconds_to_the_microsecond(harness: AppHarness) -> None:
    app, first = await begin(harness)
    second = await refreshed(harness, app, first["refresh_token"])
    await refreshed(harness, app, second["refresh_token"])
    harness.advance(seconds=10)
    await refreshed(harness, app, first["refresh_token"])
    harness.advance(microseconds=1)
    assert (await harness.refresh(app, first["refresh_token"])).status_code == 400


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
@pytest.mark.parametrize("days", [0, 1, 29.9])
async def test_a_spent_token_gives_its_unused_successor_however_late(
    harness: AppHarness, token_format: str, days: float
) -> None:
    app, first = await begin(harness, token_format=token_format)
    harness.advance(days=29.9)  # the spent token itself expires soon; its successor does not
    lost = await refreshed(harness, app, first["refresh_token"])
    harness.advance(days=days, seconds=11)
    again = await refreshed(harness, app, first["refresh_token"])
    assert again["refresh_token"] == lost["refresh_token"]
    assert again["refresh_token_expires_in"] == lost["refresh_token_expires_in"] - days * 86400 - 11
    assert (await harness.call(again["access_token"])).status_code == 200
    harness.advance(minutes=1)
    third = await refreshed(harness, app, again["refresh_token"])
    assert (await harness.call(third["access_token"])).status_code == 200


async def test_a_late_repeat_survives_the_deletion_of_expired_rows(harness: AppHarness) -> None:
    app, first = await begin(harness)
    harness.advance(days=29.9)
    lost = await refreshed(harness, app, first["refresh_token"])
    harness.advance(days=29.9)
    context = harness.context
    assert (
        await Cleaner(
            context.stores.retention, context.stores.leases, context.clock, "a test", pause=0
        ).round()
        > 0
    )
    again = await refreshed(harness, app, first["refresh_token"])
    assert again["refresh_token"] == lost["refresh_token"]
    assert (await harness.call(again["access_token"])).status_code == 200


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_a_late_repeat_gives_the_same_access_token_while_it_lives_and_a_new_one_after(
    harness: AppHarness, token_format: str
) -> None:
    app, first = await begin(harness, token_format=token_format)
    lost = await refreshed(harness, app, first["refresh_token"], scope="basic")
    harness.advance(minutes=59)
    soon = await refreshed(harness, app, first["refresh_token"], scope="basic")
    assert soon["expires_in"] == 60
    if token_format == "opaque":
        assert soon["access_token"] == lost["access_token"]
    harness.advance(minutes=1)
    late = await refreshed(harness, app, first["refresh_token"], scope="basic")
    assert late["access_token"] != lost["access_token"]
    assert late["expires_in"] == 3600
    assert late["refresh_token"] == lost["refresh_token"]
    assert (await harness.call(lost["access_token"])).status_code == 401
    assert (await harness.call(late["access_token"])).status_code == 200


async def test_a_spent_token_ends_with_its_unused_successor(harness: AppHarness) -> None:
    app, first = await begin(harness)
    lost = await refreshed(harness, app, first["refresh_token"])
    harness.advance(days=30)
    refused = await harness.refresh(app, first["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"
    assert (await harness.refresh(app, lost["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_repeat_ends_nothing_and_the_replay_that_follows_ends_the_grant(
    harness: AppHarness,
) -> None:
    app, first = await begin(harness)
    await refreshed(harness, app, first["refresh_token"])
    harness.advance(days=2)
    second = await refreshed(harness, app, first["refresh_token"])
    third = await refreshed(harness, app, second["refresh_token"])
    assert (await harness.refresh(app, first["refresh_token"])).json()["error"] == "invalid_grant"
    assert await is_ended(harness, app, second, third)


async def test_a_used_access_token_does_not_count_as_use_of_the_successor(
    harness: AppHarness,
) -> None:
    app, first = await begin(harness)
    lost = await refreshed(harness, app, first["refresh_token"])
    assert (await harness.call(lost["access_token"])).status_code == 200
    harness.advance(minutes=5)
    again = await refreshed(harness, app, first["refresh_token"])
    assert again["refresh_token"] == lost["refresh_token"]


async def test_another_client_gets_no_unused_successor(harness: AppHarness) -> None:
    app, first = await begin(harness)
    attacker = await harness.app()
    lost = await refreshed(harness, app, first["refresh_token"])
    harness.advance(days=1)
    assert (await harness.refresh(attacker, first["refresh_token"])).json()[
        "error"
    ] == "invalid_grant"
    again = await refreshed(harness, app, first["refresh_token"])
    assert again["refresh_token"] == lost["refresh_token"]


async def test_a_late_repeat_is_refused_after_an_explicit_revocation(harness: AppHarness) -> None:
    app, first = await begin(harness)
    lost = await refreshed(harness, app, first["refresh_token"])
    harness.advance(days=1)
    await harness.revoke(app, lost["refresh_token"])
    assert await is_ended(harness, app, first, lost)


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_ten_tabs_get_the_same_successor_and_stay_signed_in(
    harness: AppHarness, token_format: str
) -> None:
    app, first = await begin(harness, token_format=token_format)
    at_once = await asyncio.gather(
        *(refreshed(harness, app, first["refresh_token"]) for _ in range(10))
    )
    harness.advance(seconds=5)
    later = [await refreshed(harness, app, first["refresh_token"]) for _ in range(3)]
    responses = [*at_once, *later]
    assert len({response["refresh_token"] for response in responses}) == 1
    for response in (responses[0], responses[-1]):
        assert (await harness.call(response["access_token"])).status_code == 200
    assert [response["expires_in"] for response in responses] == [3600] * 10 + [3595] * 3
    rows = harness.rows()
    assert len(rows["refresh_tokens"]) == 2, "nothing more was made"
    assert len(rows["access_tokens"]) == (2 if token_format == "opaque" else 0)
    harness.advance(minutes=1)
    await refreshed(harness, app, responses[0]["refresh_token"])


async def test_the_grace_does_not_slide(harness: AppHarness) -> None:
    app, first = await begin(harness)
    second = await refreshed(harness, app, first["refresh_token"])
    await refreshed(harness, app, second["refresh_token"])
    for _ in range(3):
        await refreshed(harness, app, first["refresh_token"])
        harness.advance(seconds=5)
    assert (await harness.refresh(app, first["refresh_token"])).status_code == 400


async def test_within_the_grace_a_used_successor_is_returned_again(harness: AppHarness) -> None:
    app, first = await begin(harness)
    second = await refreshed(harness, app, first["refresh_token"])
    third = await refreshed(harness, app, second["refresh_token"])
    slow_tab = await refreshed(harness, app, first["refresh_token"])
    assert slow_tab["refresh_token"] == second["refresh_token"]
    assert (await refreshed(harness, app, slow_tab["refresh_token"])) == third


async def test_the_grace_is_for_the_same_client_alone(harness: AppHarness) -> None:
    app, first = await begin(harness)
    attacker = await harness.app()
    second = await refreshed(harness, app, first["refresh_token"])
    assert (await harness.refresh(attacker, first["refresh_token"])).json()[
        "error"
    ] == "invalid_grant"
    assert (await harness.call(second["access_token"])).status_code == 200


async def test_the_grace_never_widens_what_the_first_response_gave(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    first = await harness.tokens(app, scope="basic readmeasurements")
    narrow = await refreshed(harness, app, first["refresh_token"], scope="readmeasurements")
    again = await refreshed(harness, app, first["refresh_token"])
    assert again["access_token"] == narrow["access_token"]
    assert again["scope"] == "readmeasurements", "it says what the token really opens"
    refused = await harness.refresh(app, first["refresh_token"], scope="writemeasurements")
    assert refused.json()["error"] == "invalid_scope"


@pytest.mark.parametrize("how", ["the spent one", "the successor", "consent", "disabled person"])
async def test_explicit_revocation_beats_the_grace(harness: AppHarness, how: str) -> None:
    ann = await harness.person()
    app = await harness.app()
    first = await harness.tokens(app)
    second = await refreshed(harness, app, first["refresh_token"])
    match how:
        case "the spent one":
            await harness.revoke(app, first["refresh_token"])
        case "the successor":
            await harness.revoke(app, second["refresh_token"])
        case "consent":
            now = harness.context.clock.now()
            await harness.context.stores.authorizations.withdraw_consent(ann.id, app.id, now)
        case "disabled person":
            await harness.context.accounts.administration.disable(ann.id)
    assert await is_ended(harness, app, first, second)


async def test_an_access_token_that_was_revoked_is_not_revived_by_the_grace(
    harness: AppHarness,
) -> None:
    for token_format in ("opaque", "jwt"):
        app = await harness.app(token_format=token_format)
        if token_format == "opaque":
            await harness.person()
        first = await harness.tokens(app)
        second = await refreshed(harness, app, first["refresh_token"])
        await harness.revoke(app, second["access_token"])
        again = await refreshed(harness, app, first["refresh_token"])
        assert (await harness.call(again["access_token"])).status_code == 401


async def test_an_unused_token_expires_after_thirty_days(harness: AppHarness) -> None:
    app, response = await begin(harness)
    harness.advance(days=29.9)
    response = await refreshed(harness, app, response["refresh_token"])
    harness.advance(days=30)
    refused = await harness.refresh(app, response["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"


async def test_an_authorization_expires_after_its_absolute_lifetime_however_often_used(
    harness: AppHarness,
) -> None:
    # security.md §6
    app, response = await begin(harness)
    for _ in range(8):
        harness.advance(days=20)
        response = await refreshed(harness, app, response["refresh_token"])
    harness.advance(days=19, hours=23.5)
    last = await refreshed(harness, app, response["refresh_token"])
    assert last["expires_in"] == 1800, "nothing outlives the authorization that it came from"
    harness.advance(minutes=30)
    assert await is_ended(harness, app, last)


async def test_the_grace_ends_with_the_authorization(harness: AppHarness) -> None:
    app, response = await begin(harness)
    for _ in range(8):
        harness.advance(days=20)
        response = await refreshed(harness, app, response["refresh_token"])
    harness.advance(days=19, hours=23, minutes=59, seconds=55)
    last = await refreshed(harness, app, response["refresh_token"])
    harness.advance(seconds=5)
    assert (await harness.refresh(app, response["refresh_token"])).status_code == 400
    assert await is_ended(harness, app, last)


async def test_without_a_grace_a_used_successor_makes_the_second_use_a_replay(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(tokens__refresh_reuse_grace="0s") as harness:
        app, first = await begin(harness)
        second = await refreshed(harness, app, first["refresh_token"])
        harness.advance(microseconds=1)
        again = await refreshed(harness, app, first["refresh_token"])
        assert again["refresh_token"] == second["refresh_token"], "it was not used so far"
        third = await refreshed(harness, app, second["refresh_token"])
        assert (await harness.refresh(app, first["refresh_token"])).status_code == 400
        assert await is_ended(harness, app, second, third)


@pytest.mark.parametrize("lifetime", ["10m", "10d"])
async def test_a_repeat_states_the_stored_lifetimes_after_the_policy_has_changed(
    harness: AppHarness, reopened: OpenHarness, lifetime: str
) -> None:
    app, first = await begin(harness)
    lost = await refreshed(harness, app, first["refresh_token"])
    harness.advance(seconds=5)
    changes = {"tokens__access_lifetime": "20m", "tokens__refresh_idle_lifetime": lifetime}
    async with reopened(**changes) as again:
        repeated = await refreshed(again, app, first["refresh_token"])
    assert repeated["access_token"] == lost["access_token"]
    for name in ("expires_in", "refresh_token_expires_in", "authorization_expires_in"):
        assert repeated[name] == lost[name] - 5, name
