"""Measurements as a `pandas.DataFrame`. pandas is an optional dependency."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from swagger_client.models import Measurement

COLUMNS = ("variable", "value", "unit", "source", "note", "id")


def frame_of(measurements: Sequence[Measurement]) -> Any:
    """A `pandas.DataFrame`, one row each, indexed by `start_time` (UTC) and sorted by it."""
    try:
        pandas: Any = import_module("pandas")
    except ImportError:
        raise ImportError("to_pandas needs: pip install 'quantimodo-client[pandas]'") from None
    times = [measurement.start_time for measurement in measurements]
    index = pandas.DatetimeIndex(pandas.to_datetime(times, utc=True), name="start_time")
    columns = {
        name: [getattr(measurement, name) for measurement in measurements] for name in COLUMNS
    }
    table = pandas.DataFrame(columns, index=index).sort_index(kind="stable")
    return table.astype({"value": "float64", "id": "int64"})  # also where there are none
