"""`GET /api/v2/application/measurements` (measurements-api.md §1): by the application's own token,
and of each person while their grant to it lives."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from asking import ALL, CSV, LIST, OF_APP, SLEEP, START, App

from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.model.users import User
from support.app import ALL_GRANTS, AppHarness
from support.app import App as Client

Ends = Callable[[AppHarness, Client, User], Awaitable[object]]


async def registered(harness: AppHarness) -> Client:
    return await harness.app(scope=frozenset(ALL.split()), grant_types=ALL_GRANTS)


async def own(harness: AppHarness, client: Client, scope: str = "readmeasurements") -> App:
    """The application by itself."""
    answer = await harness.token(client, grant_type="client_credentials", scope=scope)
    return App(harness, answer.json()["access_token"])


async def joined(
    harness: AppHarness, client: Client, name: str, *values: float, scope: str = ALL
) -> tuple[User, App]:
    """A new person who lets the application in; it keeps these values for them."""
    user = await harness.person(email=f"{name}@example.org")
    browser = await harness.signed_in(f"{name}@example.org")
    app = App(harness, (await harness.tokens(client, browser, scope=scope))["access_token"])
    if values:
        entries = [{"startTime": START + at, "value": each} for at, each in enumerate(values)]
        await app.add({**SLEEP, "measurements": entries})
    return user, app


async def told(app: App, **query: Any) -> list[tuple[int, float]]:
    answer = await app.get(OF_APP, **query)
    assert answer.status_code == 200, answer.text
    return [(each["userId"], each["value"]) for each in answer.json()]


async def test_only_the_applications_own_token_with_the_scope_opens_it(harness: AppHarness) -> None:
    client = await registered(harness)
    _, of_ann = await joined(harness, client, "ann", 3)
    assert (await of_ann.get(OF_APP)).status_code == 403
    alone = await own(harness, client)
    assert (await alone.get(OF_APP)).status_code == 200
    for path in (LIST, CSV, "/api/v1/variables", "/api/v1/user/me"):
        assert (await alone.get(path)).status_code == 403
    for scope in ("basic", "writemeasurements"):
        assert (await (await own(harness, client, scope)).get(OF_APP)).status_code == 403


async def test_it_tells_of_those_who_let_it_read_and_whose_each_is(harness: AppHarness) -> None:
    client = await registered(harness)
    ann, _ = await joined(harness, client, "ann", 3, 5)
    await joined(harness, client, "bob", 1, scope="writemeasurements")
    eve, _ = await joined(harness, client, "eve", 4)
    alone = await own(harness, client)
    assert await told(alone) == [(ann.id, 3), (ann.id, 5), (eve.id, 4)]
    other = await own(harness, await registered(harness))
    assert await told(other) == []


async def withdrawn(harness: AppHarness, client: Client, user: User) -> object:
    return await harness.context.stores.authorizations.withdraw_consent(
        user.id, client.id, harness.context.clock.now()
    )


async def consented_to_less(harness: AppHarness, client: Client, user: User) -> object:
    """The account's page takes back all; an older consent may hold less than a token does."""
    consent = await harness.context.stores.authorizations.consent(user.id, client.id)
    assert consent is not None
    await withdrawn(harness, client, user)
    browser = await harness.signed_in(user.email or "")
    return await harness.tokens(client, browser, scope="writemeasurements")


async def disabled(harness: AppHarness, client: Client, user: User) -> object:
    return await harness.context.stores.users.set_disabled(user.id, harness.context.clock.now())


async def deleted(harness: AppHarness, client: Client, user: User) -> object:
    return await harness.context.stores.users.delete_user(user.id)


@pytest.mark.parametrize("ends", [withdrawn, consented_to_less, disabled, deleted])
async def test_the_end_of_a_grant_holds_from_the_next_request(
    harness: AppHarness, ends: Ends
) -> None:
    client = await registered(harness)
    ann, _ = await joined(harness, client, "ann", 3)
    bob, _ = await joined(harness, client, "bob", 4)
    alone = await own(harness, client)
    assert await told(alone) == [(ann.id, 3), (bob.id, 4)]
    await ends(harness, client, ann)
    assert await told(alone) == [(bob.id, 4)]
    assert (await alone.get(OF_APP)).headers["total-count"] == "1"
    assert await told(alone, groupingWidth=60) == [(bob.id, 4)]


async def test_an_unused_grant_ends_with_its_tokens(harness: AppHarness) -> None:
    client = await registered(harness)
    await joined(harness, client, "ann", 3)
    lifetime = harness.context.settings.tokens.refresh_absolute_lifetime
    harness.advance(seconds=(lifetime + timedelta(days=1)).total_seconds())
    assert await told(await own(harness, client)) == []


async def test_a_disabled_application_reads_nothing(harness: AppHarness) -> None:
    client = await registered(harness)
    await joined(harness, client, "ann", 3)
    alone = await own(harness, client)
    await harness.disable(client)
    assert (await alone.get(OF_APP)).status_code == 401


