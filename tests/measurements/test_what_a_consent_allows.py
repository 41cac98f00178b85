"""measurements-api.md §12, RFC 9396: an application with "Sleep, read, last 90 days" sees, counts
and infers nothing else. Its responses are those for a person with the allowed measurements only."""

import json
from typing import Any

import httpx
from api_client import ALL, CSV, LIST, OF_APP, ONE, ApiClient

from quantimodo.model.users import User
from support.app import ALL_GRANTS, App, AppHarness

VARIABLES = "/api/v1/variables"
SLEEP = [
    {
        "type": "health_measurements",
        "actions": ["read"],
        "categories": ["Sleep"],
        "days": 90,
    }
]
SLEEP_AND_WRITE = [{**SLEEP[0], "actions": ["read", "write"]}]
DAYS = 86_400


def measured(
    name: str, category: str, unit: str, *days_ago: int
) -> list[tuple[str, str, str, int]]:
    return [(name, category, unit, each) for each in days_ago]


ALLOWED = [
    *measured("Sleep Quality", "Sleep", "/5", 3, 10, 89),
    *measured("Nap", "Sleep", "/5", 4),
]
FORBIDDEN = [
    *measured("Sleep Quality", "Sleep", "/5", 91, 400),
    *measured("Old Sleep", "Sleep", "kg", 120),
    *measured("Mood", "Emotions", "/5", 3, 200),
    *measured("Weight", "Physique", "kg", 1, 5),
]


async def add(harness: AppHarness, user: User, rows: list[tuple[str, str, str, int]]) -> None:
    """The person records these; not through the application."""
    app = await harness.app(scope=frozenset(ALL.split()), first_party=True)
    browser = await harness.signed_in(user.email or "")
    own = ApiClient(harness, (await harness.tokens(app, browser, scope=ALL))["access_token"])
    now = int(harness.context.clock.now().timestamp())
    for name, category, unit, days in rows:
        entry = {"startTime": now - days * DAYS, "value": days % 5 + 1, "note": name}
        names = {"variableName": name, "variableCategoryName": category, "sourceName": "Own"}
        await own.add({**names, "abbreviatedUnitName": unit, "measurements": [entry]})


async def client_for(
    harness: AppHarness, app: App, user: User, details: Any = None, scope: str = ALL
) -> ApiClient:
    text = None if details is None else json.dumps(details)
    browser = await harness.signed_in(user.email or "")
    tokens = await harness.tokens(app, browser, scope=scope, authorization_details=text)
    return ApiClient(harness, tokens["access_token"])


async def register(harness: AppHarness) -> App:
    return await harness.app(scope=frozenset(ALL.split()), grant_types=ALL_GRANTS)


def shown(response: httpx.Response) -> Any:
    """A response without what the database numbers."""
    kept = {
        name: value
        for name, value in response.headers.items()
        if name in ("total-count", "link", "link-last", "link-next", "content-type")
    }
    if not response.headers["content-type"].startswith("application/json"):
        return response.status_code, kept, response.text
    found = response.json()
    rows = found if isinstance(found, list) else [found]
    for row in rows:
        for member in ("id", "userId", "createdAt", "updatedAt", "error_uri"):
            row.pop(member, None)
    return response.status_code, kept, rows


READS: list[tuple[str, dict[str, str]]] = [
    (LIST, {}),
    (LIST, {"sort": "-value", "limit": "2", "offset": "1"}),
    (LIST, {"sort": "variableName"}),
    (LIST, {"variableName": "Sleep Quality"}),
    (LIST, {"variableName": "Sleep Quality", "value": "(gt)1", "sort": "-startTime"}),
    (LIST, {"variableName": "Mood"}),
    (LIST, {"variableName": "!Sleep Quality"}),
    (LIST, {"variableName": "%o%"}),
    (LIST, {"variableCategoryName": "Emotions"}),
    (LIST, {"variableCategoryName": "!Emotions"}),
    (LIST, {"startTime": "1970-01-01", "endTime": "9999-01-01"}),
    (LIST, {"source": "Own"}),
    (LIST, {"unit": "/5"}),
    (LIST, {"unit": "%", "value": "(ge)20"}),
    (LIST, {"unit": "kg"}),
    (LIST, {"groupingWidth": "86400"}),
    (LIST, {"groupingWidth": "604800", "groupingTimezone": "Europe/Berlin", "sort": "-startTime"}),
    (LIST, {"groupingWidth": "500"}),  # too many spans for all of the measurements
    (LIST, {"groupingWidth": "86400", "variableName": "Mood"}),
    (LIST, {"groupingWidth": "864000", "unit": "/5"}),
    (CSV, {}),
    (CSV, {"variableName": "Mood"}),
    (CSV, {"groupingWidth": "864000", "sort": "-startTime"}),
    (VARIABLES, {}),
    (VARIABLES, {"sort": "-name", "limit": "1"}),
    (VARIABLES, {"name": "Mood"}),
    (VARIABLES, {"category": "!Sleep"}),
    (f"{VARIABLES}/Sleep Quality", {}),
    (f"{VARIABLES}/Nap", {}),
    (f"{VARIABLES}/Old Sleep", {}),
    (f"{VARIABLES}/Mood", {}),
    (f"{VARIABLES}/Never measured", {}),
]


