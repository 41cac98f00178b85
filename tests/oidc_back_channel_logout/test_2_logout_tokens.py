"""Back-Channel Logout 1.0: the server itself tells the applications of a session that ended."""

from datetime import timedelta
from typing import Any

import pytest

from forgery import claims_of, header_of, verified
from leaving import BACK, Ears, id_token, is_signed_in, leave, registered
from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.ops.farewells import PAUSES
from world import AUTHORIZE, ISSUER, App, World, form_fields

EVENT = "http://schemas.openid.net/event/backchannel-logout"


async def hearing(world: World, address: str = BACK, **changes: Any) -> App:
    app = await world.app(**changes)
    return await registered(world, app=app, backchannel_logout_uri=address)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_a_logout_token_says_just_what_the_specification_asks(
    world: World, algorithm: str
) -> None:
    ann = await world.person()
    app, browser, ears = (
        await hearing(world, id_token_alg=algorithm),
        await world.signed_in(),
        Ears(),
    )
    hint = await id_token(world, app, browser)
    await leave(browser, id_token_hint=hint)
    await ears.teller(world).tell_due()
    token, now = ears.token(), int(world.house.clock.now().timestamp())
    header = header_of(token)
    assert header == {"alg": algorithm, "typ": "logout+jwt", "kid": header["kid"]}
    claims = await verified(world, token, algorithm)
    jti = claims.pop("jti")
    assert len(jti) >= 16
    assert claims == {
        "iss": ISSUER,
        "sub": ann.subject,
        "aud": app.id,
        "iat": now,
        "exp": now + 120,
        "sid": claims_of(hint)["sid"],
        "events": {EVENT: {}},
    }
    assert claims["sub"] == claims_of(hint)["sub"]


async def test_an_app_whose_id_tokens_are_unsigned_gets_a_signed_one(world: World) -> None:
    await world.person()
    app, browser, ears = await hearing(world), await world.signed_in(), Ears()
    hint = await id_token(world, app, browser)
    await world.register_again(app, id_token_alg="none")
    await leave(browser, id_token_hint=hint)
    await ears.teller(world).tell_due()
    await verified(world, ears.token(), "RS256")


async def test_all_apps_of_the_session_are_told_and_no_others(world: World) -> None:
    await world.person()
    await world.person("ben@example.org")
    apps = [await hearing(world, f"https://{name}.example.org/b") for name in ("a", "b", "c", "d")]
    browser, ears = await world.signed_in(), Ears()
    await id_token(world, apps[0], browser)
    hint = await id_token(world, apps[1], browser)
    await id_token(world, apps[2], await world.signed_in())
    await id_token(world, apps[3], await world.signed_in("ben@example.org"))
    await id_token(world, await registered(world), browser)
    await leave(browser, id_token_hint=hint)
    await ears.teller(world).tell_due()
    assert ears.addresses == ["https://a.example.org/b", "https://b.example.org/b"]


async def test_an_app_is_told_once(world: World) -> None:
    await world.person()
    app, browser, ears = await hearing(world), await world.signed_in(), Ears()
    for _ in range(3):
        hint = await id_token(world, app, browser)
    await leave(browser, id_token_hint=hint)
    for _ in range(3):
        await ears.teller(world).tell_due()
        world.advance(days=1)
    assert len(ears.heard) == 1
    assert world.rows()["session_clients"] == []


async def test_a_living_session_is_told_of_to_nobody(world: World) -> None:
    await world.person()
    app, browser, ears = await hearing(world), await world.signed_in(), Ears()
    await id_token(world, app, browser)
    await ears.teller(world).tell_due()
    assert ears.heard == []


async def test_the_sign_out_does_not_wait_for_it(world: World) -> None:
    await world.person()
    app, browser, ears = await hearing(world), await world.signed_in(), Ears({BACK: 500})
    await leave(browser, id_token_hint=await id_token(world, app, browser))
    assert not await is_signed_in(browser)
    assert ears.heard == []
    assert world.house.farewell_bell.is_set()


