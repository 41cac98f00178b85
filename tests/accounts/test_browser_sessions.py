"""security.md §18: sessions on the server."""

from datetime import timedelta

import pytest

from quantimodo.accounts.errors import DomainError
from quantimodo.accounts.sessions import SessionPolicy, Sessions
from quantimodo.model.secrets import Secret
from quantimodo.model.users import User
from support.account_services import ADDRESS, AGENT, AccountServices, MovableClock

POLICY = SessionPolicy()


async def begin(services: AccountServices, user: User, replaces: Secret | None = None) -> Secret:
    return await services.sessions.start(
        user, methods=("pwd",), address=ADDRESS, agent=AGENT, replaces=replaces
    )


async def test_a_session_knows_its_person_and_when_they_came(
    services: AccountServices, clock: MovableClock
) -> None:
    ann = await services.member()
    session = await services.session(await begin(services, ann))
    assert session.user == ann
    assert session.authenticated_at == clock.now()
    assert (session.methods, session.address, session.agent) == (("pwd",), ADDRESS, AGENT)


async def test_the_cookie_is_not_in_the_database(services: AccountServices) -> None:
    cookie = await begin(services, await services.member())
    session = await services.session(cookie)
    assert cookie.reveal().encode() not in session.key
    assert cookie.reveal().startswith("qmz_")
    assert cookie.reveal() not in repr(cookie)


@pytest.mark.parametrize(
    "cookie",
    [None, "", "qmz_", "qmz_" + "A" * 48, "qma_" + "A" * 48, "\ud800" * 52, "é" * 52, "x" * 9999],
)
async def test_a_foreign_cookie_is_not_a_session(
    services: AccountServices, cookie: str | None
) -> None:
    assert await services.sessions.current(cookie) is None


async def test_an_idle_session_ends(services: AccountServices, clock: MovableClock) -> None:
    cookie = await begin(services, await services.member())
    clock.advance(POLICY.idle_lifetime - timedelta(seconds=1))
    assert await services.is_live(cookie)
    clock.advance(POLICY.idle_lifetime)
    assert not await services.is_live(cookie)


async def test_use_slides_the_idle_limit_and_never_the_absolute_one(
    services: AccountServices, clock: MovableClock
) -> None:
    cookie = await begin(services, await services.member())
    for _ in range(8):
        clock.advance(timedelta(days=11))
        assert await services.is_live(cookie)
    clock.advance(timedelta(days=2))
    assert not await services.is_live(cookie)


async def test_a_visit_is_written_down_every_five_minutes_at_most(
    services: AccountServices, clock: MovableClock
) -> None:
    cookie = await begin(services, await services.member())
    began = clock.now()
    clock.advance(timedelta(minutes=4))
    assert (await services.session(cookie)).seen_at == began
    clock.advance(timedelta(minutes=1))
    assert (await services.session(cookie)).seen_at == clock.now()
    with services.doing() as work:
        await services.session(cookie)
    assert work == ["session"]


async def test_shorter_limits_hold_for_sessions_that_began_before(
    services: AccountServices, clock: MovableClock
) -> None:
    cookie = await begin(services, await services.member())
    stricter = Sessions(
        store=services.stores.sessions,
        policy=SessionPolicy(absolute_lifetime=timedelta(hours=1)),
        clock=clock,
        entropy=services.entropy,
        audit=services.audit,
    )
    clock.advance(timedelta(hours=1))
    assert await stricter.current(cookie.reveal()) is None
    assert await services.is_live(cookie)


async def test_a_new_session_ends_the_one_it_replaces(services: AccountServices) -> None:
    ann = await services.member()
    old = await begin(services, ann)
    new = await begin(services, ann, replaces=old)
    assert not await services.is_live(old)
    assert await services.is_live(new)


async def test_a_cookie_that_is_not_a_session_replaces_nothing(services: AccountServices) -> None:
    ann = await services.member()
    other = await begin(services, ann)
    await begin(services, ann, replaces=Secret("nonsense"))
    assert await services.is_live(other)


async def test_renewing_gives_a_new_id_and_a_new_moment(
    services: AccountServices, clock: MovableClock
) -> None:
    old = await begin(services, await services.member())
    clock.advance(timedelta(hours=1))
    new = await services.sessions.renew(await services.session(old))
    assert not await services.is_live(old)
    assert (await services.session(new)).authenticated_at == clock.now()


async def test_the_list_holds_the_live_ones_the_last_seen_first(
    services: AccountServices, clock: MovableClock
) -> None:
    ann = await services.member()
    first = await begin(services, ann)
    clock.advance(timedelta(days=10))
    second = await begin(services, ann)
    listed = await services.sessions.list(ann.id)
    assert [s.key for s in listed] == [
        (await services.session(second)).key,
        listed[1].key,
    ]
    clock.advance(timedelta(days=5))
    assert not await services.is_live(first)
    assert len(await services.sessions.list(ann.id)) == 1


async def test_one_can_be_ended_and_only_by_its_own_person(services: AccountServices) -> None:
    ann, bob = await services.member(), await services.member("bob@example.org")
    cookie = await begin(services, ann)
    session = await services.session(cookie)
    assert not await services.sessions.end_one(bob.id, session.key)
    assert await services.is_live(cookie)
    assert await services.sessions.end_one(ann.id, session.key)
    assert not await services.is_live(cookie)
    assert not await services.sessions.end_one(ann.id, session.key)


async def test_all_others_can_be_ended(services: AccountServices) -> None:
    ann, bob = await services.member(), await services.member("bob@example.org")
    mine, phone, tablet = [await begin(services, ann) for _ in range(3)]
    bobs = await begin(services, bob)
    assert await services.sessions.end_others(await services.session(mine)) == 2
    assert await services.is_live(mine)
    assert await services.is_live(bobs)
    assert not await services.is_live(phone)
    assert not await services.is_live(tablet)


async def test_a_person_who_is_disabled_has_no_session(services: AccountServices) -> None:
    ann = await services.member()
    cookie = await begin(services, ann)
    assert await services.accounts.administration.disable(ann.id)
    assert not await services.is_live(cookie)
    assert await services.accounts.administration.enable(ann.id)
    assert not await services.is_live(cookie)


async def test_no_session_begins_for_a_deleted_person(services: AccountServices) -> None:
    ann = await services.member()
    await services.stores.users.delete_user(ann.id, services.clock.now())
    with pytest.raises(DomainError):
        await begin(services, ann)


async def test_a_forged_user_agent_is_made_harmless(
    services: AccountServices,
) -> None:
    ann = await services.member()
    cookie = await services.sessions.start(
        ann, methods=(), address="1\0" * 99, agent="x\n\x1b[31m\ud800" + "y" * 999, replaces=None
    )
    session = await services.session(cookie)
    assert session.agent.isprintable()
    assert len(session.agent) <= 300
    assert len(session.address) <= 64


async def test_the_record_shows_beginning_and_end(services: AccountServices) -> None:
    ann = await services.member()
    cookie = await begin(services, ann)
    await services.sessions.end(await services.session(cookie))
    kinds = [event.kind for event in await services.events(ann)]
    assert kinds[:2] == ["session.ended", "session.started"]
    assert all(cookie.reveal() not in repr(event) for event in await services.events(ann))