async def test_every_read_is_that_of_a_person_with_the_allowed_measurements_only(
    harness: AppHarness,
) -> None:
    ann, bob = await harness.person(), await harness.person(email="bob@example.org")
    await add(harness, ann, [*FORBIDDEN, *ALLOWED])
    await add(harness, bob, ALLOWED)
    app = await register(harness)
    restricted = await client_for(harness, app, ann, SLEEP)
    whole = await client_for(harness, await register(harness), bob)
    for path, query in READS:
        mine, theirs = await restricted.get(path, **query), await whole.get(path, **query)
        assert shown(mine) == shown(theirs), (path, query)
    for row in (await (await client_for(harness, await register(harness), ann)).get(LIST)).json():
        mine = await restricted.get(f"{ONE}/{row['id']}")
        recent = (row["variable"], row["variableCategoryName"]) in {
            (name, category) for name, category, _, _ in ALLOWED
        } and row["startTime"] >= harness.context.clock.now().timestamp() - 90 * DAYS
        assert mine.status_code == (200 if recent else 404), row
        if not recent:
            assert mine.text == (await restricted.get(f"{ONE}/999999")).text
    # The window moves: what was allowed is not any more.
    harness.advance(days=85)
    restricted = await client_for(harness, app, ann, SLEEP)
    assert len((await restricted.get(LIST)).json()) == 2
    assert len((await restricted.get(VARIABLES)).json()) == 2


async def test_every_write_outside_is_refused_and_reveals_nothing(harness: AppHarness) -> None:
    ann = await harness.person()
    await add(harness, ann, [*FORBIDDEN, *ALLOWED])
    app = await client_for(harness, await register(harness), ann, SLEEP_AND_WRITE)
    whole = await client_for(harness, await register(harness), ann)
    before = (await whole.get(LIST)).json()
    now = int(harness.context.clock.now().timestamp())

    def sent(name: str, category: str | None, days: int = 1, **changes: Any) -> dict[str, Any]:
        entry = {"startTime": now - days * DAYS, "value": 2}
        names = {"variableName": name, "variableCategoryName": category}
        return {**names, "abbreviatedUnitName": "/5", "measurements": [entry], **changes}

    refused = [
        sent("Mood", "Emotions"),
        sent("Never measured", "Emotions"),
        sent("Mood", None),
        sent("Never measured", None),
        sent("Mood", "Sleep"),  # a name of a variable elsewhere
        sent("Sleep Quality", "Sleep", days=91),
        sent("New Sleep", "Sleep", days=91),
    ]
    texts = set()
    for body in refused:
        response = await app.send("POST", LIST, [sent("Nap", "Sleep"), body])
        assert response.status_code == 403, body
        texts.add(response.text)
    assert len(texts) == 1, "all are refused alike"
    assert "consents/current" in texts.pop()
    # Other errors do not depend on what exists elsewhere.
    for broken in (
        {"abbreviatedUnitName": None},
        {"abbreviatedUnitName": "furlong"},
        {"measurements": [{"startTime": now, "value": 99}]},
        {"measurements": []},
    ):
        known = await app.send("POST", LIST, sent("Mood", "Sleep", **broken))
        unknown = await app.send("POST", LIST, sent("Never measured", "Sleep", **broken))
        assert (known.status_code, known.text) == (unknown.status_code, unknown.text), broken
    missing = await app.send("PUT", f"{ONE}/999999", {"value": 1})
    for row in before:
        if row["variable"] in ("Mood", "Weight", "Old Sleep") or row["startTime"] < now - 90 * DAYS:
            for method, body in (("PUT", {"value": 1}), ("DELETE", None)):
                response = await app.send(method, f"{ONE}/{row['id']}", body)
                assert (response.status_code, response.text) == (404, missing.text)
    recent = next(row for row in before if row["variable"] == "Nap")
    old = {"startTime": now - 91 * DAYS}
    assert (await app.send("PUT", f"{ONE}/{recent['id']}", old)).status_code == 403
    assert (await whole.get(LIST)).json() == before

    # Inside: known and new variables of the category.
    await app.add(sent("Nap", "Sleep"), sent("Snoring", "Sleep"))
    assert (await app.send("PUT", f"{ONE}/{recent['id']}", {"value": 4})).json()["value"] == 4
    assert (await app.get(f"{VARIABLES}/Snoring")).status_code == 200
    assert (await app.send("DELETE", f"{ONE}/{recent['id']}")).status_code == 204


