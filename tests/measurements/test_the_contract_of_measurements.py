"""measurements-api.md, call by call, through the wire."""

import csv
import io
from typing import Any

import httpx
import pytest

from world import World

LIST, ONE = "/api/v1/measurements", "/api/v2/measurements"
CSV, OF_APP = "/api/v2/measurements/csv", "/api/v2/application/measurements"
ALL = "basic readmeasurements writemeasurements"
START = 1_439_389_320
SLEEP: dict[str, Any] = {
    "variableName": "Sleep Quality",
    "sourceName": "My App",
    "variableCategoryName": "Sleep",
    "combinationOperation": "MEAN",
    "abbreviatedUnitName": "/5",
    "measurements": [
        {"startTime": START, "value": 3, "note": "so so"},
        {"startTime": START + 86_400, "value": 5},
    ],
}


class App:
    """An app with a token of one person."""

    def __init__(self, world: World, token: str) -> None:
        self._http = world.browser()
        self._headers = {"authorization": f"Bearer {token}"}

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self._http.get(path, params=query, headers=self._headers)

    async def send(self, method: str, path: str, json: Any = None) -> httpx.Response:
        return await self._http.request(method, path, json=json, headers=self._headers)

    async def add(self, *sets: Any) -> None:
        assert (await self.send("POST", LIST, list(sets))).json() == {"success": True}

    async def values(self, **query: Any) -> list[float]:
        answer = await self.get(LIST, **query)
        assert answer.status_code == 200, answer.text
        return [each["value"] for each in answer.json()]


@pytest.fixture
async def app(world: World) -> App:
    await world.person()
    return await opened(world, ALL)


async def opened(world: World, scope: str, email: str = "ann@example.org") -> App:
    client = await world.app(scope=frozenset(ALL.split()))
    tokens = await world.tokens(client, await world.signed_in(email), scope=scope)
    return App(world, tokens["access_token"])


# ------------------------------------------------------------------------------------------- POST


async def test_what_is_posted_is_listed_in_the_contracts_shape(app: App) -> None:
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


async def test_one_set_alone_and_the_older_spellings_are_taken(app: App) -> None:
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


async def test_the_same_measurement_again_is_the_same(app: App) -> None:
    await app.add(SLEEP)
    before = (await app.get(LIST)).json()
    await app.add(SLEEP)
    assert (await app.get(LIST)).json() == before
    changed = {**SLEEP, "measurements": [{"startTime": START, "value": 1}]}
    await app.add(changed, {**changed, "sourceName": "Another"})
    after = (await app.get(LIST)).json()
    assert [each["value"] for each in after] == [1, 1, 5]
    assert after[0]["id"] == before[0]["id"]


async def test_of_the_same_twice_in_one_post_the_last_counts(app: App) -> None:
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
    app: App, body: Any, text: str, at_set: int | None, at_measurement: int | None
) -> None:
    answer = await app.send("POST", LIST, body)
    assert answer.status_code == 400, answer.text
    said = answer.json()
    assert text in said["error_description"]
    assert (said.get("setIndex"), said.get("measurementIndex")) == (at_set, at_measurement)
    assert await app.values() == []
    assert (await app.get("/api/v1/variables")).json() == []


@pytest.mark.parametrize(
    "text", [b"{", b"\xff", b"", b"[NaN]", b'[{"measurements":[{"value":1e999}]}]']
)
async def test_what_is_no_json_is_refused(app: App, text: bytes) -> None:
    headers = {**app._headers, "content-type": "application/json"}
    answer = await app._http.post(LIST, content=text, headers=headers)
    assert answer.status_code == 400
    form = await app._http.post(LIST, data={"value": "1"}, headers=app._headers)
    assert form.status_code == 400


