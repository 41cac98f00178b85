"""The measurements API as a session shows it: pages, filters, CSV, and what is sent."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from recorded_server import ReceivedRequest, RecordedResponse, RecordedServer
from session_driver import MEASUREMENTS, TOKEN_PATH, SessionDriver, stored_token, tokens

from swagger_client import MeasurementSet, NewMeasurement
from swagger_client.rest import ApiException
from swagger_client.session import MemoryStore

NewDriver = Callable[..., SessionDriver]
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
    recorded_server: RecordedServer, count: int, paging: str, evil: str = "https://evil.example"
) -> Callable[[ReceivedRequest], RecordedResponse]:
    """A list of `count`, paged by RFC 8288 links, or by `Total-Count` alone."""

    def response(received: ReceivedRequest) -> RecordedResponse:
        limit, offset = int(received.query.get("limit", 100)), int(received.query.get("offset", 0))
        items = [measurement(number) for number in range(count)][offset : offset + limit]
        headers = {"Total-Count": str(count)} if paging == "counted" else {}
        if paging == "linked" and offset + limit < count:
            link = f"{evil}{MEASUREMENTS}?limit={limit}&offset={offset + limit}&variableName=x"
            headers["Link"] = f'<{evil}/first>; rel="first", <{link}>; rel="next"; title="a, b"'
        return RecordedResponse(body=items, headers=headers)

    return response


@pytest.fixture
def driver(new_driver: NewDriver) -> SessionDriver:
    return new_driver(store=MemoryStore(stored_token()))


@pytest.mark.parametrize("paging", ["linked", "counted"])
async def test_all_pages_are_read_as_they_are_needed(
    driver: SessionDriver, recorded_server: RecordedServer, paging: str
) -> None:
    recorded_server.on(MEASUREMENTS, serve(recorded_server, 25, paging))
    found = await driver.call("measurements", page_size=10, variable_name="x")
    assert [each.id for each in found] == list(range(25))
    queries = [received.query for received in recorded_server.requests]
    assert [query.get("offset", "0") for query in queries] == ["0", "10", "20"]
    assert {query["limit"] for query in queries} == {"10"}
    assert {query["variableName"] for query in queries} == {"x"}


@pytest.mark.parametrize("paging", ["linked", "counted"])
@pytest.mark.parametrize(
    ("limit", "sizes"), [(0, []), (3, ["3"]), (10, ["10"]), (12, ["10", "10"])]
)
async def test_no_more_is_read_than_is_wanted(
    driver: SessionDriver,
    recorded_server: RecordedServer,
    paging: str,
    limit: int,
    sizes: list[str],
) -> None:
    recorded_server.on(MEASUREMENTS, serve(recorded_server, 25, paging))
    found = await driver.call("measurements", limit=limit, page_size=10)
    assert len(found) == limit
    assert [received.query["limit"] for received in recorded_server.requests] == sizes


async def test_a_page_that_leads_to_itself_is_the_last(
    driver: SessionDriver, recorded_server: RecordedServer
) -> None:
    link = {"Link": f'<{MEASUREMENTS}?limit=200>; rel="next"'}
    recorded_server.on(MEASUREMENTS, RecordedResponse(body=[measurement(1)], headers=link))
    assert len(await driver.call("measurements")) == 1


async def test_no_measurements_are_no_fault(
    driver: SessionDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(MEASUREMENTS, serve(recorded_server, 0, "linked"))
    assert await driver.call("measurements") == []


async def test_filters_go_as_the_server_spells_them(
    driver: SessionDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(MEASUREMENTS, RecordedResponse(body=[]))
    await driver.call(
        "measurements",
        variable_name="Sleep%",
        value=["(gt)2", "(lt)4"],
        start_time=datetime(2026, 11, 23, 12, tzinfo=UTC),
        grouping_width=86400,
        sort="-startTime",
    )
    assert recorded_server.requests[0].query == {
        "variableName": "Sleep%",
        "value[]": "(lt)4",
        "startTime": "2026-11-23T12:00:00+00:00",
        "groupingWidth": "86400",
        "sort": "-startTime",
        "limit": "200",
    }
    with pytest.raises(TypeError, match="colour"):
        await driver.call("measurements", colour="red")
    with pytest.raises(ValueError, match="time zone"):
        await driver.call("measurements", start_time=datetime(2026, 11, 23))  # noqa: DTZ001


async def test_a_measurement_is_typed_and_still_a_dict(
    driver: SessionDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on("/api/v2/measurements/7", RecordedResponse(body=measurement(7)))
    found = await driver.call("measurement", 7)
    assert found == measurement(7)
    assert found.start_time == datetime.fromtimestamp(1439389327, UTC)
    assert found.created_at == found.updated_at == datetime(2015, 8, 12, 14, 22, tzinfo=UTC)
    assert (found.value, found.unit, found.note) == (3.0, "/5", None)
    assert "Sleep Quality" in repr(found)


async def test_added_measurements_are_sent_in_one_call(
    driver: SessionDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(MEASUREMENTS, RecordedResponse(201, {"success": True}))
    one = MeasurementSet(
        "Sleep Quality",
        [NewMeasurement(1439389320, 3, "well"), NewMeasurement("2015-08-12T14:22:00Z", 4.5)],
        source_name="My App",
        abbreviated_unit_name="/5",
        variable_category_name="Sleep",
        combination_operation="MEAN",
    )
    assert await driver.call("add_measurements", [one, {"variableName": "Mood"}]) == {
        "success": True
    }
    await driver.call("add_measurements", one)
    both, alone = (received.json for received in recorded_server.requests)
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


async def test_an_application_reads_those_of_its_people(
    driver: SessionDriver, recorded_server: RecordedServer
) -> None:
    path = "/api/v2/application/measurements"
    recorded_server.on(path, serve(recorded_server, 25, "linked"))
    found = await driver.call("application_measurements", limit=12, page_size=10, unit="/5")
    assert [each.id for each in found] == list(range(12))
    assert [
        received.query.get("offset", "0") for received in recorded_server.requests_to(path)
    ] == ["0", "10"]


async def test_csv_is_streamed_in_chunks(
    driver: SessionDriver, recorded_server: RecordedServer
) -> None:
    text = b"variable,value\n" + b"Mood,3\n" * 100_000
    csv = RecordedResponse(200, text, {"Content-Type": "text/csv"})
    recorded_server.on(CSV, RecordedResponse(503), RecordedResponse(401), csv)
    recorded_server.on(TOKEN_PATH, RecordedResponse(body=tokens(2)))
    chunks = await driver.call("measurements_csv", variable_name="Mood")
    assert b"".join(chunks) == text
    assert len(chunks) > 1
    assert [received.headers["accept"] for received in recorded_server.requests_to(CSV)] == [
        "text/csv"
    ] * 3
    recorded_server.on(CSV, RecordedResponse(403, {"error": "insufficient_scope"}))
    with pytest.raises(ApiException) as caught:
        await driver.call("measurements_csv")
    assert "insufficient_scope" in (caught.value.body or "")


async def test_variables_and_units_are_typed(
    driver: SessionDriver, recorded_server: RecordedServer
) -> None:
    mood = {"id": 1, "name": "Mood", "unit": "/5", "lastValue": 4, "numberOfMeasurements": 9}
    unit = {
        "name": "Kilograms",
        "abbreviatedName": "kg",
        "category": "Weight",
        "conversionSteps": [{"operation": "MULTIPLY", "value": 2.2}],
    }
    recorded_server.on("/api/v1/variables", RecordedResponse(body=[mood]))
    recorded_server.on("/api/v1/variables/Mood", RecordedResponse(body=mood))
    recorded_server.on("/api/v1/variableCategories", RecordedResponse(body=[{"name": "Sleep"}]))
    recorded_server.on("/api/v1/units", RecordedResponse(body=[unit]))
    recorded_server.on(
        "/api/v1/unitCategories", RecordedResponse(body=[{"id": 1, "name": "Weight"}])
    )
    (listed,) = await driver.call("variables")
    assert listed == await driver.call("variable", "Mood")
    assert (listed.last_value, listed.number_of_measurements) == (4.0, 9)
    assert listed.latest_measurement_time is None
    assert (await driver.call("variable_categories"))[0].name == "Sleep"
    (kilograms,) = await driver.call("units")
    assert kilograms.conversion_steps[0].operation == "MULTIPLY"
    assert (await driver.call("unit_categories"))[0].id == 1


async def test_the_server_counts_the_measurements(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(MEASUREMENTS, serve(recorded_server, 25, "counted"))
    driver = new_driver(store=MemoryStore(stored_token()))
    listing = driver.session.measurements()
    counted = await listing.count() if driver.is_async else listing.count()
    assert counted == 25
    assert recorded_server.requests[0].query == {"limit": "1"}