async def test_an_action_without_a_rule_needs_another_token(harness: AppHarness) -> None:
    ann = await harness.person()
    await add(harness, ann, ALLOWED)
    app = await client_for(harness, await register(harness), ann, SLEEP)
    response = await app.send("POST", LIST, [])
    assert response.status_code == 403
    assert "insufficient_scope" in response.headers["www-authenticate"]


async def test_a_writer_reads_back_nothing_that_it_may_not_read(harness: AppHarness) -> None:
    ann = await harness.person()
    await add(harness, ann, ALLOWED)
    writes = [{"type": "health_measurements", "actions": ["write"]}]
    mood = [{**SLEEP[0], "categories": ["Emotions"]}]
    app = await client_for(harness, await register(harness), ann, [*writes, *mood])
    whole = await client_for(harness, await register(harness), ann)
    number = (await whole.get(LIST)).json()[0]["id"]
    response = await app.send("PUT", f"{ONE}/{number}", {})
    assert response.status_code == 404
    assert (await app.get(LIST)).json() == []


async def test_a_token_that_only_writes_is_refused_to_read_with_403(harness: AppHarness) -> None:
    ann = await harness.person()
    await add(harness, ann, ALLOWED)
    writes = [{"type": "health_measurements", "actions": ["write"], "variables": ["Mood"]}]
    app = await client_for(harness, await register(harness), ann, [*SLEEP, *writes])
    number = (await app.get(LIST)).json()[0]["id"]
    for method, body in (("PUT", {"value": 1}), ("DELETE", None)):
        assert (await app.send(method, f"{ONE}/{number}", body)).status_code == 403


async def test_an_application_reads_of_each_person_what_that_person_allows(
    harness: AppHarness,
) -> None:
    ann, bob = await harness.person(), await harness.person(email="bob@example.org")
    rows = [*FORBIDDEN, *ALLOWED]
    await add(harness, ann, rows)
    await add(harness, bob, rows)
    app = await register(harness)
    await client_for(harness, app, ann, SLEEP)
    whole = await client_for(harness, app, bob)
    response = await harness.token(app, grant_type="client_credentials", scope="readmeasurements")
    itself = ApiClient(harness, response.json()["access_token"])
    response = await itself.get(OF_APP, limit="200")
    assert response.headers["total-count"] == str(len(ALLOWED) + len(rows))
    by_person: dict[int, set[str]] = {ann.id: set(), bob.id: set()}
    for row in response.json():
        by_person[row["userId"]].add(row["variable"])
    assert by_person[ann.id] == {"Sleep Quality", "Nap"}
    assert len(by_person[bob.id]) == 5
    grouped = await itself.get(OF_APP, groupingWidth="31536000", limit="200")
    assert {row["variable"] for row in grouped.json() if row["userId"] == ann.id} == {
        "Sleep Quality",
        "Nap",
    }
    assert len((await whole.get(LIST)).json()) == len(rows)


async def test_the_person_sees_what_was_read_and_no_more(harness: AppHarness) -> None:
    ann = await harness.person()
    await add(harness, ann, [*FORBIDDEN, *ALLOWED])
    registered = await register(harness)
    app = await client_for(harness, registered, ann, SLEEP)
    await app.get(LIST)
    await app.get(LIST, variableName="Mood")
    await app.get(f"{VARIABLES}/Mood")
    await harness.context.accesses.flush()
    found = await harness.context.stores.accesses.accesses_of(ann.id, client_id=registered.id)
    numbers = {access.variable: access.measurements for _, access in found}
    assert numbers == {"": len(ALLOWED), "Mood": 0}
