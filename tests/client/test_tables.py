"""`measurements(...).to_pandas()`, for whoever has pandas, and what it says to whoever has not."""

import sys
from collections.abc import Callable
from typing import Any

import pandas
import pytest
from driven import MEASUREMENTS, Driven, held
from recorded import Answer, Recorded

from swagger_client.session import MemoryStore

Drive = Callable[..., Driven]
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


async def table(driven: Driven) -> Any:
    listing = driven.session.measurements()
    return await listing.to_pandas() if driven.is_async else listing.to_pandas()


async def test_a_table_is_in_the_order_of_time(drive: Drive, recorded: Recorded) -> None:
    recorded.on(MEASUREMENTS, Answer(body=ROWS))
    driven = drive(store=MemoryStore(held()))
    found = await table(driven)
    assert list(found.columns) == ["variable", "value", "unit", "source", "note", "id"]
    assert list(found["id"]) == [1, 2]
    assert found.index[0] == pandas.Timestamp("2015-08-12T14:22:00Z")
    assert str(found.index.tz) == "UTC"
    assert found["value"].dtype == float
    recorded.on(MEASUREMENTS, Answer(body=[]))
    empty = await table(driven)
    assert len(empty) == 0
    assert empty["value"].dtype == float
    assert str(empty.index.tz) == "UTC"


async def test_without_pandas_it_says_what_to_install(
    drive: Drive, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded.on(MEASUREMENTS, Answer(body=ROWS))
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"quantimodo-client\[pandas\]"):
        await table(drive(store=MemoryStore(held())))
