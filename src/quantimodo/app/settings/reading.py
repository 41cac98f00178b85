"""Reads the settings: defaults, overridden by set-up files, which are stored in the database, by a
TOML file, and by the environment.

Owns the spelling of values, and reports all faults together, never echoing a value (it may be a
secret in the wrong place). `settings/tree.py` defines the settings, and `settings/rules.py` the
rules between them.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from quantimodo.app.settings.policies import may_be_stored
from quantimodo.app.settings.providers import ProviderSettings
from quantimodo.app.settings.rules import decide
from quantimodo.app.settings.tree import (
    PREFIX,
    Leaf,
    Settings,
    leaf_of,
    leaves,
    provider_leaves,
    provider_of,
)
from quantimodo.app.settings.values import checked_value, format_value

__all__ = [
    "CONFIG",
    "NOTHING_APPLIED",
    "SET_UP_FILE",
    "AppliedSettings",
    "BadSettings",
    "Loaded",
    "Settings",
    "format_value",
    "load",
    "load_machine",
    "load_settings",
]

CONFIG = PREFIX + "CONFIG"
SET_UP_FILE: Final = "set-up file"
_ENVIRONMENT: Final = "environment"


class BadSettings(Exception):
    """The settings cannot be used. `faults` has a line for each, naming the setting."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedSettings:
    """Values of set-up files by the names of their settings. `revision` counts their changes."""

    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    revision: int = 0


NOTHING_APPLIED: Final = AppliedSettings()


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and where each that is not the default came from."""

    settings: Settings
    origins: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Given:
    """One value as it was found, and its source. `text`: from the environment, where all values are
    texts. `implied`: a table of a provider gives it without naming it, so that it overrides
    nothing."""

    leaf: Leaf
    value: Any
    origin: str
    text: bool = False
    implied: bool = False

    @property
    def label(self) -> str:
        if self.origin == SET_UP_FILE:
            return f"{self.leaf.name} ({SET_UP_FILE})"
        return self.leaf.variable if self.text else self.leaf.name


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of file and environment alone. Raises `BadSettings`."""
    return load(os.environ if environ is None else environ).settings


def load(environ: Mapping[str, str], applied: AppliedSettings = NOTHING_APPLIED) -> Loaded:
    """The settings and their origins. `applied` are those that are stored in the database.
    Raises `BadSettings`."""
    loaded, faults = _load(environ, applied)
    if faults:
        raise BadSettings([text for _, text in faults])
    return loaded


def load_machine(environ: Mapping[str, str]) -> Settings:
    """The settings of file and environment, for code that needs only the database, the keys and the
    addresses. Faults that a set-up file may correct are ignored. Raises `BadSettings`."""
    loaded, faults = _load(environ, NOTHING_APPLIED)
    if any(not may_be_stored(name) for name, _ in faults):
        raise BadSettings([text for _, text in faults])
    return loaded.settings


def _load(
    environ: Mapping[str, str], applied: AppliedSettings
) -> tuple[Loaded, list[tuple[str, str]]]:
    """The settings as far as they can be used, and the faults, each with its setting, or ""."""
    faults: list[str] = []
    path = environ.get(CONFIG, "")
    given = {item.leaf.name: item for item in _from_set_ups(applied, faults)}
    for item in _from_file(path, faults):
        if not (item.implied and item.leaf.name in given):
            given[item.leaf.name] = item
    given |= {item.leaf.name: item for item in _from_environment(environ, faults)}
    values = {name: _value(item, faults) for name, item in given.items()}
    settings = _built({name: value for name, value in values.items() if value is not None})
    of_rules: list[tuple[str, str]] = []
    settings = decide(
        settings, lambda name, text: of_rules.append((name, f"{_label(name, given)} {text}"))
    )
    origins = {name: item.origin for name, item in given.items()}
    loaded = Loaded(replace(settings, set_up_revision=applied.revision), origins)
    return loaded, [*(("", text) for text in faults), *of_rules]


def _label(name: str, given: Mapping[str, _Given]) -> str:
    if name in given:
        return given[name].label
    leaf = leaf_of(name)
    return name if leaf is None else f"{name} ({leaf.variable})"


def _from_set_ups(applied: AppliedSettings, faults: list[str]) -> Iterator[_Given]:
    for name, value in applied.values.items():
        leaf = leaf_of(name)
        if leaf is None or not may_be_stored(name):
            faults.append(f"{name} ({SET_UP_FILE}) is not a setting of this version")
        else:
            yield _Given(leaf, value, SET_UP_FILE)


def _from_environment(environ: Mapping[str, str], faults: list[str]) -> Iterator[_Given]:
    for variable, text in sorted(environ.items()):
        if not variable.startswith(PREFIX) or variable == CONFIG:
            continue
        name = variable.removeprefix(PREFIX).replace("__", ".").lower()
        leaf = leaf_of(name)
        if leaf is None or leaf.variable != variable:
            variables = [each.variable for each in _similar(name)]
            faults.append(f"{variable} is not a setting{_suggestion(variable, variables)}")
        elif text:  # compose files set an empty variable for one that is not set
            yield _Given(leaf, text, _ENVIRONMENT, text=True)


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
    except RecursionError:
        faults.append(f"{CONFIG} names a file that is not TOML: it is nested too deeply")
    else:
        yield from _from_table(document, "", path, faults)


def _from_table(
    table: Mapping[str, Any], prefix: str, path: str, faults: list[str]
) -> Iterator[_Given]:
    for key, value in table.items():
        name = prefix + key
        leaf = leaf_of(name)
        if leaf is not None:
            yield _Given(leaf, value, path)
        elif not _is_table(name):
            names = [each.name for each in _similar(name)]
            faults.append(f"{name} is not a setting{_suggestion(name, names)}")
        elif not isinstance(value, dict):
            faults.append(f"{name} must be a table: [{name}]")
        else:
            if provider_of(name) is not None:
                # An empty table is also a provider, without any setting.
                yield _Given(provider_leaves(key)[0], "", path, implied=True)
            yield from _from_table(value, f"{name}.", path, faults)


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
    try:
        return checked_value(given.leaf, given.value, text=given.text)
    except ValueError as fault:
        faults.append(f"{given.label} {fault}")
        return None


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
