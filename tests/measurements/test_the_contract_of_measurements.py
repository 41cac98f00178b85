"""measurements-api.md §1 to §9, call by call, over HTTP."""

import csv
import io
import time
from typing import Any

import pytest
from api_client import ALL, CSV, LIST, OF_APP, ONE, SLEEP, START, ApiClient, open_client

from support.app import AppHarness

# ------------------------------------------------------------------------------------------- POST


async def test_posted_measurements_are_listed_in_the_contracts_shape(app: ApiClient) -> None:
    await app.add(SLEEP)
    first, second = (await app.get(LIST)).json()
    assert isinstance(first.pop("id"), int)
    assert first.pop("createdAt") == first.pop("updatedAt")
    assert first == {
        "variable": "Sleep Quality",
        "variableCategoryName": "Sleep",
        "source": "My App",
        "startTime": START,
        "humanTime": "2015-08-12T14:22:00Z",
        "value": 3,
        "unit": "/5",
        "storedValue": 3,
        "storedAbbreviatedUnitName": "/5",
        "note": "so so",
    }
    assert second["note"] is None


async def test_one_set_alone_and_the_older_spellings_are_taken(app: ApiClient) -> None:
    old = {
        "name": "Sleep Quality",
        "source": "My App",
        "category": "Sleep",
        "unit": "/5",
        "measurements": [{"timestamp": "2015-08-12T14:22:00Z", "value": 3}],
    }
    assert (await app.send("POST", LIST, old)).status_code == 200
    (found,) = (await app.get(LIST)).json()
    assert (found["variable"], found["startTime"], found["unit"]) == ("Sleep Quality", START, "/5")


@pytest.mark.parametrize(
    ("older", "newer", "value", "other"),
    [
        ("name", "variableName", "Sleep Quality", "Naps"),
        ("source", "sourceName", "My App", "Another"),
        ("category", "variableCategoryName", "Sleep", "Music"),
        ("unit", "abbreviatedUnitName", "/5", "/10"),
    ],
)
async def test_each_older_spelling_is_the_newer_one(
    app: ApiClient, older: str, newer: str, value: str, other: str
) -> None:
    await app.add(SLEEP)
    before = (await app.get(LIST)).json()
    left = {name: each for name, each in SLEEP.items() if name != newer}
    await app.add({**left, older: value})
    await app.add({**SLEEP, older: value})
    assert (await app.get(LIST)).json() == before
    two = await app.send("POST", LIST, [{**SLEEP, older: other}])
    assert (two.status_code, two.json()["setIndex"]) == (400, 0)


@pytest.mark.parametrize("name", ["startTime", "timestamp"])
@pytest.mark.parametrize(
    "at", [START, float(START), str(START), "2015-08-12T14:22:00Z", "2015-08-12T16:22+02:00"]
)
async def test_times_are_seconds_or_iso_8601(app: ApiClient, name: str, at: Any) -> None:
    await app.add({**SLEEP, "measurements": [{name: at, "value": 3}]})
    (found,) = (await app.get(LIST)).json()
    assert (found["startTime"], found["humanTime"]) == (START, "2015-08-12T14:22:00Z")
    changed = await app.send("PUT", f"{ONE}/{found['id']}", {name: at, "value": 4})
    assert (changed.json()["startTime"], changed.json()["value"]) == (START, 4)


async def test_the_same_measurement_again_is_the_same(app: ApiClient) -> None:
    await app.add(SLEEP)
    before = (await app.get(LIST)).json()
    await app.add(SLEEP)
    assert (await app.get(LIST)).json() == before
    changed = {**SLEEP, "measurements": [{"startTime": START, "value": 1}]}
    await app.add(changed, {**changed, "sourceName": "Another"})
    after = (await app.get(LIST)).json()
    assert [each["value"] for each in after] == [1, 1, 5]
    assert after[0]["id"] == before[0]["id"]


async def test_of_the_same_twice_in_one_post_the_last_counts(app: ApiClient) -> None:
    twice = [{"startTime": START, "value": 1}, {"startTime": START, "value": 2}]
    await app.add({**SLEEP, "measurements": twice}, {**SLEEP, "measurements": twice[:1]})
    assert await app.values() == [1]


