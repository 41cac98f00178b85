"""Output on standard output: JSON for programs, plain lines and tables for people."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDE = 200  # for a pipe: no line is cut off


def print_json(value: object) -> None:
    """Print a value as indented JSON."""
    typer.echo(json.dumps(value, indent=2, default=_format))


def json_line(value: object) -> str:
    """A value as one line of JSON."""
    return json.dumps(value, default=_format)


def print_fields(fields: Mapping[str, Any]) -> None:
    """Print one field on each line, without empty ones."""
    shown = {name: plain(value) for name, value in fields.items()}
    width = max(map(len, shown))
    for name, text in shown.items():
        if text:
            typer.echo(f"{name:<{width}}  {text}")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table, at most as wide as the terminal."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        # `Text`, so that nothing in a name is taken for markup.
        table.add_row(*(Text(plain(value)) for value in row))
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)


def plain(value: Any) -> str:
    """A value as text for people."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S UTC")
        case list() | tuple():
            return ", ".join(map(str, value))
    return str(value)


def _format(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no spelling in JSON")
