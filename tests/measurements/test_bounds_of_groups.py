"""measurements-api.md §5, §6: what `groupingWidth`, `groupingTimezone` and repeated filters may
ask."""

import pytest
from api_client import ALL, CSV, LIST, SLEEP, START, ApiClient, open_client

from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.queries import parse_measurement_query
from support.app import AppHarness


@pytest.fixture
async def app(harness: AppHarness) -> ApiClient:
    await harness.person()
    return await open_client(harness, ALL)


@pytest.mark.parametrize("path", [LIST, CSV])
async def test_more_spans_than_are_looked_at_are_refused_with_the_limit(
    app: ApiClient, path: str
) -> None:
    at_ends = [{"startTime": START, "value": 1}, {"startTime": START + 20_001, "value": 2}]
    await app.add({**SLEEP, "measurements": at_ends})
    response = await app.get(path, groupingWidth=1)
    assert response.status_code == 400
    assert "20000" in response.json()["error_description"]
    assert (await app.get(path, groupingWidth=2)).status_code == 200
    within = {"groupingWidth": 1, "endTime": START + 20_000}
    assert (await app.get(path, **within)).status_code == 200


@pytest.mark.parametrize(
    "zone",
    [
        *("posix/Europe/Berlin", "right/Europe/Berlin", "posixrules", "localtime", "leapseconds"),
        *("CET-1CEST", "EST5EDT4", "UTC+1", "tzdata.zi", "zone.tab", "Europe", "europe/berlin"),
        *("../UTC", "/etc/localtime", "Europe/../UTC", ":Europe/Berlin", "<+01>-1"),
    ],
)
def test_only_the_names_of_time_zones_are_taken(zone: str) -> None:
    query = f"groupingWidth=60&groupingTimezone={zone.replace('+', '%2B')}"
    with pytest.raises(MeasurementError, match="name of a time zone"):
        parse_measurement_query(query.encode())


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "America/Argentina/Ushuaia", "Etc/GMT-1"])
def test_every_name_of_a_time_zone_is_taken(zone: str) -> None:
    requested = parse_measurement_query(f"groupingWidth=60&groupingTimezone={zone}".encode())
    assert requested.grouping is not None
    assert requested.grouping.zone.key == zone


def test_a_filter_with_a_number_is_one_of_several() -> None:
    numbered = parse_measurement_query(b"value[0]=(gt)1&value%5B1%5D=(lt)4&source[0]=App")
    bare = parse_measurement_query(b"value[]=(gt)1&value[]=(lt)4&source=App")
    assert numbered.filters == bare.filters
    assert len(numbered.filters) == 3


@pytest.mark.parametrize("name", ["value[a]", "value[0", "value[-1]", "value[0][1]", "source[gt]"])
def test_a_filter_that_is_spelled_otherwise_is_refused_and_not_dropped(name: str) -> None:
    with pytest.raises(MeasurementError, match="repeated filter"):
        parse_measurement_query(f"{name}=1".encode())


def test_a_numbered_filter_is_logged() -> None:
    assert parse_measurement_query(b"variableName[0]=Mood").variables == "Mood"
