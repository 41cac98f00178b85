"""A progress bar, shown on terminals only."""

from __future__ import annotations

from types import TracebackType
from typing import TextIO

_WIDTH = 30


class Progress:
    """`total`: None if unknown. `unit`: what is counted. `hidden`: show nothing."""

    def __init__(
        self, stream: TextIO, unit: str, total: int | None = None, *, hidden: bool = False
    ) -> None:
        self._stream = stream
        self._unit = unit
        self._total = total
        self._done = 0
        self._length = 0
        self._shown = stream.isatty() and not hidden

    def advance(self, by: int) -> None:
        """Add `by` to the number of completed items."""
        self._done += by
        self._show()

    def end(self) -> None:
        """End the line of the bar. Later calls show nothing."""
        if self._shown:
            self._stream.write("\n")
            self._stream.flush()
        self._shown = False

    def _show(self) -> None:
        if not self._shown:
            return
        line = self._line()
        self._stream.write("\r" + line.ljust(self._length))
        self._stream.flush()
        self._length = len(line)

    def _line(self) -> str:
        if not self._total:
            return f"{self._done:,} {self._unit}"
        part = min(self._done / self._total, 1.0)
        bar = ("#" * int(part * _WIDTH)).ljust(_WIDTH, ".")
        return f"[{bar}] {part:4.0%}  {self._done:,} of {self._total:,} {self._unit}"

    def __enter__(self) -> Progress:
        self._show()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