async def test_pages_over_all_people_are_the_whole_without_doubles(harness: AppHarness) -> None:
    client = await registered(harness)
    for name, number in (("ann", 3), ("bob", 0), ("eve", 1), ("joe", 4)):
        await joined(harness, client, name, *map(float, range(1, number + 1)))
    alone = await own(harness, client)
    for asked in ({}, {"sort": "-value"}, {"value": "(gt)1"}, {"variableName": "Sleep%"}):
        whole = await told(alone, limit=200, **asked)
        seen: list[tuple[int, float]] = []
        answer = await alone.get(OF_APP, limit=3, **asked)
        assert answer.headers["total-count"] == str(len(whole))
        while True:
            seen += [(each["userId"], each["value"]) for each in answer.json()]
            if "link-next" not in answer.headers:
                break
            answer = await alone._http.get(answer.headers["link-next"], headers=alone._headers)
        assert seen == whole
    assert [person for person, _ in await told(alone)] == sorted(
        person for person, _ in await told(alone)
    )


async def test_parameters_mean_what_they_mean_for_one_person(harness: AppHarness) -> None:
    client = await registered(harness)
    ann, of_ann = await joined(harness, client, "ann", 1, 3)
    eve, _ = await joined(harness, client, "eve", 5)
    alone = await own(harness, client)
    assert await told(alone, unit="%") == [(ann.id, 0), (ann.id, 50), (eve.id, 100)]
    assert await told(alone, unit="%", value="(ge)50") == [(ann.id, 50), (eve.id, 100)]
    assert await told(alone, groupingWidth=86_400) == [(ann.id, 2), (eve.id, 5)]
    assert await told(alone, groupingWidth=86_400, offset=1, limit=1) == [(eve.id, 5)]
    await of_ann.add({"variableName": "Weight", "abbreviatedUnitName": "kg",
                      "measurements": [{"startTime": START, "value": 70}]})  # fmt: skip
    for query in ({"unit": "%"}, {"limit": "0"}, {"sort": "x"}, {"value": "x"}):
        assert (await alone.get(OF_APP, **query)).status_code == 400
    assert await told(alone, unit="lb", variableName="Weight", value="(gt)150") != []


async def test_each_person_sees_what_was_read_of_them(harness: AppHarness) -> None:
    client = await registered(harness)
    ann, _ = await joined(harness, client, "ann", 3, 5)
    eve, _ = await joined(harness, client, "eve", 4)
    await harness.context.accesses.flush()
    await told(await own(harness, client), variableName="Sleep Quality", limit=2)
    await harness.context.accesses.flush()
    read = {
        user.id: [
            (each.client_id, each.variable, each.measurements)
            for _, each in await harness.context.stores.accesses.accesses_of(user.id)
            if each.action == "read"
        ]
        for user in (ann, eve)
    }
    assert read == {ann.id: [(client.id, "Sleep Quality", 2)], eve.id: []}


async def test_a_walk_counts_once_and_the_next_anew(harness: AppHarness) -> None:
    """The numbers are those of its first page; who lets the app read is looked up at each."""
    client = await registered(harness)
    ann, _ = await joined(harness, client, "ann", 1, 2, 3)
    bob, of_bob = await joined(harness, client, "bob", 4, 5)
    alone = await own(harness, client)

    async def total(**query: Any) -> int:
        return int((await alone.get(OF_APP, limit=1, **query)).headers["total-count"])

    assert await total() == 5
    more = {**SLEEP, "measurements": [{"startTime": START + 90, "value": 5}]}
    await of_bob.add(more)
    assert await total(offset=1) == 5, "a walk goes on as it began"
    assert await total(offset=1, value="(gt)0") == 6, "another walk"
    eve, _ = await joined(harness, client, "eve", 1)
    assert await total(offset=1) == 6, "who is new is counted"
    await withdrawn(harness, client, ann)
    assert await total(offset=1) == 3, "who took it back is not"
    assert await total() == 4
    harness.advance(seconds=61)
    await of_bob.add({**more, "sourceName": "Another"})
    assert await total(offset=1) == 5, "a minute is over"
    assert [person for person, _ in await told(alone)] == [bob.id] * 4 + [eve.id]


async def test_an_app_with_pairwise_subjects_tells_people_apart_by_them(
    harness: AppHarness,
) -> None:
    """OpenID Connect Core §8: the number of a person is the same at all applications."""
    client = await registered(harness)
    await harness.register_again(client, metadata=ClientMetadata(subject_type="pairwise"))
    _, of_ann = await joined(harness, client, "ann", 1, 2)
    _, of_bob = await joined(harness, client, "bob", 3)
    names = [(await app.get("/api/v1/user/me")).json()["sub"] for app in (of_ann, of_bob)]
    answer = await (await own(harness, client)).get(OF_APP)
    found = [(each["userId"], each["sub"], each["value"]) for each in answer.json()]
    assert sorted(found, key=lambda each: each[2]) == [
        (None, names[0], 1),
        (None, names[0], 2),
        (None, names[1], 3),
    ]
