"""`LogStore` and `PeopleSearchStore`: searches are bounded, and the last administrator stays."""

import asyncio
from datetime import timedelta

from samples import NOW, Samples

from quantimodo.model.admin_actions import AdminAction, LogQuery
from quantimodo.model.events import Event
from quantimodo.model.users import NewUser
from quantimodo.ports.stores import Stores

HOUR = timedelta(hours=1)


async def test_events_are_found_by_kind_person_application_and_time(
    stores: Stores, samples: Samples
) -> None:
    ann = await samples.user()
    kinds = ["session.started", "session.ended", "client.edited"] * 3
    events = [
        Event(
            at=NOW + 5 * number * HOUR,
            kind=kind,
            user_id=ann.id if number % 2 else None,
            client_id="app" if kind == "client.edited" else None,
        )
        for number, kind in enumerate(kinds)
    ]
    await stores.events.add_events(events)

    async def found(**query: object) -> list[int]:
        page = await stores.logs.search_events(LogQuery(**query), 50)  # type: ignore[arg-type]
        assert page.next_before is None
        return [events.index(each.event) for each in page.items]

    assert await found() == [8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert await found(kind="session.") == [7, 6, 4, 3, 1, 0]
    assert await found(kind="session.ended") == [7, 4, 1]
    assert await found(user_id=ann.id) == [7, 5, 3, 1]
    assert await found(user_id=ann.id, kind="session.started") == [3]
    assert await found(client_id="app") == [8, 5, 2]
    assert await found(since=NOW + 10 * HOUR, until=NOW + 25 * HOUR) == [4, 3, 2]
    assert await found(until=NOW) == []
    assert await found(kind="nothing") == []
    first = await stores.logs.search_events(LogQuery(kind="session."), 4)
    assert [events.index(each.event) for each in first.items] == [7, 6, 4, 3]
    rest = await stores.logs.search_events(LogQuery(kind="session.", before=first.next_before), 4)
    assert [events.index(each.event) for each in rest.items] == [1, 0]
    assert rest.next_before is None


async def test_events_are_counted_by_day_and_kind(stores: Stores) -> None:
    day = timedelta(days=1)
    moments = [NOW - 2 * day, NOW, NOW, NOW + HOUR, NOW + day]
    events = [Event(at=at, kind="session.started") for at in moments]
    await stores.events.add_events([*events, Event(at=NOW, kind="session.refused")])
    counts = await stores.logs.count_events(NOW - day)
    assert [tuple(each) for each in counts] == [
        (NOW.date(), "session.refused", 1),
        (NOW.date(), "session.started", 3),
        ((NOW + day).date(), "session.started", 1),
    ]
    this_hour = NOW.replace(minute=0, second=0, microsecond=0)
    by_hour = await stores.logs.count_events_by_hour(NOW - day)
    assert [tuple(each) for each in by_hour] == [
        (this_hour, "session.refused", 1),
        (this_hour, "session.started", 2),
        (this_hour + HOUR, "session.started", 1),
        (this_hour + day, "session.started", 1),
    ]


async def test_an_action_stays_when_its_person_is_deleted(stores: Stores, samples: Samples) -> None:
    ann = await samples.user()
    action = AdminAction(
        at=NOW,
        kind="person.delete",
        actor_id=7,
        user_id=ann.id,
        client_id="app",
        detail="detail",
        reason="asked for",
        address="192.0.2.7",
    )
    await stores.logs.add_admin_action(action)
    await stores.logs.add_admin_action(AdminAction(at=NOW + HOUR, kind="client.review"))
    await stores.users.delete_user(ann.id, NOW)
    page = await stores.logs.search_admin_actions(LogQuery(), 50)
    assert [each.action.kind for each in page.items] == ["client.review", "person.delete"]
    page = await stores.logs.search_admin_actions(LogQuery(kind="person.", client_id="app"), 50)
    assert [each.action for each in page.items] == [action]
    page = await stores.logs.search_admin_actions(LogQuery(until=NOW), 50)
    assert page.items == []


async def test_people_are_found_by_how_a_name_or_an_address_begins(stores: Stores) -> None:
    for name, email in (
        ("Özil Ann", "oz@example.org"),
        ("ann", None),
        ("Bob", "ANN_b@example.org"),
    ):
        await stores.users.add_user(
            NewUser(subject=name, name=name, email=email, created_at=NOW), None
        )

    async def found(text: str) -> set[str]:
        page = await stores.people_search.search_people(text, None, 50)
        assert page.next_before is None
        return {each.subject for each in page.items}

    table = {
        "": {"Özil Ann", "ann", "Bob"},
        "ANN": {"ann", "Bob"},
        "ann_": {"Bob"},
        "Özil": {"Özil Ann"},
        "%": set(),
        "!": set(),
        "'": set(),
    }
    assert {text: await found(text) for text in table} == table
    page = await stores.people_search.search_people("", None, 2)
    assert [each.subject for each in page.items] == ["Bob", "ann"]
    rest = await stores.people_search.search_people("", page.next_before, 2)
    assert [each.subject for each in rest.items] == ["Özil Ann"]


async def test_of_administrators_who_remove_each_other_one_stays(
    stores: Stores, samples: Samples
) -> None:
    people = [await samples.user() for _ in range(4)]
    for person in people[:3]:
        await stores.users.set_administrator(person.id, True)
    await stores.users.set_disabled(people[2].id, NOW)
    removed = await asyncio.gather(
        *(stores.people_search.remove_administrator(person.id) for person in people[:2])
    )
    assert sorted(removed) == [False, True]
    left = await stores.people_search.administrators(9)
    assert len(left) == 2
    assert people[2].id in [each.id for each in left]
    assert not await stores.people_search.remove_administrator(people[3].id)
    assert await stores.people_search.remove_administrator(people[2].id)