@pytest.mark.parametrize("status", [302, 400, 404, 429, 500, 503])
async def test_whoever_does_not_take_it_is_told_again_with_a_token_of_its_own(
    world: World, status: int
) -> None:
    await world.person()
    app, browser, ears = await hearing(world), await world.signed_in(), Ears({BACK: status})
    await leave(browser, id_token_hint=await id_token(world, app, browser))
    teller = ears.teller(world)
    await teller.tell_due()
    await teller.tell_due()
    assert len(ears.heard) == 1  # not before the pause is over
    world.house.clock.advance(PAUSES[0])  # type: ignore[attr-defined]
    ears.answers.clear()
    await teller.tell_due()
    assert len(ears.heard) == 2
    tokens = [claims_of(fields["logout_token"][0]) for _, fields in ears.heard]
    assert tokens[0]["jti"] != tokens[1]["jti"]
    assert tokens[1]["iat"] == int(world.house.clock.now().timestamp())
    world.advance(days=1)
    await teller.tell_due()
    assert len(ears.heard) == 2


async def test_in_the_end_it_is_given_up_and_recorded(world: World) -> None:
    ann = await world.person()
    app, browser, ears = await hearing(world), await world.signed_in(), Ears({BACK: 500})
    await leave(browser, id_token_hint=await id_token(world, app, browser))
    for _ in range(30):
        await ears.teller(world).tell_due()
        world.advance(hours=5)
    assert len(ears.heard) == len(PAUSES) + 1
    assert world.rows()["session_clients"] == []
    await world.house.audit.flush()
    kinds = [event.kind for event in await world.house.stores.events_of(ann.id, 50)]
    assert kinds.count("logout.untold") == 1
    assert "logout.told" not in kinds


async def test_who_took_it_is_recorded(world: World) -> None:
    ann = await world.person()
    app, browser, ears = await hearing(world), await world.signed_in(), Ears()
    await leave(browser, id_token_hint=await id_token(world, app, browser))
    await ears.teller(world).tell_due()
    await world.house.audit.flush()
    [event] = [
        each
        for each in await world.house.stores.events_of(ann.id, 50)
        if each.kind == "logout.told"
    ]
    assert event.client_id == app.id
    assert event.detail == "Mood Tracker"


async def test_one_that_fails_keeps_no_other_waiting(world: World) -> None:
    await world.person()
    bad, good = await hearing(world), await hearing(world, "https://good.example.org/b")
    browser, ears = await world.signed_in(), Ears({BACK: 500})
    for app in (bad, good):
        hint = await id_token(world, app, browser)
    await leave(browser, id_token_hint=hint)
    await ears.teller(world).tell_due()
    assert ears.addresses == [BACK, "https://good.example.org/b"]
    assert len(world.rows()["session_clients"]) == 1


async def test_an_app_that_was_deleted_or_disabled_or_changed_its_mind_is_not_told(
    world: World,
) -> None:
    await world.person()
    apps = [await hearing(world) for _ in range(3)]
    browser, ears = await world.signed_in(), Ears()
    for app in apps:
        hint = await id_token(world, app, browser)
    await world.house.sessions.end_all(1)
    assert hint
    await world.house.stores.delete_client(apps[0].id)
    await world.disable(apps[1])
    await world.register_again(apps[2], metadata=ClientMetadata())
    await ears.teller(world).tell_due()
    assert ears.heard == []
    assert world.rows()["session_clients"] == []


async def _sign_out_page(world: World, browser: Any) -> None:
    page = await browser.get("/sign-out")
    assert (await browser.post("/sign-out", data=form_fields(page.text))).status_code == 303


async def _end_from_elsewhere(world: World, browser: Any) -> None:
    other = await world.signed_in()
    page = await other.get("/account/sessions")
    fields = form_fields(page.text)
    answer = await other.post("/account/sessions/end-others", data={"csrf": fields["csrf"]})
    assert answer.status_code == 303


async def _disable(world: World, browser: Any) -> None:
    assert await world.house.accounts.disable(1)