async def test_ten_thousand_are_taken_at_once_and_no_more(app: App) -> None:
    many = [{"startTime": at, "value": 3} for at in range(10_000)]
    await app.add({**SLEEP, "measurements": many})
    assert (await app.get(LIST, limit=1)).headers["total-count"] == "10000"
    more = [{**SLEEP, "measurements": many}, {**SLEEP, "measurements": many[:1]}]
    assert (await app.send("POST", LIST, more)).status_code == 413


# -------------------------------------------------------------------------------------------- GET


async def test_filters_of_the_contract(app: App) -> None:
    steps = {
        "variableName": "Steps, daily",
        "variableCategoryName": "Physical Activity",
        "combinationOperation": "SUM",
        "abbreviatedUnitName": "count",
        "measurements": [{"startTime": START + at, "value": at} for at in range(1, 5)],
    }
    await app.add(SLEEP, steps)
    assert await app.values(variableName="Sleep Quality") == [3, 5]
    assert await app.values(variableName="Sleep%") == [3, 5]
    assert await app.values(variableName="%Quality") == [3, 5]
    assert await app.values(variableName="!Sleep%") == [1, 2, 3, 4]
    assert await app.values(variableName="Steps\\, daily") == [1, 2, 3, 4]
    assert await app.values(variableCategoryName="Sleep,Music") == [3, 5]
    assert await app.values(source="My App") == [3, 5]
    assert await app.values(value="(gt)3") == [4, 5]
    assert await app.values(value="(ge)3", sort="value") == [3, 3, 4, 5]
    assert await app.values(value="2,4") == [2, 4]
    assert await app.values(**{"value[]": ["(gt)1", "(lt)4"]}) == [3, 2, 3]
    assert await app.values(startTime=str(START + 5)) == [5]
    assert await app.values(startTime="(lt)2015-08-12T14:22:02Z") == [3, 1]
    assert await app.values(endTime=str(START)) == [3]
    assert await app.values(createdAt="(gt)2000-01-01") != []
    assert await app.values(updatedAt="(lt)2000-01-01") == []
    assert await app.values(lastUpdated="(ge)2000-01-01", limit=2) == [3, 1]
    assert await app.values(sort="-startTime", limit=1) == [5]
    assert await app.values(sort="-value", limit=2, offset=1) == [4, 3]


async def test_a_unit_converts_and_filters_speak_of_it(app: App) -> None:
    hours = {
        "variableName": "Sleep Duration",
        "abbreviatedUnitName": "h",
        "measurements": [{"startTime": START, "value": 8}, {"startTime": START + 1, "value": 0.5}],
    }
    await app.add(hours)
    assert await app.values(unit="min") == [480, 30]
    assert await app.values(unit="min", value="(gt)30") == [480]
    (found, _) = (await app.get(LIST, unit="min")).json()
    assert (found["unit"], found["storedValue"], found["storedAbbreviatedUnitName"]) == (
        "min",
        8,
        "h",
    )
    for unit in ("kg", "nonsense"):
        assert (await app.get(LIST, unit=unit)).status_code == 400
    minutes = {
        **hours,
        "abbreviatedUnitName": "min",
        "measurements": [{"startTime": 1, "value": 90}],
    }
    await app.add(minutes)  # kept in the variable's unit, and as it came
    (found, *_) = (await app.get(LIST)).json()
    assert (found["value"], found["unit"]) == (1.5, "h")
    assert (found["storedValue"], found["storedAbbreviatedUnitName"]) == (90, "min")


async def test_grouping_puts_spans_together(app: App) -> None:
    times = [0, 3_600, 86_400 + 10]
    walks = [{"startTime": at, "value": 10} for at in times]
    await app.add(
        {"variableName": "Steps", "abbreviatedUnitName": "count", "combinationOperation": "SUM",
         "measurements": walks},
        {"variableName": "Mood", "abbreviatedUnitName": "/5",
         "measurements": [{"startTime": 0, "value": 2}, {"startTime": 5, "value": 4}]},
    )  # fmt: skip
    answer = await app.get(LIST, groupingWidth=86_400)
    found = [(each["variable"], each["startTime"], each["value"]) for each in answer.json()]
    assert found == [("Mood", 0, 3), ("Steps", 0, 20), ("Steps", 86_400, 10)]
    assert answer.headers["total-count"] == "3"
    local = await app.get(LIST, groupingWidth=86_400, groupingTimezone="Asia/Kolkata")
    assert local.json()[0]["startTime"] == -19_800
    assert (await app.get(LIST, groupingWidth=0)).status_code == 400
    assert (await app.get(LIST, groupingWidth=60, groupingTimezone="Mars")).status_code == 400


