"""`measurements(...).to_pandas()` with pandas, and its error message without it."""

import sys
from collections.abc import Callable
from typing import Any

import pandas
import pytest
from recorded_server import RecordedResponse, RecordedServer
from session_driver import MEASUREMENTS, SessionDriver, stored_token

from swagger_client.session import MemoryStore

NewDriver = Callable[..., SessionDriver]
ROWS = [
    {"id": 2, "variable": "Mood", "startTime": 1439389380, "value": 4, "unit": "/5"},
    {
        "id": 1,
        "variable": "Mood",
        "startTime": "2015-08-12T16:22:00+02:00",
        "value": 3.5,
        "unit": "/5",
        "source": "My App",
        "note": "well",
    },
]


async def table(driver: SessionDriver) -> Any:
    listing = driver.session.measurements()
    return await listing.to_pandas() if driver.is_async else listing.to_pandas()


async def test_a_table_is_in_the_order_of_time(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(MEASUREMENTS, RecordedResponse(body=ROWS))
    driver = new_driver(store=MemoryStore(stored_token()))
    found = await table(driver)
    assert list(found.columns) == ["variable", "value", "unit", "source", "note", "id"]
    assert list(found["id"]) == [1, 2]
    assert found.index[0] == pandas.Timestamp("2015-08-12T14:22:00Z")
    assert str(found.index.tz) == "UTC"
    assert found["value"].dtype == float
    recorded_server.on(MEASUREMENTS, RecordedResponse(body=[]))
    empty = await table(driver)
    assert len(empty) == 0
    assert empty["value"].dtype == float
    assert str(empty.index.tz) == "UTC"


async def test_without_pandas_it_says_what_to_install(
    new_driver: NewDriver, recorded_server: RecordedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded_server.on(MEASUREMENTS, RecordedResponse(body=ROWS))
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"quantimodo-client\[pandas\]"):
        await table(new_driver(store=MemoryStore(stored_token())))
