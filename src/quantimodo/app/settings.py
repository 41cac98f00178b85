"""Reading the settings: defaults, then a TOML file, then the environment, which wins.

Owns the spelling of values, and reports all faults together, never echoing a value
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

from quantimodo.accounts.limits import Limit
from quantimodo.app.quantities import (
    parse_duration,
    parse_limit,
    spell_duration,
    spell_limit,
)
from quantimodo.app.settings_providers import ProviderSettings
from quantimodo.app.settings_rules import decide
from quantimodo.app.settings_tree import (
    PREFIX,
    Leaf,
    Settings,
    leaf_of,
    leaves,
    provider_leaves,
    provider_of,
)

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
    path = environ.get(CONFIG, "")
    given = {item.leaf.name: item for item in _from_file(path, faults)}
    given |= {item.leaf.name: item for item in _from_environment(environ, faults)}
    values = {name: _value(item, faults) for name, item in given.items()}
    settings = _built({name: value for name, value in values.items() if value is not None})
    settings = decide(settings, lambda name, text: faults.append(f"{_label(name, given)} {text}"))
    if faults:
        raise BadSettings(faults)
    return Loaded(
        settings, {name: "environment" if item.text else path for name, item in given.items()}
    )


def _label(name: str, given: Mapping[str, _Given]) -> str:
    if name in given:
        return given[name].label
    leaf = leaf_of(name)
    return name if leaf is None else f"{name} ({leaf.variable})"


def _from_environment(environ: Mapping[str, str], faults: list[str]) -> Iterator[_Given]:
    for variable, text in sorted(environ.items()):
        if not variable.startswith(PREFIX) or variable == CONFIG:
            continue
        name = variable.removeprefix(PREFIX).replace("__", ".").lower()
        leaf = leaf_of(name)
        if leaf is None or leaf.variable != variable:
            variables = [each.variable for each in _similar(name)]
            faults.append(f"{variable} is not a setting{_suggestion(variable, variables)}")
        elif text:  # set but empty is how compose files say: not set
            yield _Given(leaf, text, text=True)


def _from_file(path: str, faults: list[str]) -> Iterator[_Given]:
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
        yield from _from_table(document, "", faults)


def _from_table(table: Mapping[str, Any], prefix: str, faults: list[str]) -> Iterator[_Given]:
    for key, value in table.items():
        name = prefix + key
        leaf = leaf_of(name)
        if leaf is not None:
            yield _Given(leaf, value, text=False)
        elif not _is_table(name):
            names = [each.name for each in _similar(name)]
            faults.append(f"{name} is not a setting{_suggestion(name, names)}")
        elif not isinstance(value, dict):
            faults.append(f"{name} must be a table: [{name}]")
        else:
            if provider_of(name) is not None:
                # An empty table is a provider as well, one that lacks everything.
                yield _Given(provider_leaves(key)[0], "", text=False)
            yield from _from_table(value, f"{name}.", faults)


def _is_table(name: str) -> bool:
    if name == "providers" or provider_of(name) is not None:
        return True
    return any(leaf.name.startswith(f"{name}.") for leaf in leaves())


def _similar(name: str) -> list[Leaf]:
    """The settings with a name similar to `name`."""
    provider = provider_of(name.rpartition(".")[0])
    return [*leaves(), *(() if provider is None else provider_leaves(provider))]


def _suggestion(name: str, known: list[str]) -> str:
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
    return "a text" if kind is str else " or ".join(filter(None, get_args(kind)))


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
        provider = provider_of(section)
        if provider is not None:
            one = settings.providers.get(provider) or ProviderSettings()
            changed = {provider: replace(one, **{field: value})}
            settings = replace(settings, providers={**settings.providers, **changed})
        elif section:
            inner = replace(getattr(settings, section), **{field: value})
            settings = replace(settings, **{section: inner})
        else:
            settings = replace(settings, **{field: value})
    return settings
