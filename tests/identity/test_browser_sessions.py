"""security.md 18: sessions on the server."""

from datetime import timedelta

import pytest

from people import ADDRESS, AGENT, House, MovableClock
from quantimodo.identity.errors import Refused
from quantimodo.identity.sessions import SessionPolicy, Sessions
from quantimodo.model.secrets import Secret
from quantimodo.model.users import User

POLICY = SessionPolicy()


async def begin(house: House, user: User, replaces: Secret | None = None) -> Secret:
    return await house.sessions.start(
        user, methods=("pwd",), address=ADDRESS, agent=AGENT, replaces=replaces
    )


async def test_a_session_knows_its_person_and_when_they_came(
    house: House, clock: MovableClock
) -> None:
    ann = await house.member()
    session = await house.session(await begin(house, ann))
    assert session.user == ann
    assert session.authenticated_at == clock.now()
    assert (session.methods, session.address, session.agent) == (("pwd",), ADDRESS, AGENT)


async def test_the_cookie_is_not_in_the_database(house: House) -> None:
    cookie = await begin(house, await house.member())
    session = await house.session(cookie)
    assert cookie.reveal().encode() not in session.key
    assert cookie.reveal().startswith("qmz_")
    assert cookie.reveal() not in repr(cookie)


@pytest.mark.parametrize(
    "cookie",
    [None, "", "qmz_", "qmz_" + "A" * 48, "qma_" + "A" * 48, "\ud800" * 52, "é" * 52, "x" * 9999],
)
async def test_what_is_no_cookie_of_ours_is_no_session(house: House, cookie: str | None) -> None:
    assert await house.sessions.current(cookie) is None


async def test_an_idle_session_ends(house: House, clock: MovableClock) -> None:
    cookie = await begin(house, await house.member())
    clock.advance(POLICY.idle_lifetime - timedelta(seconds=1))
    assert await house.is_live(cookie)
    clock.advance(POLICY.idle_lifetime)
    assert not await house.is_live(cookie)


async def test_use_slides_the_idle_limit_and_never_the_absolute_one(
    house: House, clock: MovableClock
) -> None:
    cookie = await begin(house, await house.member())
    for _ in range(8):
        clock.advance(timedelta(days=11))
        assert await house.is_live(cookie)
    clock.advance(timedelta(days=2))
    assert not await house.is_live(cookie)


async def test_a_visit_is_written_down_every_five_minutes_at_most(
    house: House, clock: MovableClock
) -> None:
    cookie = await begin(house, await house.member())
    began = clock.now()
    clock.advance(timedelta(minutes=4))
    assert (await house.session(cookie)).seen_at == began
    clock.advance(timedelta(minutes=1))
    assert (await house.session(cookie)).seen_at == clock.now()
    with house.doing() as work:
        await house.session(cookie)
    assert work == ["session"]


async def test_shorter_limits_hold_for_sessions_that_began_before(
    house: House, clock: MovableClock
) -> None:
    cookie = await begin(house, await house.member())
    stricter = Sessions(
        store=house.stores,
        policy=SessionPolicy(absolute_lifetime=timedelta(hours=1)),
        clock=clock,
        entropy=house.entropy,
        audit=house.audit,
    )
    clock.advance(timedelta(hours=1))
    assert await stricter.current(cookie.reveal()) is None
    assert await house.is_live(cookie)


async def test_a_new_session_ends_the_one_it_replaces(house: House) -> None:
    ann = await house.member()
    old = await begin(house, ann)
    new = await begin(house, ann, replaces=old)
    assert not await house.is_live(old)
    assert await house.is_live(new)


async def test_a_cookie_that_is_no_session_replaces_nothing(house: House) -> None:
    ann = await house.member()
    other = await begin(house, ann)
    await begin(house, ann, replaces=Secret("nonsense"))
    assert await house.is_live(other)


async def test_renewing_gives_a_new_id_and_a_new_moment(house: House, clock: MovableClock) -> None:
    old = await begin(house, await house.member())
    clock.advance(timedelta(hours=1))
    new = await house.sessions.renew(await house.session(old))
    assert not await house.is_live(old)
    assert (await house.session(new)).authenticated_at == clock.now()


async def test_the_list_holds_the_live_ones_the_last_seen_first(
    house: House, clock: MovableClock
) -> None:
    ann = await house.member()
    first = await begin(house, ann)
    clock.advance(timedelta(days=10))
    second = await begin(house, ann)
    listed = await house.sessions.list(ann.id)
    assert [s.key for s in listed] == [
        (await house.session(second)).key,
        listed[1].key,
    ]
    clock.advance(timedelta(days=5))
    assert not await house.is_live(first)
    assert len(await house.sessions.list(ann.id)) == 1


async def test_one_can_be_ended_and_only_by_its_own_person(house: House) -> None:
    ann, bob = await house.member(), await house.member("bob@example.org")
    cookie = await begin(house, ann)
    session = await house.session(cookie)
    assert not await house.sessions.end_one(bob.id, session.key)
    assert await house.is_live(cookie)
    assert await house.sessions.end_one(ann.id, session.key)
    assert not await house.is_live(cookie)
    assert not await house.sessions.end_one(ann.id, session.key)


async def test_all_others_can_be_ended(house: House) -> None:
    ann, bob = await house.member(), await house.member("bob@example.org")
    mine, phone, tablet = [await begin(house, ann) for _ in range(3)]
    bobs = await begin(house, bob)
    assert await house.sessions.end_others(await house.session(mine)) == 2
    assert await house.is_live(mine)
    assert await house.is_live(bobs)
    assert not await house.is_live(phone)
    assert not await house.is_live(tablet)


async def test_a_person_who_is_disabled_has_no_session(house: House) -> None:
    ann = await house.member()
    cookie = await begin(house, ann)
    assert await house.accounts.disable(ann.id)
    assert not await house.is_live(cookie)
    assert await house.accounts.enable(ann.id)
    assert not await house.is_live(cookie)


async def test_no_session_begins_for_somebody_who_was_deleted(house: House) -> None:
    ann = await house.member()
    await house.stores.delete_user(ann.id)
    with pytest.raises(Refused):
        await begin(house, ann)


async def test_what_a_stranger_sends_as_browser_name_is_made_harmless(house: House) -> None:
    ann = await house.member()
    cookie = await house.sessions.start(
        ann, methods=(), address="1\0" * 99, agent="x\n\x1b[31m\ud800" + "y" * 999, replaces=None
    )
    session = await house.session(cookie)
    assert session.agent.isprintable()
    assert len(session.agent) <= 300
    assert len(session.address) <= 64


async def test_the_record_shows_beginning_and_end(house: House) -> None:
    ann = await house.member()
    cookie = await begin(house, ann)
    await house.sessions.end(await house.session(cookie))
    kinds = [event.kind for event in await house.events(ann)]
    assert kinds[:2] == ["session.ended", "session.started"]
    assert all(cookie.reveal() not in repr(event) for event in await house.events(ann))
