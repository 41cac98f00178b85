"""`MailStore` and `EventStore`: messages on their way, and what happened."""

import asyncio
from datetime import timedelta

from samples import LATER, NOW, SOON, Samples

from quantimodo.model.events import Event
from quantimodo.ports.stores import Stores

_LEASE = timedelta(minutes=2)


async def test_a_message_is_claimed_with_the_attempts_before(stores: Stores) -> None:
    await stores.mails.add_mail(b"\0sealed", NOW, LATER)
    ((mail_id, sealed, attempts),) = await stores.mails.claim_mail(NOW, _LEASE, 10)
    assert (sealed, attempts) == (b"\0sealed", 0)
    assert await stores.mails.claim_mail(NOW, _LEASE, 10) == []
    again = await stores.mails.claim_mail(NOW + _LEASE, _LEASE, 10)
    assert list(again) == [(mail_id, b"\0sealed", 1)]


async def test_a_dropped_message_is_gone(stores: Stores) -> None:
    await stores.mails.add_mail(b"a", NOW, LATER)
    ((mail_id, _, _),) = await stores.mails.claim_mail(NOW, _LEASE, 10)
    await stores.mails.delete_mail(mail_id)
    await stores.mails.delete_mail(mail_id)
    assert await stores.mails.claim_mail(LATER - _LEASE, _LEASE, 10) == []
    assert await stores.mails.recent_mail(10) == []


async def test_an_expired_or_future_message_is_not_claimed(stores: Stores) -> None:
    await stores.mails.add_mail(b"expired", NOW, SOON)
    await stores.mails.add_mail(b"future", SOON + _LEASE, LATER)
    assert await stores.mails.claim_mail(SOON, _LEASE, 10) == []


async def test_the_longest_due_are_claimed_first_and_no_more_than_asked(stores: Stores) -> None:
    for minutes in (3, 1, 2):
        at = NOW - timedelta(minutes=minutes)
        await stores.mails.add_mail(str(minutes).encode(), at, LATER)
    first = await stores.mails.claim_mail(NOW, _LEASE, 2)
    assert {sealed for _, sealed, _ in first} == {b"3", b"2"}
    rest = await stores.mails.claim_mail(NOW, _LEASE, 2)
    assert [sealed for _, sealed, _ in rest] == [b"1"]


async def test_no_message_is_claimed_twice_by_many_at_once(stores: Stores) -> None:
    for number in range(30):
        await stores.mails.add_mail(str(number).encode(), NOW, LATER)
    claims = await asyncio.gather(*(stores.mails.claim_mail(NOW, _LEASE, 7) for _ in range(10)))
    assert all(len(claim) <= 7 for claim in claims)
    sealed = sorted(int(text) for claim in claims for _, text, _ in claim)
    assert len(set(sealed)) == len(sealed)
    rest = await stores.mails.claim_mail(NOW, _LEASE, 30)
    assert sorted([*sealed, *(int(text) for _, text, _ in rest)]) == list(range(30))


async def test_the_outbox_is_newest_first(stores: Stores) -> None:
    for number in range(4):
        await stores.mails.add_mail(str(number).encode(), NOW + timedelta(seconds=number), LATER)
    recent = await stores.mails.recent_mail(3)
    assert [(sealed, at) for _, sealed, at in recent] == [
        (b"3", NOW + timedelta(seconds=3)),
        (b"2", NOW + timedelta(seconds=2)),
        (b"1", NOW + timedelta(seconds=1)),
    ]


async def test_events_come_newest_first_as_added(stores: Stores, samples: Samples) -> None:
    person, other = await samples.user(), await samples.user()
    events = [
        Event(
            at=NOW,
            kind=f"session.{number}",
            user_id=person.id,
            client_id="c" if number else None,
            address="2001:db8::1",
            detail="ünï",
        )
        for number in range(3)
    ]
    await stores.events.add_events(
        [*events, Event(at=NOW, kind="x", user_id=other.id), Event(at=NOW, kind="y")]
    )
    assert await stores.events.events_of(person.id, 10) == events[::-1]
    assert await stores.events.events_of(person.id, 2) == [events[2], events[1]]
    assert [event.kind for event in await stores.events.events_of(other.id, 10)] == ["x"]
    assert await stores.events.events_of(other.id + 1, 10) == []


async def test_later_events_come_before_earlier_ones_whatever_their_moment(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    await stores.events.add_events([Event(at=SOON, kind="first", user_id=person.id)])
    await stores.events.add_events([Event(at=NOW, kind="second", user_id=person.id)])
    found = await stores.events.events_of(person.id, 10)
    assert [event.kind for event in found] == ["second", "first"]


async def test_no_events_are_added_without_a_word(stores: Stores) -> None:
    await stores.events.add_events([])
    assert await stores.events.events_of(1, 10) == []


async def test_events_are_read_in_pages(stores: Stores, samples: Samples) -> None:
    person, other = await samples.user(), await samples.user()
    events = [Event(at=NOW, kind=f"session.{number}", user_id=person.id) for number in range(5)]
    await stores.events.add_events([*events, Event(at=NOW, kind="other", user_id=other.id)])
    first = await stores.events.events_before(person.id, None, 3)
    rest = await stores.events.events_before(person.id, first[-1][0], 3)
    assert [event for _, event in (*first, *rest)] == events[::-1]
    assert len({number for number, _ in (*first, *rest)}) == 5
    assert await stores.events.events_before(person.id, rest[-1][0], 3) == []


async def test_events_of_a_deleted_person_have_no_id(stores: Stores, samples: Samples) -> None:
    """Also those that another process wrote while the person was deleted (issue 16.5)."""
    person = await samples.user()
    before = Event(at=NOW, kind="logout.notified", user_id=person.id)
    late = Event(at=NOW, kind="logout.not_notified", user_id=person.id)
    await stores.events.add_events([before])
    await asyncio.gather(
        stores.users.delete_user(person.id, NOW),
        *(stores.events.add_events([late, late]) for _ in range(10)),
    )
    await stores.events.add_events([late])
    assert await stores.events.events_of(person.id, 100) == []
