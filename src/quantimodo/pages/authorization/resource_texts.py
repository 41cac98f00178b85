"""Registered APIs and their scopes as texts for people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from quantimodo.i18n.translation import translated
from quantimodo.model.measurements import Access
from quantimodo.model.resources import Resource
from quantimodo.model.texts import N_
from quantimodo.ports.resource_store import ResourceStore
from quantimodo.protocol.resources import audience, plain_name, split_by_resource
from quantimodo.protocol.scopes import SCOPES, Scope, ScopeText, own_name


@dataclass(frozen=True, slots=True)
class ApiLines:
    """A requested API: `host` is the place of it, and `scopes` are those that are requested."""

    name: str
    host: str
    reviewed: bool
    scopes: Sequence[tuple[str, ScopeText]]


def api_lines(resource: Resource, scope: Scope) -> ApiLines:
    """The API with those of its scopes that are in `scope`."""
    return ApiLines(
        resource.name,
        audience(resource).host,
        resource.reviewed,
        [(name, text) for name, text in _texts(resource).items() if name in scope],
    )


def own_scopes(scope: Scope) -> list[tuple[str, ScopeText]]:
    """The scopes of this server, at whichever of its resources, with their texts."""
    found = [
        (name, each, text)
        for each in sorted(scope)
        for name, text in SCOPES.items()
        if own_name(each) == name
    ]
    order = list(SCOPES)
    return [(each, text) for name, each, text in sorted(found, key=lambda one: order.index(one[0]))]


async def scope_texts(store: ResourceStore, scope: Iterable[str]) -> Mapping[str, ScopeText]:
    """The texts of all scopes of this server, and of those in `scope` that belong to registered
    APIs. Scopes of a removed API have their names as texts. Without scopes of registered APIs,
    nothing is read."""
    texts = {**SCOPES, **dict(own_scopes(frozenset(scope)))}
    for named, names in split_by_resource(frozenset(scope))[1].items():
        if named.built_in:
            continue
        resource = await store.resource(named.identifier)
        known: Mapping[str, ScopeText] = {}
        if resource is not None and resource.id == named.id:
            title = N_("Use %(name)s", name=resource.name)
            known = {audience(resource).full_name: ScopeText(title, ""), **_texts(resource)}
        for name in sorted(names):
            gone = ScopeText(
                plain_name(name) or N_("Use an API that is not registered any more"), ""
            )
            text = known.get(name, gone)
            texts[name] = ScopeText(f"{translated(text.title)} ({named.host})", text.description)
    return texts


async def api_names(store: ResourceStore, exchanges: Iterable[Access]) -> Mapping[str, str]:
    """The names of the APIs of these token exchanges, by their identifiers: the identifier itself
    for a removed API."""
    found = {}
    for identifier in {each.variable for each in exchanges}:
        resource = await store.resource(identifier)
        found[identifier] = identifier if resource is None else resource.name
    return found


def _texts(resource: Resource) -> dict[str, ScopeText]:
    prefix = audience(resource).full_name
    return {prefix + each.name: ScopeText(each.title, each.description) for each in resource.scopes}
