"""Spells a JSON document as YAML 1.2, for people to read.

Every scalar is spelled as JSON spells it, which YAML reads as the same value, but for characters
that YAML does not print. Keys that are plain words are not quoted.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_UNPRINTABLE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
# YAML 1.1 reads these words as no strings.
_RESERVED: Final = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def yaml_text(value: Any) -> str:
    """The document as YAML, with a line break at its end."""
    return "\n".join(_lines(value, "")) + "\n"


def _lines(value: Any, margin: str) -> Iterator[str]:
    """The lines of a value that begins a line."""
    if isinstance(value, dict) and value:
        for name, each in value.items():
            yield from _entry(f"{margin}{_key(name)}:", each, margin)
    elif isinstance(value, list) and value:
        for each in value:
            yield from _entry(f"{margin}-", each, margin)
    else:
        yield margin + _scalar(value)


def _entry(head: str, value: Any, margin: str) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield head
        yield from _lines(value, margin + "  ")
    else:
        yield f"{head} {_scalar(value)}"


def _key(name: str) -> str:
    plain = _WORD.fullmatch(name) and name.lower() not in _RESERVED
    return name if plain else _scalar(name)


def _scalar(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