async def test_the_headers_lead_to_every_page(app: App) -> None:
    many = [{"startTime": at, "value": 3} for at in range(25)]
    await app.add({**SLEEP, "measurements": many})
    seen: list[int] = []
    answer = await app.get(LIST, limit=10, sort="-startTime", variableName="Sleep%")
    assert answer.headers["total-count"] == "25"
    assert "link-prev" not in answer.headers
    while True:
        seen += [each["startTime"] for each in answer.json()]
        following = answer.headers.get("link-next")
        assert (following is None) == ('rel="next"' not in answer.headers["link"])
        if following is None:
            break
        answer = await app._http.get(following, headers=app._headers)
    assert seen == list(range(24, -1, -1))
    assert answer.headers["link-prev"].endswith("offset=10")
    assert answer.headers["link-first"].endswith("offset=0")
    assert answer.headers["link-last"].endswith("offset=20")


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"offset": "-1"}, {"sort": "password"},
        {"value": "many"}, {"value": "(gt)"}, {"value": "nan"}, {"startTime": "soon"},
        {"limit": ["1", "2"]}, {"value": ","}, {"variableName": "a" * 5000},
        {"offset": "9" * 30}, {"groupingWidth": "1", "sort": "value"},
    ],
)  # fmt: skip
async def test_a_bad_parameter_is_refused(app: App, query: dict[str, Any]) -> None:
    answer = await app.get(LIST, **query)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == "invalid_request"


# ------------------------------------------------------------------------------------- one of them


async def test_one_is_read_changed_and_deleted(app: App) -> None:
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
async def test_an_id_that_is_none_finds_none(app: App, number: str) -> None:
    assert (await app.get(f"{ONE}/{number}")).status_code in (400, 404)


async def test_csv_has_everything_and_no_formulas(app: App) -> None:
    evil = {**SLEEP, "variableName": "=cmd|'/c calc'!A1", "sourceName": '@x, "quoted"'}
    evil["measurements"] = [
        {"startTime": START + at, "value": 1, "note": "-2+3\nx"} for at in range(3)
    ]
    await app.add(SLEEP, evil)
    answer = await app.get(CSV)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
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


async def test_variables_tell_what_is_there(app: App) -> None:
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


async def test_reference_data_is_for_any_valid_token(world: World, app: App) -> None:
    basic = await opened(world, "basic")
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
        assert (await world.browser().get(path)).status_code == 401


# ------------------------------------------------------------------------------------------ scopes


async def test_neither_scope_opens_what_the_other_does(world: World, app: App) -> None:
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
        other = await opened(world, scope)
        for method, path in refused:
            answer = await other.send(method, path, {} if method in ("POST", "PUT") else None)
            assert answer.status_code == 403, (scope, path)
            assert f'scope="{needed}"' in answer.headers["www-authenticate"]
    assert await app.values() == [3, 5]


async def test_nobody_sees_or_touches_what_is_somebody_elses(world: World, app: App) -> None:
    await app.add(SLEEP)
    number = (await app.get(LIST)).json()[0]["id"]
    await world.person(email="bob@example.org")
    bob = await opened(world, ALL, "bob@example.org")
    assert await bob.values() == []
    assert await bob.values(variableName="%e%") == []
    assert (await bob.get("/api/v1/variables")).json() == []
    assert (await bob.get("/api/v1/variables/Sleep%20Quality")).status_code == 404
    for method, body in (("GET", None), ("PUT", {"value": 1}), ("DELETE", None)):
        assert (await bob.send(method, f"{ONE}/{number}", body)).status_code == 404
    await bob.add({**SLEEP, "measurements": [{"startTime": START, "value": 1}]})
    assert await bob.values() == [1]
    assert await app.values() == [3, 5]


