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


def list_measurements(session: OAuthSession, options: Namespace, env: CliEnvironment) -> None:
    """Measurements, the newest first."""
    found = list(session.measurements(limit=options.limit, **_filters(options)))
    if options.json:
        env.print_result(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for line in _lines(found):
        env.print_result(line)
    if not found:
        env.print_message("There are no such measurements.")


def add_measurement(session: OAuthSession, options: Namespace, env: CliEnvironment) -> None:
    """Add one measurement; its time is now unless `--at` is given."""
    at = int(env.clock()) if options.at is None else time_of(options.at, "--at")
    response = session.add_measurements(
        MeasurementSet(
            options.variable,
            [NewMeasurement(at, options.value, options.note)],
            source_name=options.source,
            abbreviated_unit_name=options.unit,
            variable_category_name=options.category,
        )
    )
    env.print_result(json.dumps(response) if options.json else "Added.")


def import_measurements(session: OAuthSession, options: Namespace, env: CliEnvironment) -> None:
    """Import a CSV file in batches. Nothing is sent unless the whole file can be read."""

    def rows() -> Iterator[Row]:
        return (row for row in rows_of(options.file) if row.line >= options.from_line)

    total = sum(1 for _ in checked(rows(), session.units))
    sent = 0
    with Progress(env.err, "measurements", total) as progress:
        for batch in _batches(rows(), options.batch):
            groups = groups_of(batch)
            try:
                _send(session, groups, env)
            except ApiException as refusal:
                progress.end()
                _report_refused_batch(refusal, batch, groups, sent, env)
                raise
            sent += len(batch)
            progress.advance(len(batch))
    summary = f"Imported {sent:,} {'measurement' if sent == 1 else 'measurements'}."
    env.print_result(json.dumps({"imported": sent}) if options.json else summary)


def export_measurements(session: OAuthSession, options: Namespace, env: CliEnvironment) -> None:
    """All measurements, as CSV or, with `--json`, as a JSON array."""
    if options.json and options.bom:
        raise ValueError("--bom is for CSV")
    write = _write_json if options.json else partial(_write_csv, mark=options.bom)
    # A bar would be drawn across what is written to the same terminal.
    hidden = options.file is None and env.out.isatty()
    bar = partial(Progress, env.err, hidden=hidden)
    with _target(options.file) as file:
        written = write(session, _filters(options), file, bar)
    if options.file is not None:
        result = json.dumps({"exported": written, "file": str(options.file)})
        env.print_result(
            result if options.json else f"Exported {written:,} bytes to {options.file}."
        )


def _write_csv(
    session: OAuthSession,
    filters: dict[str, Any],
    file: BinaryIO,
    bar: Callable[..., Progress],
    *,
    mark: bool = False,
) -> int:
    """Returns the number of bytes. `mark`: begin with a byte order mark."""
    written = file.write(BYTE_ORDER_MARK) if mark else 0
    with bar("bytes") as progress:
        for chunk in session.measurements_csv(**filters):
            written += file.write(chunk)
            progress.advance(len(chunk))
    return written


def _write_json(
    session: OAuthSession, filters: dict[str, Any], file: BinaryIO, bar: Callable[..., Progress]
) -> int:
    """Returns the number of measurements."""
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


def _send(session: OAuthSession, groups: Sequence[Group], env: CliEnvironment) -> None:
    """Send one batch. After a 429, wait as long as `Retry-After` says and send it again."""
    while True:
        try:
            session.add_measurements([set_of(group) for group in groups])
            return
        except ApiException as refusal:
            wait = "" if refusal.headers is None else refusal.headers.get("retry-after", "")
            too_long = not wait.isdigit() or float(wait) > _LONGEST_WAIT
            if refusal.status != 429 or too_long:
                raise
        env.sleep(float(wait))


def _report_refused_batch(
    refusal: ApiException,
    batch: Sequence[Row],
    groups: Sequence[Group],
    sent: int,
    env: CliEnvironment,
) -> None:
    first, last = batch[0].line, batch[-1].line
    rest = "the lines before it are imported" if sent else "nothing is imported"
    env.print_message(f"The batch of lines {first} to {last} was refused; {rest}.")
    line = _line_of(refusal, groups)
    if line is not None:
        env.print_message(f"Line {line} was refused.")
    env.print_message(f"Correct it, and continue with --from-line {first}.")


def _line_of(refusal: ApiException, groups: Sequence[Group]) -> int | None:
    """The line of the refused measurement: the server reports indexes that begin with 0."""
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


def _filters(options: Namespace) -> dict[str, Any]:
    filters = {name: getattr(options, name) for name in _FILTERS}
    for name, option in (("start_time", "since"), ("end_time", "until")):
        given = getattr(options, option)
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
    """A file that gets its name only when it is complete; or the standard output."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = path.with_name(f".{path.name}.part")
    try:
        # Only the owner may read the file: it contains health data.
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            yield file
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