BAD: list[tuple[Any, str, int | None, int | None]] = [
    ([], "nothing to keep", None, None),
    ("text", "shape", None, None),
    ([SLEEP, {**SLEEP, "variableName": " "}], "variableName is missing", 1, None),
    ([{**SLEEP, "variableName": "x" * 126}], "longer than 125", 0, None),
    ([{**SLEEP, "variableName": "a\0b"}], "not allowed", 0, None),
    ([{**SLEEP, "name": "Another"}], "two spellings", 0, None),
    ([{**SLEEP, "abbreviatedUnitName": "furlong"}], "no such unit", 0, None),
    ([{**SLEEP, "abbreviatedUnitName": None}], "needs its abbreviatedUnitName", 0, None),
    ([{**SLEEP, "variableCategoryName": "Nonsense"}], "no such variable category", 0, None),
    ([{**SLEEP, "combinationOperation": "MAX"}], "MEAN or SUM", 0, None),
    ([{**SLEEP, "measurements": [{"startTime": START}]}], "value is missing", 0, 0),
    ([{**SLEEP, "measurements": [{"value": 3}]}], "startTime is missing", 0, 0),
    ([{**SLEEP, "measurements": [{"startTime": "soon", "value": 3}]}], "neither seconds", 0, 0),
    ([{**SLEEP, "measurements": [{"startTime": 10**15, "value": 3}]}], "neither seconds", 0, 0),
    # Half a second before the year 1: no response could represent it.
    (
        [{**SLEEP, "measurements": [{"startTime": "-62135596800.5", "value": 3}]}],
        "neither seconds",
        0,
        0,
    ),
    ([{**SLEEP, "measurements": None}], "wrong type", 0, None),
    (
        [
            {
                **SLEEP,
                "abbreviatedUnitName": "count",
                "measurements": [{"startTime": 1, "value": 1e281}],
            }
        ],
        "the most that is kept",
        0,
        0,
    ),
    ([SLEEP, {**SLEEP, "measurements": [{"startTime": 1, "value": 6}]}], "above 5", 1, 0),
    ([{**SLEEP, "measurements": [{"startTime": 1, "value": 0}]}], "below 1", 0, 0),
    ([{**SLEEP, "measurements": [{"startTime": 1, "value": "3"}]}], "wrong type", 0, 0),
    ([{**SLEEP, "measurements": [{"startTime": 1, "value": True}]}], "wrong type", 0, 0),
    ([SLEEP, {**SLEEP, "abbreviatedUnitName": "kg"}], "another category", 1, None),
    (
        [{**SLEEP, "measurements": [*SLEEP["measurements"], {"startTime": 1, "value": None}]}],
        "value is missing",
        0,
        2,
    ),
    (
        [{**SLEEP, "measurements": [{"startTime": 1, "value": 3, "note": "x" * 2001}]}],
        "longer than 2000",
        0,
        0,
    ),
]


@pytest.mark.parametrize(("body", "text", "at_set", "at_measurement"), BAD)
async def test_a_bad_post_says_where_and_keeps_nothing(
    app: ApiClient, body: Any, text: str, at_set: int | None, at_measurement: int | None
) -> None:
    response = await app.send("POST", LIST, body)
    assert response.status_code == 400, response.text
    refusal = response.json()
    assert text in refusal["error_description"]
    assert (refusal.get("setIndex"), refusal.get("measurementIndex")) == (at_set, at_measurement)
    assert await app.values() == []
    assert (await app.get("/api/v1/variables")).json() == []


@pytest.mark.parametrize(
    "text", [b"{", b"\xff", b"", b"[NaN]", b'[{"measurements":[{"value":1e999}]}]']
)
async def test_a_body_that_is_not_json_is_refused(app: ApiClient, text: bytes) -> None:
    headers = {**app._headers, "content-type": "application/json"}
    response = await app._http.post(LIST, content=text, headers=headers)
    assert response.status_code == 400
    form = await app._http.post(LIST, data={"value": "1"}, headers=app._headers)
    assert form.status_code == 400


