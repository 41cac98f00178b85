"""`quantimodo-client measurements …`: list, add, import, export."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from swagger_client.command.csv_cells import time_of
from swagger_client.command.csv_files import BYTE_ORDER_MARK, checked, rows_of, set_of
from swagger_client.command.csv_reader import Group, Row, groups_of
from swagger_client.command.environment import CliEnvironment
from swagger_client.command.progress import Progress
from swagger_client.models import Measurement, MeasurementSet, NewMeasurement
from swagger_client.rest import ApiException
from swagger_client.session import OAuthSession

T = TypeVar("T")
_LONGEST_WAIT = 300.0
_FILTERS = ("variable_name", "variable_category_name", "source", "value", "unit", "sort")


def list_measurements(session: OAuthSession, asked: Namespace, around: CliEnvironment) -> None:
    """Measurements, the newest first."""
    found = list(session.measurements(limit=asked.limit, **_filters(asked)))
    if asked.json:
        around.say(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for line in _lines(found):
        around.say(line)
    if not found:
        around.tell("There are no such measurements.")


def add_measurement(session: OAuthSession, asked: Namespace, around: CliEnvironment) -> None:
    """One measurement, of now unless `--at` says when."""
    at = int(around.clock()) if asked.at is None else time_of(asked.at, "--at")
    answer = session.add_measurements(
        MeasurementSet(
            asked.variable,
            [NewMeasurement(at, asked.value, asked.note)],
            source_name=asked.source,
            abbreviated_unit_name=asked.unit,
            variable_category_name=asked.category,
        )
    )
    around.say(json.dumps(answer) if asked.json else "Added.")


def import_measurements(session: OAuthSession, asked: Namespace, around: CliEnvironment) -> None:
    """All of a CSV file, in batches. Nothing is sent unless the whole file can be read."""

    def rows() -> Iterator[Row]:
        return (row for row in rows_of(asked.file) if row.line >= asked.from_line)

    total = sum(1 for _ in checked(rows(), session.units))
    sent = 0
    with Progress(around.err, "measurements", total) as progress:
        for batch in _batches(rows(), asked.batch):
            groups = groups_of(batch)
            try:
                _send(session, groups, around)
            except ApiException as refusal:
                progress.end()
                _tell_where(refusal, batch, groups, sent, around)
                raise
            sent += len(batch)
            progress.advance(len(batch))
    said = f"Imported {sent:,} {'measurement' if sent == 1 else 'measurements'}."
    around.say(json.dumps({"imported": sent}) if asked.json else said)


def export_measurements(session: OAuthSession, asked: Namespace, around: CliEnvironment) -> None:
    """All measurements, as CSV or, with `--json`, as a JSON array."""
    if asked.json and asked.bom:
        raise ValueError("--bom is for CSV")
    write = _write_json if asked.json else partial(_write_csv, mark=asked.bom)
    # A bar would be drawn across what is written to the same terminal.
    hidden = asked.file is None and around.out.isatty()
    bar = partial(Progress, around.err, hidden=hidden)
    with _target(asked.file) as file:
        written = write(session, _filters(asked), file, bar)
    if asked.file is not None:
        told = json.dumps({"exported": written, "file": str(asked.file)})
        around.say(told if asked.json else f"Exported {written:,} bytes to {asked.file}.")


def _write_csv(
    session: OAuthSession,
    filters: dict[str, Any],
    file: BinaryIO,
    bar: Callable[..., Progress],
    *,
    mark: bool = False,
) -> int:
    """How many bytes it is. `mark`: with a byte order mark before it."""
    written = file.write(BYTE_ORDER_MARK) if mark else 0
    with bar("bytes") as progress:
        for piece in session.measurements_csv(**filters):
            written += file.write(piece)
            progress.advance(len(piece))
    return written


def _write_json(
    session: OAuthSession, filters: dict[str, Any], file: BinaryIO, bar: Callable[..., Progress]
) -> int:
    """How many measurements it holds."""
    written = 0
    listing = session.measurements(**filters)
    before = b"["
    with bar("measurements", listing.count()) as progress:
        for page in listing.pages():
            for measurement in page:
                file.write(before + json.dumps(measurement, ensure_ascii=False).encode())
                before = b",\n"
            written += len(page)
            progress.advance(len(page))
    file.write(b"]\n" if before != b"[" else b"[]\n")
    return written


def _send(session: OAuthSession, groups: Sequence[Group], around: CliEnvironment) -> None:
    """One batch. Told to come later (429), it does: the server has not looked at it yet."""
    while True:
        try:
            session.add_measurements([set_of(group) for group in groups])
            return
        except ApiException as refusal:
            wait = "" if refusal.headers is None else refusal.headers.get("retry-after", "")
            too_long = not wait.isdigit() or float(wait) > _LONGEST_WAIT
            if refusal.status != 429 or too_long:
                raise
        around.sleep(float(wait))


def _tell_where(
    refusal: ApiException,
    batch: Sequence[Row],
    groups: Sequence[Group],
    sent: int,
    around: CliEnvironment,
) -> None:
    first, last = batch[0].line, batch[-1].line
    rest = "all before it is in" if sent else "nothing is in"
    around.tell(f"The batch of lines {first} to {last} was not taken; {rest}.")
    line = _line_of(refusal, groups)
    if line is not None:
        around.tell(f"It is line {line} that was refused.")
    around.tell(f"When it is mended, go on with --from-line {first}.")


def _line_of(refusal: ApiException, groups: Sequence[Group]) -> int | None:
    """The server counts sets and measurements, from 0; people count lines of their file."""
    try:
        body = json.loads(refusal.body or "")
        line: int = groups[body["setIndex"]].line_of(body.get("measurementIndex"))
        return line
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _filters(asked: Namespace) -> dict[str, Any]:
    filters = {name: getattr(asked, name) for name in _FILTERS}
    for name, option in (("start_time", "since"), ("end_time", "until")):
        given = getattr(asked, option)
        filters[name] = None if given is None else time_of(given, f"--{option}")
    return {name: value for name, value in filters.items() if value is not None}


def _lines(found: Sequence[Measurement]) -> Iterator[str]:
    """A line for each, in columns: when, what, how much, and what was noted."""
    rows = [
        (
            each.start_time.astimezone().isoformat(" ", "minutes"),
            " ".join(each.variable.split()),
            f"{each.value:g} {each.unit}",
            " ".join((each.note or "").split()),
        )
        for each in found
    ]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()


@contextmanager
def _target(path: Path | None) -> Iterator[BinaryIO]:
    """A file that takes its name only when it is whole; or the standard output."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = path.with_name(f".{path.name}.part")
    try:
        # For nobody else's eyes: this is health data.
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            yield file
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
