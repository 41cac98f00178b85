"""Reading the settings: defaults, then a TOML file, then the environment, which wins.

Owns how values are spelled and that every fault is told, all together, never echoing a value
(it may be a secret in the wrong place). What can be set: `settings_tree.py`; what the values mean
to each other: `settings_rules.py`.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

import msgspec

from quantimodo.app.quantities import (
    parse_duration,
    parse_limit,
    spell_duration,
    spell_limit,
)
from quantimodo.app.settings_rules import decide
from quantimodo.app.settings_tree import PREFIX, Leaf, Settings, leaves
from quantimodo.identity.throttle import Limit

__all__ = ["CONFIG", "BadSettings", "Loaded", "Settings", "load", "load_settings", "spell"]

CONFIG = PREFIX + "CONFIG"


class BadSettings(Exception):
    """The settings cannot be used. `faults` has a line for each, naming the setting."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and where each that is not the default came from."""

    settings: Settings
    origins: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Given:
    """One value as it was found. `text`: from the environment, where everything is text."""

    leaf: Leaf
    value: Any
    text: bool

    @property
    def label(self) -> str:
        return self.leaf.variable if self.text else self.leaf.name


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process. Raises `BadSettings`."""
    return load(os.environ if environ is None else environ).settings


def load(environ: Mapping[str, str]) -> Loaded:
    """The settings and their origins. Raises `BadSettings`."""
    faults: list[str] = []
    known = {leaf.name: leaf for leaf in leaves()}
    path = environ.get(CONFIG, "")
    given = {item.leaf.name: item for item in _from_file(path, known, faults)}
    given |= {item.leaf.name: item for item in _from_environment(environ, known, faults)}
    values = {name: _value(item, faults) for name, item in given.items()}
    settings = _built({name: value for name, value in values.items() if value is not None})
    labels = {leaf.name: f"{leaf.name} ({leaf.variable})" for leaf in known.values()}
    labels |= {item.leaf.name: item.label for item in given.values()}
    settings = decide(settings, lambda name, text: faults.append(f"{labels[name]} {text}"))
    if faults:
        raise BadSettings(faults)
    return Loaded(
        settings, {name: "environment" if item.text else path for name, item in given.items()}
    )


def _from_environment(
    environ: Mapping[str, str], known: Mapping[str, Leaf], faults: list[str]
) -> Iterator[_Given]:
    variables = {leaf.variable: leaf for leaf in known.values()}
    for variable, text in sorted(environ.items()):
        if not variable.startswith(PREFIX) or variable == CONFIG:
            continue
        if variable not in variables:
            faults.append(f"{variable} is not a setting{_suggestion(variable, variables)}")
        elif text:  # set but empty is how compose files say: not set
            yield _Given(variables[variable], text, text=True)


def _from_file(path: str, known: Mapping[str, Leaf], faults: list[str]) -> Iterator[_Given]:
    if not path:
        return
    try:
        document = tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as fault:
        faults.append(f"{CONFIG} names a file that cannot be read: {fault.strerror}")
    except UnicodeDecodeError:
        faults.append(f"{CONFIG} names a file that is not UTF-8 text")
    except tomllib.TOMLDecodeError as fault:
        faults.append(f"{CONFIG} names a file that is not TOML: {fault}")
    else:
        yield from _from_table(document, "", known, faults)


def _from_table(
    table: Mapping[str, Any], prefix: str, known: Mapping[str, Leaf], faults: list[str]
) -> Iterator[_Given]:
    for key, value in table.items():
        name = prefix + key
        if name in known:
            yield _Given(known[name], value, text=False)
        elif any(other.startswith(f"{name}.") for other in known):
            if isinstance(value, dict):
                yield from _from_table(value, f"{name}.", known, faults)
            else:
                faults.append(f"{name} must be a table: [{name}]")
        else:
            faults.append(f"{name} is not a setting{_suggestion(name, known)}")


def _suggestion(name: str, known: Mapping[str, object]) -> str:
    close = get_close_matches(name, known, n=1)
    return f": did you mean {close[0]}?" if close else ""


def _value(given: _Given, faults: list[str]) -> Any:
    """The value in its own type; None, with a fault added, when it is not one."""
    leaf = given.leaf
    try:
        value = _convert(given)
    except ValueError:
        faults.append(f"{given.label} must be {_expected(leaf.kind)}")
        return None
    too_little = leaf.least is not None and value < leaf.least
    if too_little or (leaf.most is not None and value > leaf.most):
        faults.append(f"{given.label} must be {_bounds(leaf)}")
        return None
    return value


def _convert(given: _Given) -> Any:
    value, kind = given.value, given.leaf.kind
    if kind in (timedelta, Limit):
        if not isinstance(value, str):
            raise ValueError
        return parse_duration(value) if kind is timedelta else parse_limit(value)
    if given.text and kind == tuple[str, ...]:
        value = [item.strip() for item in value.split(",") if item.strip()]
    if given.text and kind == bool | None:
        kind = bool
    return msgspec.convert(value, kind, strict=not given.text)


def _expected(kind: Any) -> str:
    if kind in (bool, bool | None):
        return "true or false"
    if kind is int:
        return "a whole number"
    if kind is timedelta:
        return "a duration such as 10s, 15m, 1h or 30d"
    if kind is Limit:
        return "a limit such as 10 per 15m"
    if kind == tuple[str, ...]:
        return "a list of texts"
    return "a text" if kind is str else " or ".join(get_args(kind))


def _bounds(leaf: Leaf) -> str:
    if leaf.most is None:
        return f"at least {spell(leaf.least)}"
    return f"from {spell(leaf.least)} to {spell(leaf.most)}"


def spell(value: Any) -> str:
    """A value as it is written in the environment."""
    match value:
        case timedelta():
            return spell_duration(value)
        case Limit():
            return spell_limit(value)
        case bool():
            return "true" if value else "false"
        case tuple():
            return ",".join(value)
    return "" if value is None else str(value)


def _built(values: Mapping[str, Any]) -> Settings:
    settings = Settings()
    for name, value in values.items():
        section, _, field = name.rpartition(".")
        if section:
            inner = replace(getattr(settings, section), **{field: value})
            settings = replace(settings, **{section: inner})
        else:
            settings = replace(settings, **{field: value})
    return settings
