"""Addresses, queries and charts that several pages of measurements use."""

from typing import Final
from urllib.parse import quote

from quantimodo.measurements.queries import MeasurementQuery
from quantimodo.measurements.service import MeasurementService
from quantimodo.model.measurements import Comparison, Filter, Order
from quantimodo.pages.charts import Chart, chart

ROWS: Final = 25  # measurements of one page
_CHARTED: Final = 200  # the latest measurements that a chart shows


def newest(name: str, *, offset: int = 0, limit: int = ROWS) -> MeasurementQuery:
    """A query for the newest measurements of a variable, or of all when `name` is empty."""
    filters = (Filter("variable", (Comparison("is", name),)),) if name else ()
    order = Order("start", descending=True)
    return MeasurementQuery(filters=filters, order=order, limit=limit, offset=offset)


def variable_path(name: str) -> str:
    """The local address of a variable's page."""
    return f"/account/data/variable?name={quote(name, safe='')}"


def page_offset(text: str) -> int:
    """The parameter `offset` of a page; 0 if it is invalid."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


async def variable_chart(
    measurement_service: MeasurementService, user_id: int, name: str, width: int, height: int
) -> Chart | None:
    """The chart of a variable's newest measurements, in pixels; None if there are too few."""
    rows = await measurement_service.rows(user_id, newest(name, limit=_CHARTED))
    points = [(row.start / 1_000_000, row.value) for row in reversed(rows)]
    return chart(points, width, height)
