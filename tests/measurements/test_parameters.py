"""GET of measurements: every parameter and operator of measurements-api.md §5, over HTTP."""

import csv
import io
from typing import Any

import pytest
from api_client import CSV, LIST, SLEEP, START, ApiClient


async def test_filters_of_the_contract(app: ApiClient) -> None:
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


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"value": "(gt)2"}, [3, 4]), ({"value": "(ge)2"}, [2, 3, 4]), ({"value": "(lt)2"}, [1]),
        ({"value": "(le)2"}, [1, 2]), ({"value": "2"}, [2]), ({"value": "1,(gt)3"}, [1, 4]),
        ({"value": "!1,3"}, [2, 4]), ({"value": ["(gt)1", "!3"]}, [2, 4]),
        ({"value[]": ["(gt)1", "(lt)4"]}, [2, 3]),
        ({"value[]": "(gt)1", "value": "(lt)4"}, [2, 3]),
        ({"startTime": "3"}, [3, 4]), ({"startTime": "(gt)3"}, [4]),
        ({"startTime": "(lt)3"}, [1, 2]),
        ({"startTime": "1,3"}, [1, 3]), ({"startTime": "(le)1970-01-01T00:00:03Z"}, [1, 2, 3]),
        ({"startTime": "1970-01-01T01:00:03+01:00"}, [3, 4]), ({"endTime": "2"}, [1, 2]),
        ({"endTime": "(lt)2"}, [1]), ({"startTime": "2", "endTime": "3"}, [2, 3]),
        ({"startTime[]": ["(ge)2", "(lt)4"]}, [2, 3]), ({"startTime": "!3"}, [1, 2]),
        ({"createdAt": "(gt)2000-01-01"}, [1, 2, 3, 4]), ({"createdAt": "(lt)2000-01-01"}, []),
        ({"updatedAt": "2000-01-01"}, [1, 2, 3, 4]), ({"lastUpdated": "(lt)946684800"}, []),
        ({"variableName": "Tea, black"}, []), ({"variableName": "Tea\\, black"}, [1, 2, 3, 4]),
        ({"variableName": "tea%"}, []), ({"variableName": "%\\, b%"}, [1, 2, 3, 4]),
        ({"variableName": "_ea%"}, []), ({"variableName": "Tea%,Sleep"}, [1, 2, 3, 4]),
        ({"variableName[]": ["Tea%", "!%green"]}, [1, 2, 3, 4]),
        ({"variableCategoryName": "Food%"}, [1, 2, 3, 4]), ({"variableCategoryName": "!Foods"}, []),
        ({"source": "!Kettle"}, []), ({"source": "Kettle,Cup"}, [1, 2, 3, 4]),
        ({"source": "%x%"}, []),
        ({"sort": "-value"}, [4, 3, 2, 1]),
        ({"sort": "value", "limit": "2", "offset": "1"}, [2, 3]),
        ({"variableName": "%' OR '1'='1"}, []), ({"offset": "999999999999"}, []),
        ({"unknown": "1", "value": "3"}, [3]), ({"value": ""}, [1, 2, 3, 4]),
    ],
)  # fmt: skip
async def test_every_parameter_and_operator(app: ApiClient, query: Any, found: list[float]) -> None:
    entries = [{"startTime": at, "value": at} for at in range(1, 5)]
    await app.add({"variableName": "Tea, black", "sourceName": "Kettle", "measurements": entries,
                   "variableCategoryName": "Foods", "abbreviatedUnitName": "count"})  # fmt: skip
    assert await app.values(**query) == found
    response = await app.get(
        CSV, **{k: v for k, v in query.items() if k not in ("limit", "offset")}
    )
    if query.get("sort") is None:
        rows = csv.DictReader(io.StringIO(response.text, newline=""))
        assert [float(row["Value"]) for row in rows] == found or "offset" in query


async def test_a_unit_converts_and_filters_use_it(app: ApiClient) -> None:
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


async def test_grouping_puts_spans_together(app: ApiClient) -> None:
    times = [0, 3_600, 86_400 + 10]
    walks = [{"startTime": at, "value": 10} for at in times]
    await app.add(
        {"variableName": "Steps", "abbreviatedUnitName": "count", "combinationOperation": "SUM",
         "measurements": walks},
        {"variableName": "Mood", "abbreviatedUnitName": "/5",
         "measurements": [{"startTime": 0, "value": 2}, {"startTime": 5, "value": 4}]},
    )  # fmt: skip
    response = await app.get(LIST, groupingWidth=86_400)
    found = [(each["variable"], each["startTime"], each["value"]) for each in response.json()]
    assert found == [("Mood", 0, 3), ("Steps", 0, 20), ("Steps", 86_400, 10)]
    assert response.headers["total-count"] == "3"
    local = await app.get(LIST, groupingWidth=86_400, groupingTimezone="Asia/Kolkata")
    assert local.json()[0]["startTime"] == -19_800
    assert (await app.get(LIST, groupingWidth=0)).status_code == 400
    assert (await app.get(LIST, groupingWidth=60, groupingTimezone="Mars")).status_code == 400


async def test_the_headers_lead_to_every_page(app: ApiClient) -> None:
    many = [{"startTime": at, "value": 3} for at in range(25)]
    await app.add({**SLEEP, "measurements": many})
    seen: list[int] = []
    response = await app.get(LIST, limit=10, sort="-startTime", variableName="Sleep%")
    assert response.headers["total-count"] == "25"
    assert "link-prev" not in response.headers
    while True:
        seen += [each["startTime"] for each in response.json()]
        following = response.headers.get("link-next")
        assert (following is None) == ('rel="next"' not in response.headers["link"])
        if following is None:
            break
        response = await app._http.get(following, headers=app._headers)
    assert seen == list(range(24, -1, -1))
    assert response.headers["link-prev"].endswith("offset=10")
    assert response.headers["link-first"].endswith("offset=0")
    assert response.headers["link-last"].endswith("offset=20")


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"offset": "-1"}, {"sort": "password"},
        {"value": "many"}, {"value": "(gt)"}, {"value": "nan"}, {"startTime": "soon"},
        {"limit": ["1", "2"]}, {"value": ","}, {"variableName": "a" * 5000},
        {"offset": "9" * 30}, {"groupingWidth": "1", "sort": "value"},
    ],
)  # fmt: skip
async def test_a_bad_parameter_is_refused(app: ApiClient, query: dict[str, Any]) -> None:
    response = await app.get(LIST, **query)
    assert response.status_code == 400, response.text
    assert response.json()["error"] == "invalid_request"


async def test_a_query_over_a_limit_is_refused_with_the_limit(app: ApiClient) -> None:
    """Bytes, parameters, and values that the filters of one query compare with."""
    over = {
        "4096 bytes": "variableName=" + "a" * 4100,
        "64 parameters": "&".join("limit=10" for _ in range(65)),
        "100 values": "value=" + ",".join(str(number) for number in range(101)),
    }
    for limit, query in over.items():
        refused = await app.send("GET", f"{LIST}?{query}")
        assert refused.status_code == 400, limit
        assert limit in refused.json()["error_description"]
    assert (await app.send("GET", f"{LIST}?{over['100 values'].rpartition(',')[0]}")).is_success
