"""`GET /api/v2/application/measurements` (measurements-api.md §1): with a token of the
application itself, for each person whose grant to it is valid."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from api_client import ALL, CSV, LIST, OF_APP, SLEEP, START, ApiClient

from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.model.users import User
from support.app import ALL_GRANTS, App, AppHarness

EndGrant = Callable[[AppHarness, App, User], Awaitable[object]]


async def register_app(harness: AppHarness) -> App:
    return await harness.app(scope=frozenset(ALL.split()), grant_types=ALL_GRANTS)


async def application_client(
    harness: AppHarness, client: App, scope: str = "readmeasurements"
) -> ApiClient:
    """A client with a token of the application itself."""
    response = await harness.token(client, grant_type="client_credentials", scope=scope)
    return ApiClient(harness, response.json()["access_token"])


async def add_person(
    harness: AppHarness, client: App, name: str, *values: float, scope: str = ALL
) -> tuple[User, ApiClient]:
    """A new person who allowed the application, with these values; and a client for them."""
    user = await harness.person(email=f"{name}@example.org")
    browser = await harness.signed_in(f"{name}@example.org")
    app = ApiClient(harness, (await harness.tokens(client, browser, scope=scope))["access_token"])
    if values:
        entries = [{"startTime": START + at, "value": each} for at, each in enumerate(values)]
        await app.add({**SLEEP, "measurements": entries})
    return user, app


async def read_values(app: ApiClient, **query: Any) -> list[tuple[int, float]]:
    response = await app.get(OF_APP, **query)
    assert response.status_code == 200, response.text
    return [(each["userId"], each["value"]) for each in response.json()]


async def test_1_only_a_token_of_the_application_with_the_scope_is_accepted(
    harness: AppHarness,
) -> None:
    client = await register_app(harness)
    _, ann_client = await add_person(harness, client, "ann", 3)
    assert (await ann_client.get(OF_APP)).status_code == 403
    itself = await application_client(harness, client)
    assert (await itself.get(OF_APP)).status_code == 200
    for path in (LIST, CSV, "/api/v1/variables", "/api/v1/user/me"):
        assert (await itself.get(path)).status_code == 403
    for scope in ("basic", "writemeasurements"):
        assert (
            await (await application_client(harness, client, scope)).get(OF_APP)
        ).status_code == 403


async def test_1_it_returns_the_people_with_a_read_grant_and_their_ids(harness: AppHarness) -> None:
    client = await register_app(harness)
    ann, _ = await add_person(harness, client, "ann", 3, 5)
    await add_person(harness, client, "bob", 1, scope="writemeasurements")
    eve, _ = await add_person(harness, client, "eve", 4)
    itself = await application_client(harness, client)
    assert await read_values(itself) == [(ann.id, 3), (ann.id, 5), (eve.id, 4)]
    other = await application_client(harness, await register_app(harness))
    assert await read_values(other) == []


async def withdraw_consent(harness: AppHarness, client: App, user: User) -> object:
    return await harness.context.stores.authorizations.withdraw_consent(
        user.id, client.id, harness.context.clock.now()
    )


async def consent_to_less(harness: AppHarness, client: App, user: User) -> object:
    """The account page withdraws everything; a later consent may have fewer scopes."""
    consent = await harness.context.stores.authorizations.consent(user.id, client.id)
    assert consent is not None
    await withdraw_consent(harness, client, user)
    browser = await harness.signed_in(user.email or "")
    return await harness.tokens(client, browser, scope="writemeasurements")


async def disable(harness: AppHarness, client: App, user: User) -> object:
    return await harness.context.stores.users.set_disabled(user.id, harness.context.clock.now())


async def delete(harness: AppHarness, client: App, user: User) -> object:
    return await harness.context.stores.users.delete_user(user.id, harness.context.clock.now())


@pytest.mark.parametrize("end_grant", [withdraw_consent, consent_to_less, disable, delete])
async def test_the_end_of_a_grant_holds_from_the_next_request(
    harness: AppHarness, end_grant: EndGrant
) -> None:
    client = await register_app(harness)
    ann, _ = await add_person(harness, client, "ann", 3)
    bob, _ = await add_person(harness, client, "bob", 4)
    itself = await application_client(harness, client)
    assert await read_values(itself) == [(ann.id, 3), (bob.id, 4)]
    await end_grant(harness, client, ann)
    assert await read_values(itself) == [(bob.id, 4)]
    assert (await itself.get(OF_APP)).headers["total-count"] == "1"
    assert await read_values(itself, groupingWidth=60) == [(bob.id, 4)]


async def test_an_unused_grant_ends_with_its_tokens(harness: AppHarness) -> None:
    client = await register_app(harness)
    await add_person(harness, client, "ann", 3)
    lifetime = harness.context.settings.tokens.refresh_absolute_lifetime
    harness.advance(seconds=(lifetime + timedelta(days=1)).total_seconds())
    assert await read_values(await application_client(harness, client)) == []


async def test_a_disabled_application_reads_nothing(harness: AppHarness) -> None:
    client = await register_app(harness)
    await add_person(harness, client, "ann", 3)
    itself = await application_client(harness, client)
    await harness.disable(client)
    assert (await itself.get(OF_APP)).status_code == 401


async def test_5_pages_over_all_people_have_each_row_once(harness: AppHarness) -> None:
    client = await register_app(harness)
    for name, number in (("ann", 3), ("bob", 0), ("eve", 1), ("joe", 4)):
        await add_person(harness, client, name, *map(float, range(1, number + 1)))
    itself = await application_client(harness, client)
    for query in ({}, {"sort": "-value"}, {"value": "(gt)1"}, {"variableName": "Sleep%"}):
        whole = await read_values(itself, limit=200, **query)
        seen: list[tuple[int, float]] = []
        response = await itself.get(OF_APP, limit=3, **query)
        assert response.headers["total-count"] == str(len(whole))
        while True:
            seen += [(each["userId"], each["value"]) for each in response.json()]
            if "link-next" not in response.headers:
                break
            response = await itself._http.get(
                response.headers["link-next"], headers=itself._headers
            )
        assert seen == whole
    assert [person for person, _ in await read_values(itself)] == sorted(
        person for person, _ in await read_values(itself)
    )


async def test_5_parameters_have_the_same_effect_as_for_one_person(harness: AppHarness) -> None:
    client = await register_app(harness)
    ann, ann_client = await add_person(harness, client, "ann", 1, 3)
    eve, _ = await add_person(harness, client, "eve", 5)
    itself = await application_client(harness, client)
    assert await read_values(itself, unit="%") == [(ann.id, 0), (ann.id, 50), (eve.id, 100)]
    assert await read_values(itself, unit="%", value="(ge)50") == [(ann.id, 50), (eve.id, 100)]
    assert await read_values(itself, groupingWidth=86_400) == [(ann.id, 2), (eve.id, 5)]
    assert await read_values(itself, groupingWidth=86_400, offset=1, limit=1) == [(eve.id, 5)]
    await ann_client.add({"variableName": "Weight", "abbreviatedUnitName": "kg",
                      "measurements": [{"startTime": START, "value": 70}]})  # fmt: skip
    for query in ({"unit": "%"}, {"limit": "0"}, {"sort": "x"}, {"value": "x"}):
        assert (await itself.get(OF_APP, **query)).status_code == 400
    assert await read_values(itself, unit="lb", variableName="Weight", value="(gt)150") != []


async def test_11_each_person_sees_what_was_read_of_them(harness: AppHarness) -> None:
    client = await register_app(harness)
    ann, _ = await add_person(harness, client, "ann", 3, 5)
    eve, _ = await add_person(harness, client, "eve", 4)
    await harness.context.accesses.flush()
    await read_values(
        await application_client(harness, client), variableName="Sleep Quality", limit=2
    )
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


async def test_pages_of_one_query_reuse_the_count_for_a_minute(harness: AppHarness) -> None:
    """The counts are those of the first page; the grants are read at each page."""
    client = await register_app(harness)
    ann, _ = await add_person(harness, client, "ann", 1, 2, 3)
    bob, bob_client = await add_person(harness, client, "bob", 4, 5)
    itself = await application_client(harness, client)

    async def total(**query: Any) -> int:
        return int((await itself.get(OF_APP, limit=1, **query)).headers["total-count"])

    assert await total() == 5
    more = {**SLEEP, "measurements": [{"startTime": START + 90, "value": 5}]}
    await bob_client.add(more)
    assert await total(offset=1) == 5, "the count of the first page"
    assert await total(offset=1, value="(gt)0") == 6, "another query"
    eve, _ = await add_person(harness, client, "eve", 1)
    assert await total(offset=1) == 6, "a new person is counted"
    await withdraw_consent(harness, client, ann)
    assert await total(offset=1) == 3, "a person who withdrew is not"
    assert await total() == 4
    harness.advance(seconds=61)
    await bob_client.add({**more, "sourceName": "Another"})
    assert await total(offset=1) == 5, "a minute is over"
    assert [person for person, _ in await read_values(itself)] == [bob.id] * 4 + [eve.id]


async def test_an_app_with_pairwise_subjects_gets_no_user_ids(
    harness: AppHarness,
) -> None:
    """OpenID Connect Core §8: the `userId` would be the same at all applications."""
    client = await register_app(harness)
    await harness.register_again(client, metadata=ClientMetadata(subject_type="pairwise"))
    _, ann_client = await add_person(harness, client, "ann", 1, 2)
    _, bob_client = await add_person(harness, client, "bob", 3)
    names = [(await app.get("/api/v1/user/me")).json()["sub"] for app in (ann_client, bob_client)]
    response = await (await application_client(harness, client)).get(OF_APP)
    found = [(each["userId"], each["sub"], each["value"]) for each in response.json()]
    assert sorted(found, key=lambda each: each[2]) == [
        (None, names[0], 1),
        (None, names[0], 2),
        (None, names[1], 3),
    ]