async def test_an_application_reads_people_while_their_grant_lives(world: World) -> None:
    await world.person()
    await world.person(email="bob@example.org")
    grants = frozenset({"authorization_code", "refresh_token", "client_credentials"})
    client = await world.app(scope=frozenset(ALL.split()), grant_types=grants)
    given: dict[str, Any] = {}
    for email, scope in (("ann@example.org", ALL), ("bob@example.org", "writemeasurements")):
        tokens = await world.tokens(client, await world.signed_in(email), scope=scope)
        await App(world, tokens["access_token"]).add(SLEEP)
        given = {**given, email: tokens}
    person = given["ann@example.org"]
    own = (await world.token(client, grant_type="client_credentials")).json()["access_token"]
    answer = await App(world, own).get(OF_APP, limit=1)
    assert answer.headers["total-count"] == "2"  # Bob lets it write alone
    assert answer.json()[0]["userId"]
    assert [each["value"] for each in (await App(world, own).get(OF_APP)).json()] == [3, 5]
    assert (await App(world, person["access_token"]).get(OF_APP)).status_code == 403
    assert (await App(world, own).get(LIST)).status_code == 403
    narrow = await world.token(client, grant_type="client_credentials", scope="basic")
    assert (await App(world, narrow.json()["access_token"]).get(OF_APP)).status_code == 403
    other = await world.app(scope=frozenset(ALL.split()), grant_types=grants)
    others = (await world.token(other, grant_type="client_credentials")).json()["access_token"]
    assert (await App(world, others).get(OF_APP)).json() == []
    await world.revoke(client, person["refresh_token"])
    assert (await App(world, own).get(OF_APP)).json() == []


# -------------------------------------------------------------------------------------- access log


async def test_each_read_and_write_is_recorded_for_the_person(world: World, app: App) -> None:
    await app.add(SLEEP)
    await app.values(variableName="Sleep Quality")
    await app.values(variableName="Sleep Quality")
    await app.get(CSV, variableCategoryName="Sleep")
    number = (await app.get(LIST, limit=1)).json()[0]["id"]
    await app.send("DELETE", f"{ONE}/{number}")
    await world.house.accesses.flush()
    user = await world.house.stores.user_by_email("ann@example.org")
    assert user is not None
    noted = [
        (each.action, each.variable, each.category, each.measurements, each.requests)
        for _, each in await world.house.stores.accesses_of(user.id)
    ]
    assert sorted(noted) == [
        ("delete", "Sleep Quality", "Sleep", 1, 1),
        ("read", "", "", 1, 1),
        ("read", "", "Sleep", 2, 1),
        ("read", "Sleep Quality", "", 4, 2),
        ("write", "Sleep Quality", "Sleep", 2, 1),
    ]


async def test_a_refused_request_is_not_recorded(world: World, app: App) -> None:
    await app.get(LIST, limit="x")
    await app.send("POST", LIST, [])
    await app.get(f"{ONE}/77")
    await world.house.accesses.flush()
    user = await world.house.stores.user_by_email("ann@example.org")
    assert user is not None
    assert await world.house.stores.accesses_of(user.id) == []


@pytest.mark.parametrize(
    ("path", "method"),
    [(LIST, "DELETE"), (CSV, "POST"), (f"{ONE}/1", "POST"), (OF_APP, "POST"),
     ("/api/v1/variables", "POST"), ("/api/v1/variables/x", "PUT"), ("/api/v1/units", "POST")],
)  # fmt: skip
async def test_a_wrong_method_is_told_the_right_ones(app: App, path: str, method: str) -> None:
    answer = await app.send(method, path)
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
