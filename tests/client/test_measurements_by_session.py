"""The measurements API as a session shows it: pages, filters, CSV, and what is sent."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from driven import MEASUREMENTS, TOKEN_PATH, Driven, held, tokens
from recorded import Answer, Recorded, Seen

from swagger_client import MeasurementSet, NewMeasurement
from swagger_client.rest import ApiException
from swagger_client.session import MemoryStore

Drive = Callable[..., Driven]
CSV = "/api/v2/measurements/csv"


def measurement(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "variable": "Sleep Quality",
        "source": "My App",
        "startTime": 1439389320 + number,
        "humanTime": "2015-08-12 14:22:00",
        "value": 3,
        "unit": "/5",
        "storedValue": 3,
        "storedAbbreviatedUnitName": "/5",
        "note": None,
        "createdAt": "2015-08-12T14:22:00Z",
        "updatedAt": "2015-08-12T14:22:00+00:00",
    }


def serve(
    recorded: Recorded, count: int, way: str, evil: str = "https://evil.example"
) -> Callable[[Seen], Answer]:
    """A list of `count`, paged by RFC 8288 links, or by `Total-Count` alone."""

    def answer(seen: Seen) -> Answer:
        limit, offset = int(seen.query.get("limit", 100)), int(seen.query.get("offset", 0))
        items = [measurement(number) for number in range(count)][offset : offset + limit]
        headers = {"Total-Count": str(count)} if way == "counted" else {}
        if way == "linked" and offset + limit < count:
            link = f"{evil}{MEASUREMENTS}?limit={limit}&offset={offset + limit}&variableName=x"
            headers["Link"] = f'<{evil}/first>; rel="first", <{link}>; rel="next"; title="a, b"'
        return Answer(body=items, headers=headers)

    return answer


@pytest.fixture
def driven(drive: Drive) -> Driven:
    return drive(store=MemoryStore(held()))


@pytest.mark.parametrize("way", ["linked", "counted"])
async def test_all_pages_are_read_as_they_are_needed(
    driven: Driven, recorded: Recorded, way: str
) -> None:
    recorded.on(MEASUREMENTS, serve(recorded, 25, way))
    found = await driven.do("measurements", page_size=10, variable_name="x")
    assert [each.id for each in found] == list(range(25))
    queries = [seen.query for seen in recorded.seen]
    assert [query.get("offset", "0") for query in queries] == ["0", "10", "20"]
    assert {query["limit"] for query in queries} == {"10"}
    assert {query["variableName"] for query in queries} == {"x"}


@pytest.mark.parametrize("way", ["linked", "counted"])
@pytest.mark.parametrize(
    ("limit", "sizes"), [(0, []), (3, ["3"]), (10, ["10"]), (12, ["10", "10"])]
)
async def test_no_more_is_read_than_is_wanted(
    driven: Driven, recorded: Recorded, way: str, limit: int, sizes: list[str]
) -> None:
    recorded.on(MEASUREMENTS, serve(recorded, 25, way))
    found = await driven.do("measurements", limit=limit, page_size=10)
    assert len(found) == limit
    assert [seen.query["limit"] for seen in recorded.seen] == sizes


async def test_a_page_that_leads_to_itself_is_the_last(driven: Driven, recorded: Recorded) -> None:
    link = {"Link": f'<{MEASUREMENTS}?limit=200>; rel="next"'}
    recorded.on(MEASUREMENTS, Answer(body=[measurement(1)], headers=link))
    assert len(await driven.do("measurements")) == 1


async def test_no_measurements_are_no_fault(driven: Driven, recorded: Recorded) -> None:
    recorded.on(MEASUREMENTS, serve(recorded, 0, "linked"))
    assert await driven.do("measurements") == []


async def test_filters_go_as_the_server_spells_them(driven: Driven, recorded: Recorded) -> None:
    recorded.on(MEASUREMENTS, Answer(body=[]))
    await driven.do(
        "measurements",
        variable_name="Sleep%",
        value=["(gt)2", "(lt)4"],
        start_time=datetime(2026, 11, 23, 12, tzinfo=UTC),
        grouping_width=86400,
        sort="-startTime",
    )
    assert recorded.seen[0].query == {
        "variableName": "Sleep%",
        "value[]": "(lt)4",
        "startTime": "2026-11-23T12:00:00+00:00",
        "groupingWidth": "86400",
        "sort": "-startTime",
        "limit": "200",
    }
    with pytest.raises(TypeError, match="colour"):
        await driven.do("measurements", colour="red")
    with pytest.raises(ValueError, match="time zone"):
        await driven.do("measurements", start_time=datetime(2026, 11, 23))  # noqa: DTZ001


async def test_a_measurement_is_typed_and_still_a_dict(driven: Driven, recorded: Recorded) -> None:
    recorded.on("/api/v2/measurements/7", Answer(body=measurement(7)))
    found = await driven.do("measurement", 7)
    assert found == measurement(7)
    assert found.start_time == datetime.fromtimestamp(1439389327, UTC)
    assert found.created_at == found.updated_at == datetime(2015, 8, 12, 14, 22, tzinfo=UTC)
    assert (found.value, found.unit, found.note) == (3.0, "/5", None)
    assert "Sleep Quality" in repr(found)


async def test_what_is_added_goes_in_one_call(driven: Driven, recorded: Recorded) -> None:
    recorded.on(MEASUREMENTS, Answer(201, {"success": True}))
    one = MeasurementSet(
        "Sleep Quality",
        [NewMeasurement(1439389320, 3, "well"), NewMeasurement("2015-08-12T14:22:00Z", 4.5)],
        source_name="My App",
        abbreviated_unit_name="/5",
        variable_category_name="Sleep",
        combination_operation="MEAN",
    )
    assert await driven.do("add_measurements", [one, {"variableName": "Mood"}]) == {"success": True}
    await driven.do("add_measurements", one)
    both, alone = (seen.json for seen in recorded.seen)
    assert both == [alone[0], {"variableName": "Mood"}]
    assert alone == [
        {
            "variableName": "Sleep Quality",
            "sourceName": "My App",
            "variableCategoryName": "Sleep",
            "combinationOperation": "MEAN",
            "abbreviatedUnitName": "/5",
            "measurements": [
                {"startTime": 1439389320, "value": 3, "note": "well"},
                {"startTime": "2015-08-12T14:22:00Z", "value": 4.5},
            ],
        }
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_value_is_finite(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        NewMeasurement(0, value)


def test_a_time_has_its_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        NewMeasurement(datetime(2026, 11, 23), 1)  # noqa: DTZ001


async def test_an_application_reads_those_of_its_people(driven: Driven, recorded: Recorded) -> None:
    path = "/api/v2/application/measurements"
    recorded.on(path, serve(recorded, 25, "linked"))
    found = await driven.do("application_measurements", limit=12, page_size=10, unit="/5")
    assert [each.id for each in found] == list(range(12))
    assert [seen.query.get("offset", "0") for seen in recorded.asked(path)] == ["0", "10"]


async def test_csv_comes_in_pieces(driven: Driven, recorded: Recorded) -> None:
    text = b"variable,value\n" + b"Mood,3\n" * 100_000
    csv = Answer(200, text, {"Content-Type": "text/csv"})
    recorded.on(CSV, Answer(503), Answer(401), csv)
    recorded.on(TOKEN_PATH, Answer(body=tokens(2)))
    pieces = await driven.do("measurements_csv", variable_name="Mood")
    assert b"".join(pieces) == text
    assert len(pieces) > 1
    assert [seen.headers["accept"] for seen in recorded.asked(CSV)] == ["text/csv"] * 3
    recorded.on(CSV, Answer(403, {"error": "insufficient_scope"}))
    with pytest.raises(ApiException) as caught:
        await driven.do("measurements_csv")
    assert "insufficient_scope" in (caught.value.body or "")


async def test_variables_and_units_are_typed(driven: Driven, recorded: Recorded) -> None:
    mood = {"id": 1, "name": "Mood", "unit": "/5", "lastValue": 4, "numberOfMeasurements": 9}
    unit = {
        "name": "Kilograms",
        "abbreviatedName": "kg",
        "category": "Weight",
        "conversionSteps": [{"operation": "MULTIPLY", "value": 2.2}],
    }
    recorded.on("/api/v1/variables", Answer(body=[mood]))
    recorded.on("/api/v1/variables/Mood", Answer(body=mood))
    recorded.on("/api/v1/variableCategories", Answer(body=[{"name": "Sleep"}]))
    recorded.on("/api/v1/units", Answer(body=[unit]))
    recorded.on("/api/v1/unitCategories", Answer(body=[{"id": 1, "name": "Weight"}]))
    (listed,) = await driven.do("variables")
    assert listed == await driven.do("variable", "Mood")
    assert (listed.last_value, listed.number_of_measurements) == (4.0, 9)
    assert listed.latest_measurement_time is None
    assert (await driven.do("variable_categories"))[0].name == "Sleep"
    (kilograms,) = await driven.do("units")
    assert kilograms.conversion_steps[0].operation == "MULTIPLY"
    assert (await driven.do("unit_categories"))[0].id == 1


async def test_the_server_is_asked_how_many_there_are(drive: Drive, recorded: Recorded) -> None:
    recorded.on(MEASUREMENTS, serve(recorded, 25, "counted"))
    driven = drive(store=MemoryStore(held()))
    listing = driven.session.measurements()
    counted = await listing.count() if driven.is_async else listing.count()
    assert counted == 25
    assert recorded.seen[0].query == {"limit": "1"}