@pytest.mark.parametrize("body", [b"[" * 100_000, b"[" + b"{}," * 1_300_000 + b"{}]",
                                  b'[{"measurements":[' + b"{}," * 1_300_000 + b"{}]}]",
                                  b'[{"x":' + b"[" * 9_000 + b"]" * 9_000 + b"}]"])  # fmt: skip
async def test_a_body_made_to_exhaust_is_refused_at_once(app: ApiClient, body: bytes) -> None:
    headers = {**app._headers, "content-type": "application/json"}
    began = time.process_time()
    response = await app._http.post(LIST, content=body, headers=headers)
    assert response.status_code in (400, 413)
    assert time.process_time() - began < 1


async def test_ten_thousand_are_taken_at_once_and_no_more(app: ApiClient) -> None:
    many = [{"startTime": at, "value": 3} for at in range(10_000)]
    await app.add({**SLEEP, "measurements": many})
    assert (await app.get(LIST, limit=1)).headers["total-count"] == "10000"
    more = [{**SLEEP, "measurements": many}, {**SLEEP, "measurements": many[:1]}]
    assert (await app.send("POST", LIST, more)).status_code == 413


# ------------------------------------------------------------------------------------- one of them


async def test_one_is_read_changed_and_deleted(app: ApiClient) -> None:
    await app.add(SLEEP)
    (first, second) = (await app.get(LIST)).json()
    path = f"{ONE}/{first['id']}"
    assert (await app.get(path)).json() == first
    changed = await app.send("PUT", path, {"value": 4, "note": "", "startTime": START + 1})
    assert changed.status_code == 200
    assert (changed.json()["value"], changed.json()["note"]) == (4, None)
    assert changed.json()["startTime"] == START + 1
    clash = await app.send("PUT", path, {"startTime": second["startTime"]})
    assert clash.status_code == 409
    for body in (
        {"value": 9},
        {"value": "x"},
        {"startTime": "x"},
        {"unit": "kg"},
        [],
    ):
        assert (await app.send("PUT", path, body)).status_code == 400
    assert (await app.get(path)).json()["value"] == 4
    gone = await app.send("DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    for method, body in (("GET", None), ("PUT", {"value": 1}), ("DELETE", None)):
        assert (await app.send(method, path, body)).status_code == 404
    assert await app.values() == [5]


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 30, "1.5", "%00", "%ff"])
async def test_an_id_that_is_none_finds_none(app: ApiClient, number: str) -> None:
    assert (await app.get(f"{ONE}/{number}")).status_code in (400, 404)


async def test_csv_has_everything_and_no_formulas(app: ApiClient) -> None:
    evil = {**SLEEP, "variableName": "=cmd|'/c calc'!A1", "sourceName": '@x, "quoted"'}
    evil["measurements"] = [
        {"startTime": START + at, "value": 1, "note": "-2+3\nx"} for at in range(3)
    ]
    await app.add(SLEEP, evil)
    response = await app.get(CSV)
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
    assert len(rows) == 5
    (first, _) = [row for row in rows if row["Variable Name"] == "Sleep Quality"]
    assert (first["Value"], first["Unit"]) == ("3", "/5")
    assert first["Start Time"] == "2015-08-12T14:22:00Z"
    (one, *_) = [row for row in rows if row["Variable Name"] != "Sleep Quality"]
    assert one["Variable Name"] == "'=cmd|'/c calc'!A1"
    assert one["Source"].startswith("'@")
    assert one["Note"].startswith("'-2")
    assert len((await app.get(CSV, variableName="Sleep%")).text.splitlines()) == 3
    assert (await app.get(CSV, sort="value")).status_code == 400


# ------------------------------------------------------------------------- variables and reference


