"""How a request about measurements is refused."""

from typing import Literal


class MeasurementError(Exception):
    """The request cannot be served as it is. `text` is for people: what is wrong and what to do,
    never what was sent. Of a POST, `set_index` and `measurement_index` say where (from 0)."""

    def __init__(
        self,
        text: str,
        *,
        status: Literal[400, 403, 404, 409, 413] = 400,
        set_index: int | None = None,
        measurement_index: int | None = None,
    ) -> None:
        super().__init__(text)
        self.text = text
        self.status = status
        self.set_index = set_index
        self.measurement_index = measurement_index
