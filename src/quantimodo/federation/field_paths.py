"""Paths to one value in a JSON document, as settings have them: `data[0].id`. Pure.

A path is a singular query of JSONPath in its short form, with or without `$` at
its beginning: names, separated by dots, and array indices in brackets. It never selects several
values.
"""

import re
from typing import Any, Final

Path = tuple[str | int, ...]

_STEP: Final = re.compile(r"\.([A-Za-z0-9_:@/-]{1,80})|\[([0-9]{1,3})\]", re.ASCII)
_MOST_STEPS: Final = 10


def parse_path(text: str) -> Path:
    """The steps of a path. Raises `ValueError`."""
    rest = text.removeprefix("$")
    if not rest.startswith((".", "[")):
        rest = f".{rest}"
    steps: list[str | int] = []
    while rest:
        match = _STEP.match(rest)
        if match is None or len(steps) == _MOST_STEPS:
            raise ValueError("not a path")
        name, index = match.groups()
        steps.append(int(index) if name is None else name)
        rest = rest[match.end() :]
    return tuple(steps)


def value_at(document: Any, path: Path) -> Any:
    """The value at the path; None if there is none."""
    found = document
    for step in path:
        if isinstance(step, str):
            found = found.get(step) if isinstance(found, dict) else None
        else:
            found = found[step] if isinstance(found, list) and step < len(found) else None
    return found