async def test_variables_tell_what_is_there(app: ApiClient) -> None:
    await app.add(SLEEP, {**SLEEP, "variableName": "A/B & 100%", "measurements": []})
    await app.add(
        {**SLEEP, "variableName": "A/B & 100%", "measurements": [{"startTime": 1, "value": 2}]}
    )
    first, second = (await app.get("/api/v1/variables")).json()
    assert first["name"] == "A/B & 100%"
    assert second.pop("id")
    assert second == {
        "name": "Sleep Quality",
        "category": "Sleep",
        "unit": "/5",
        "combinationOperation": "MEAN",
        "numberOfMeasurements": 2,
        "earliestMeasurementTime": START,
        "latestMeasurementTime": START + 86_400,
        "lastValue": 5,
    }
    one = await app.get("/api/v1/variables/A%2FB%20%26%20100%25")
    assert one.json() == first
    assert (await app.get("/api/v1/variables/Nothing")).status_code == 404
    assert [v["name"] for v in (await app.get("/api/v1/variables", name="Sleep%")).json()] == [
        "Sleep Quality"
    ]
    assert (await app.get("/api/v1/variables", limit=1)).headers["link-next"]


async def test_reference_data_is_for_any_valid_token(harness: AppHarness, app: ApiClient) -> None:
    basic = await open_client(harness, "basic")
    units = (await basic.get("/api/v1/units")).json()
    (minutes,) = [unit for unit in units if unit["abbreviatedName"] == "min"]
    assert minutes["conversionSteps"] == [{"operation": "MULTIPLY", "value": 60}]
    assert "Sleep" in [
        each["name"] for each in (await basic.get("/api/v1/variableCategories")).json()
    ]
    assert "Duration" in [
        each["name"] for each in (await basic.get("/api/v1/unitCategories")).json()
    ]
    for path in ("/api/v1/units", "/api/v1/variableCategories", "/api/v1/unitCategories"):
        assert (await harness.browser().get(path)).status_code == 401


# ------------------------------------------------------------------------------------------ scopes


async def test_neither_scope_opens_what_the_other_does(harness: AppHarness, app: ApiClient) -> None:
    await app.add(SLEEP)
    number = (await app.get(LIST)).json()[0]["id"]
    reads = [("GET", LIST), ("GET", f"{ONE}/{number}"), ("GET", CSV), ("GET", "/api/v1/variables"),
             ("GET", "/api/v1/variables/Sleep%20Quality")]  # fmt: skip
    writes = [("POST", LIST), ("PUT", f"{ONE}/{number}"), ("DELETE", f"{ONE}/{number}")]
    for scope, refused, needed in (
        ("writemeasurements", reads, "readmeasurements"),
        ("readmeasurements", writes, "writemeasurements"),
        ("basic", reads, "readmeasurements"),
        ("basic", writes, "writemeasurements"),
    ):
        other = await open_client(harness, scope)
        for method, path in refused:
            response = await other.send(method, path, {} if method in ("POST", "PUT") else None)
            assert response.status_code == 403, (scope, path)
            assert f'scope="{needed}"' in response.headers["www-authenticate"]
    assert await app.values() == [3, 5]


async def test_people_see_and_change_only_their_own_data(
    harness: AppHarness, app: ApiClient
) -> None:
    await app.add(SLEEP)
    number = (await app.get(LIST)).json()[0]["id"]
    await harness.person(email="bob@example.org")
    bob = await open_client(harness, ALL, "bob@example.org")
    assert await bob.values() == []
    assert await bob.values(variableName="%e%") == []
    assert (await bob.get("/api/v1/variables")).json() == []
    assert (await bob.get("/api/v1/variables/Sleep%20Quality")).status_code == 404
    for method, body in (("GET", None), ("PUT", {"value": 1}), ("DELETE", None)):
        assert (await bob.send(method, f"{ONE}/{number}", body)).status_code == 404
    await bob.add({**SLEEP, "measurements": [{"startTime": START, "value": 1}]})
    assert await bob.values() == [1]
    assert await app.values() == [3, 5]


@pytest.mark.parametrize(
    ("path", "method"),
    [(LIST, "DELETE"), (CSV, "POST"), (f"{ONE}/1", "POST"), (OF_APP, "POST"),
     ("/api/v1/variables", "POST"), ("/api/v1/variables/x", "PUT"), ("/api/v1/units", "POST")],
)  # fmt: skip
async def test_a_wrong_method_gets_the_allowed_ones(app: ApiClient, path: str, method: str) -> None:
    response = await app.send(method, path)
    assert response.status_code == 405
    assert "GET" in response.headers["allow"]
