"""Providers and policies of a set-up file: reading them, and what they change of what is stored.

The entry of a provider replaces all of its settings, but its secret stays if the entry has none. A
policy that is not in the file stays as it is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from quantimodo.app.settings.policies import is_policy
from quantimodo.app.settings.reading import SET_UP_FILE, Loaded
from quantimodo.app.settings.stored import Applied
from quantimodo.app.settings.tree import Leaf, leaf_of, provider_leaves, provider_of
from quantimodo.app.settings.values import as_toml, checked_value
from quantimodo.model.set_ups import Difference

REMOVED: Final = "removed"
_SECRET: Final = "client_secret"

Resolve = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingEntries:
    """What a file says. `secrets` are those of providers, whose references were resolved."""

    policies: Mapping[str, Any] = field(default_factory=dict)
    removed_policies: Sequence[str] = ()
    providers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    removed_providers: Sequence[str] = ()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> Iterator[str]:
        """The settings that the file has."""
        yield from self.policies
        for name, fields in self.providers.items():
            secret = (_SECRET,) if name in self.secrets else ()
            yield from (f"providers.{name}.{each}" for each in (*fields, *secret))


def parse_entries(
    document: Mapping[str, Any], resolve: Resolve, faults: list[str]
) -> SettingEntries:
    """The tables `providers` and `policies` of a file. `resolve` returns the secret of a reference,
    or raises `LookupError` with the reason. Adds a line for each fault, without values."""
    policies, removed_policies = _policies(document.get("policies", {}), faults)
    providers: dict[str, Mapping[str, Any]] = {}
    removed, secrets = [], {}
    tables = document.get("providers", {})
    if not _is_table_of_tables(tables):
        faults.append("providers must be tables: [providers.NAME]")
        tables = {}
    for name, table in tables.items():
        if provider_of(f"providers.{name}") is None:
            faults.append("providers: a name has lower-case letters, digits, _ and -")
        elif REMOVED in table:
            if table != {REMOVED: True}:
                faults.append(f"providers.{name}.{REMOVED} must be true, and alone")
            removed.append(name)
        elif not table:
            faults.append(f"providers.{name} has no fields")
        else:
            providers[name] = _provider(name, table, faults)
            if _SECRET in table:
                secrets[name] = _resolved(f"providers.{name}", table[_SECRET], resolve, faults)
    return SettingEntries(
        policies=policies,
        removed_policies=removed_policies,
        providers=providers,
        removed_providers=removed,
        secrets=secrets,
    )


def _is_table_of_tables(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(each, dict) for each in value.values())


def _policies(table: Any, faults: list[str]) -> tuple[dict[str, Any], list[str]]:
    if not isinstance(table, dict):
        faults.append("policies must be a table: [policies]")
        return {}, []
    removed = table.get(REMOVED, [])
    if not isinstance(removed, list) or not all(isinstance(each, str) for each in removed):
        faults.append(f"policies.{REMOVED} must be an array of names of settings")
        removed = []
    policies: dict[str, Any] = {}
    rest = {name: value for name, value in table.items() if name != REMOVED}
    for name, value in _flat(rest, ""):
        leaf = leaf_of(name)
        if is_policy(name) and leaf is not None:
            _take(policies, name, leaf, value, f"policies.{name}", faults)
        elif leaf is None:
            faults.append(f"policies.{name} is not a setting")
        else:
            faults.append(
                f"policies.{name} is no policy: write it into the file that QUANTIMODO_CONFIG names"
            )
        if name in removed:
            faults.append(f"policies.{name} is set and removed")
    return policies, removed


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _provider(name: str, table: Mapping[str, Any], faults: list[str]) -> dict[str, Any]:
    leaves = {leaf.name.rpartition(".")[2]: leaf for leaf in provider_leaves(name)}
    fields: dict[str, Any] = {}
    for key, value in table.items():
        if key not in leaves:
            faults.append(f"providers.{name}.{key} is no field of a provider")
        elif key != _SECRET:
            _take(fields, key, leaves[key], value, f"providers.{name}.{key}", faults)
    return fields


def _take(
    fields: dict[str, Any], key: str, leaf: Leaf, value: Any, place: str, faults: list[str]
) -> None:
    try:
        fields[key] = as_toml(checked_value(leaf, value))
    except ValueError as fault:
        faults.append(f"{place} {fault}")


def _resolved(place: str, reference: Any, resolve: Resolve, faults: list[str]) -> str:
    try:
        secret = resolve(reference if isinstance(reference, str) else "")
        if not secret:
            raise LookupError("the secret is empty")
    except LookupError as fault:
        faults.append(f"{place}.{_SECRET}: {fault.args[0]}")
        return ""
    return secret


def unknown_removals(before: Applied, entries: SettingEntries) -> list[str]:
    """A line for each policy to remove that is neither stored nor a policy."""
    return [
        f"policies.{REMOVED}, number {number}: this is no policy"
        for number, name in enumerate(entries.removed_policies, 1)
        if name not in before.policies and not (is_policy(name) and leaf_of(name))
    ]


def lost_secrets(after: Applied) -> list[str]:
    """A line for each secret that cannot be kept, because no key decrypts it."""
    return [
        f"providers.{name}.{_SECRET}: the stored one cannot be decrypted: name it again"
        for name in sorted(after.lost)
    ]


def changed(before: Applied, entries: SettingEntries) -> Applied:
    """The stored settings after the file is applied."""
    policies = {**before.policies, **entries.policies}
    providers = {**before.providers, **entries.providers}
    secrets = {**before.secrets, **entries.secrets}
    for name in entries.removed_policies:
        policies.pop(name, None)
    for name in entries.removed_providers:
        providers.pop(name, None)
        secrets.pop(name, None)
    lost = before.lost - {*entries.secrets, *entries.removed_providers}
    return replace(before, policies=policies, providers=providers, secrets=secrets, lost=lost)


def differences(before: Applied, after: Applied) -> list[Difference]:
    """The differences, entry by entry, without secrets."""
    result = []
    for name in dict.fromkeys((*before.providers, *after.providers)):
        old, new = before.providers.get(name), dict(after.providers.get(name, {}))
        if before.secrets.get(name) != after.secrets.get(name) and name in after.providers:
            new[_SECRET] = "another one"
        if old != (new if name in after.providers else None):
            result.append(Difference("provider", name, old, new))
    for name in dict.fromkeys((*before.policies, *after.policies)):
        then, now = _value_of(before, name), _value_of(after, name)
        if then != now:
            result.append(Difference("policy", name, then, now or {}))
    return result


def _value_of(applied: Applied, name: str) -> dict[str, Any] | None:
    return {"value": applied.policies[name]} if name in applied.policies else None


def overridden(entries: SettingEntries, loaded: Loaded) -> Iterator[str]:
    """A line for each value of the file that another source overrides, without values."""
    for name in entries.names:
        origin = loaded.origins.get(name, SET_UP_FILE)
        if origin != SET_UP_FILE:
            yield f"{name} is overridden: it is set in {_place(origin, name)}"
    for name in entries.removed_policies:
        if name in loaded.origins:
            yield f"{name} is still set in {_place(loaded.origins[name], name)}"
    for name in entries.removed_providers:
        if name in loaded.settings.providers:
            yield f"providers.{name} is still in the settings file or the environment"


def _place(origin: str, name: str) -> str:
    leaf = leaf_of(name)
    if origin == "environment" and leaf is not None:
        return f"the environment ({leaf.variable})"
    return origin


def exported(applied: Applied) -> dict[str, dict[str, Any]]:
    """The tables of a file that stores the same, without secrets. A provider of which nothing else
    is stored is left out, because a table without fields is refused."""
    stored = applied.providers.items()
    tables = {f"providers.{name}": dict(fields) for name, fields in stored if fields}
    return {**tables, "policies": dict(applied.policies)} if applied.policies else tables