async def _delete(world: World, browser: Any) -> None:
    assert await world.house.stores.delete_user(1)


async def _somebody_else(world: World, browser: Any) -> None:
    await world.person("ben@example.org")
    await world.sign_in(browser, "ben@example.org")


async def _lose_the_address(world: World, browser: Any) -> None:
    stores = world.house.stores
    await stores.change_email(1, "new@example.org", None)
    now = world.house.clock.now()
    assert await stores.verify_email(1, "new@example.org", now, keep_credentials=False)


@pytest.mark.parametrize(
    "end",
    [
        _sign_out_page,
        _end_from_elsewhere,
        _disable,
        _delete,
        _somebody_else,
        _lose_the_address,
    ],
)
async def test_however_the_session_ends_the_apps_are_told(world: World, end: Any) -> None:
    await world.person()
    app, browser, ears = await hearing(world), await world.signed_in(), Ears()
    hint = await id_token(world, app, browser)
    await end(world, browser)
    await ears.teller(world).tell_due()
    claims = claims_of(ears.token())
    assert claims["sid"] == claims_of(hint)["sid"]
    assert claims["sub"] == claims_of(hint)["sub"]


async def test_who_proves_themselves_again_is_not_signed_out_anywhere(world: World) -> None:
    await world.person()
    app, browser, ears = await hearing(world), world.browser(), Ears()
    await world.sign_in(browser)
    await id_token(world, app, browser)
    await world.sign_in(browser)
    await ears.teller(world).tell_due()
    assert ears.heard == []
    await _sign_out_page(world, browser)
    await ears.teller(world).tell_due()
    assert len(ears.heard) == 1


async def test_a_session_that_grows_old_is_forgotten_in_silence(world: World) -> None:
    await world.person()
    app, browser, ears = await hearing(world), await world.signed_in(), Ears()
    await id_token(world, app, browser)
    world.advance(days=200)
    for table in ("session_clients", "sessions"):
        await world.house.stores.sweep(table, world.house.clock.now(), 100)
    await ears.teller(world).tell_due()
    assert ears.heard == []
    assert world.rows()["session_clients"] == []


async def test_a_lost_worker_costs_a_minute_and_no_message(world: World) -> None:
    await world.person()
    app, browser, ears = await hearing(world), await world.signed_in(), Ears()
    await leave(browser, id_token_hint=await id_token(world, app, browser))
    now, lease = world.house.clock.now(), timedelta(minutes=1)
    assert len(await world.house.stores.claim_farewells(now, lease, 10)) == 1  # and then it died
    await ears.teller(world).tell_due()
    assert ears.heard == []
    world.advance(minutes=1)
    await ears.teller(world).tell_due()
    assert len(ears.heard) == 1


async def test_a_logout_token_is_taken_for_nothing_else(world: World) -> None:
    await world.person()
    app, browser, ears = await hearing(world), await world.signed_in(), Ears()
    await leave(browser, id_token_hint=await id_token(world, app, browser))
    await ears.teller(world).tell_due()
    token = ears.token()
    assert (await leave(world.browser(), id_token_hint=token)).status_code == 400
    assert (await world.call(token)).status_code == 401
    assert (await world.introspect(app, token))["active"] is False
    answer = await world.browser().get(
        AUTHORIZE,
        params={"client_id": app.id, "response_type": "code", "scope": "basic"},
        headers={"authorization": f"Bearer {token}", "accept": "application/json"},
    )
    assert answer.status_code == 401


async def test_one_that_cannot_even_be_written_is_given_up_too(world: World) -> None:
    await world.person()
    bad, good = await hearing(world, "no address at all"), await hearing(world)
    browser, ears = await world.signed_in(), Ears()
    for app in (bad, good):
        hint = await id_token(world, app, browser)
    await leave(browser, id_token_hint=hint)
    for _ in range(len(PAUSES) + 2):
        await ears.teller(world).tell_due()
        world.advance(hours=5)
    assert ears.addresses == [BACK]
    assert world.rows()["session_clients"] == []
