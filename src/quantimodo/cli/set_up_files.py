"""The set-up file of `quantimodo apply` and `export`: TOML, read and written."""

import json
import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from quantimodo.protocol.set_up_entries import (
    Entries,
    InvalidEntry,
    parse_administrator,
    parse_client,
    parse_resource,
)

_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {
    "administrators": parse_administrator,
    "clients": parse_client,
    "resources": parse_resource,
}
_TABLES: Final = (*_READERS, "providers", "policies")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def read_document(file: Path, faults: list[str]) -> dict[str, Any]:
    """The tables of a file, all with a name that it may have. Adds a line for each fault."""
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as fault:
        where = re.search(r"\(at .*\)", str(fault))
        faults.append(f"the file is not TOML {where[0] if where else ''}".strip())
        return {}
    faults += [
        f"{name} is not a table of this file: it has {', '.join(_TABLES)}"
        for name in document
        if name not in _TABLES
    ]
    return document


def parse_rows(document: Mapping[str, Any], faults: list[str]) -> Entries:
    """The administrators, clients and resources of a file. Adds a line for each fault."""
    read: dict[str, list[Any]] = {name: [] for name in _READERS}
    for name, reader in _READERS.items():
        found = document.get(name, [])
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            faults.append(f"{name} must be an array of tables: [[{name}]]")
            continue
        for number, table in enumerate(found, 1):
            try:
                read[name].append(reader(table))
            except InvalidEntry as fault:
                faults.append(f"{name}, number {number}: {fault}")
    return Entries(**{name: tuple(entries) for name, entries in read.items()})


def resolve_secret(reference: str, folder: Path) -> str:
    """The secret that `env:NAME` or `file:PATH` names; paths are relative to the folder. Raises
    `LookupError` with the reason."""
    kind, _, name = reference.partition(":")
    if kind == "env" and name:
        if not os.environ.get(name):
            raise LookupError("the environment variable is not set")
        return os.environ[name].strip()
    if kind == "file" and name:
        try:
            return (folder / name).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise LookupError("the file cannot be read") from None
    raise LookupError('must be a reference: "env:NAME" or "file:PATH"')


def to_toml(tables: Mapping[str, Sequence[Mapping[str, Any]] | Mapping[str, Any]]) -> str:
    """Tables and arrays of tables in TOML 1.0; values are texts, numbers, flags, arrays and
    tables. The names of tables, and the keys of tables that are alone, may have dots."""
    blocks = []
    for name, found in tables.items():
        if isinstance(found, Mapping):
            keys = {".".join(map(_key, key.split("."))): value for key, value in found.items()}
            blocks.append("\n".join([f"[{name}]", *map(_line, keys, keys.values()), ""]))
            continue
        for entry in found:
            keys = {_key(key): value for key, value in entry.items()}
            blocks.append("\n".join([f"[[{name}]]", *map(_line, keys, keys.values()), ""]))
    return "\n".join(blocks)


def _line(key: str, value: Any) -> str:
    return f"{key} = {format_value(value)}"


def format_value(value: Any) -> str:
    """A value in TOML."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            # JSON escapes all that TOML refuses in a text, apart from DEL.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list() | tuple():
            return f"[{', '.join(map(format_value, value))}]"
        case dict():
            pairs = (f"{_key(key)} = {format_value(inner)}" for key, inner in value.items())
            return f"{{ {', '.join(pairs)} }}"
    raise TypeError(f"{type(value).__name__} has no spelling here")


def _key(text: str) -> str:
    return text if _BARE_KEY.fullmatch(text) else format_value(text)
