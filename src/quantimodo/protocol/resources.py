"""Resources (RFC 8707): which API a request and a token are for. Pure.

Grants, consents and tokens have one set of scopes. A scope of a registered API is in it by its full
name, `identifier#number:name`, where `number` is the id of the registration; `identifier#number:`
stands for the API itself. So the scopes of one API never open another one, a scope of ours has its
plain name, and nothing is left of a consent when an identifier is registered again. An identifier
has no fragment (RFC 8707 §2), so full names are unambiguous.

A resource that is built in has the number 0 and scopes of ours by their names, so that the rules
about health data apply to them (`scopes.own_name`). Its own full name is never used: it always has
a scope.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from quantimodo.model.clients import Client
from quantimodo.model.resources import BUILT_IN, Resource
from quantimodo.protocol import uris
from quantimodo.protocol.errors import InvalidScope, InvalidTarget
from quantimodo.protocol.scopes import KNOWN, Scope, narrow, parse_scope

IDENTITY: Final[Scope] = frozenset(
    {"openid", "profile", "email", "address", "phone", "offline_access"}
)
"""Scopes of the authorization server itself: they may be beside those of any API."""

MOST_REQUESTED: Final = 100
"""Scopes of one authorization request, with one more for each registered API itself."""


class Audience(NamedTuple):
    """One registered API, by its identifier and the id of the registration."""

    identifier: str
    id: int

    @property
    def built_in(self) -> bool:
        """Whether it is a part of this server."""
        return self.id == BUILT_IN

    @property
    def host(self) -> str:
        """The host, with its port if it has one, as people see it."""
        return urlsplit(self.identifier).netloc

    @property
    def full_name(self) -> str:
        """The prefix of its scopes in consents and tokens; the id distinguishes it from a later API
        with the same identifier."""
        return f"{self.identifier}#{self.id}:"


def audience(resource: Resource) -> Audience:
    """The resource as an audience of tokens."""
    return Audience(resource.identifier, resource.id)


def full_names(resource: Resource, names: Iterable[str]) -> Scope:
    """The full names of the API itself and of these scopes."""
    prefix = audience(resource).full_name
    scopes = frozenset(prefix + name for name in names)
    return scopes if resource.built_in else scopes | {prefix}


@lru_cache(maxsize=1024)
def split_by_resource(scope: Scope) -> tuple[Scope, Mapping[Audience, Scope]]:
    """Our own scopes, and the full names of each registered API."""
    own: set[str] = set()
    foreign: dict[Audience, set[str]] = {}
    for name in scope:
        identifier, mark, rest = name.partition("#")
        if mark:
            number = int(rest.partition(":")[0])
            foreign.setdefault(Audience(identifier, number), set()).add(name)
        else:
            own.add(name)
    return frozenset(own), {each: frozenset(names) for each, names in foreign.items()}


@lru_cache(maxsize=1024)
def audience_of(scope: Scope) -> Audience | None:
    """The registered API that an access token with this scope is for; None for ours."""
    return next(iter(split_by_resource(scope)[1]), None)


@lru_cache(maxsize=1024)
def plain_names(scope: Scope) -> Scope:
    """The scopes by the names that their APIs know."""
    return frozenset(map(plain_name, scope)) - {""}


def plain_name(name: str) -> str:
    """A scope by the name that its API knows; empty for the full name of an API itself."""
    _, mark, rest = name.partition("#")
    return rest.partition(":")[2] if mark else name


class RequestedResources(NamedTuple):
    """The APIs that an authorization request names. `own`: ours is one of them, as it is without
    the parameter. `number`: how many values the parameter has; more than there are here are
    unknown."""

    own: bool = True
    foreign: tuple[Resource, ...] = ()
    number: int = 0


NO_RESOURCES: Final = RequestedResources()
"""Of a request without the parameter `resource`."""


def check_syntax(identifiers: Iterable[str]) -> None:
    """RFC 8707 §2: an absolute URI without a fragment. Raises `InvalidTarget`."""
    for each in identifiers:
        if "#" in each:
            raise InvalidTarget("resource must not have a fragment", refusal="resource_malformed")
        try:
            uris.parse_uri(each)
        except uris.InvalidUri:
            raise InvalidTarget(
                "resource must be an absolute URI", refusal="resource_malformed"
            ) from None


def may_request(client: Client, resource: Resource) -> bool:
    """Whether this client may request tokens for this API. Before a review only applications of
    its owner may, whatever the list has."""
    if resource.clients and client.id not in resource.clients:
        return False
    same_owner = resource.owner_id is not None and resource.owner_id == client.owner_id
    return resource.reviewed or same_owner


def requested_scope(
    text: str | None, client: Client, identifiers: tuple[str, ...], requested: RequestedResources
) -> Scope:
    """The scopes of an authorization request that the client may have, by their full names.

    Raises `InvalidTarget` and `InvalidScope`.
    """
    check_syntax(identifiers)
    if len(set(identifiers)) != requested.number:
        raise InvalidTarget("a resource is not registered here", refusal="resource_unknown")
    if not all(may_request(client, each) for each in requested.foreign):
        raise InvalidTarget("the app may not request this resource", refusal="resource_not_allowed")
    if not requested.foreign:
        own = parse_scope(text or "basic") & client.scope
        if not own:
            raise InvalidScope(
                "the app is not registered for any of the requested scopes",
                refusal="scope_not_registered",
            )
        return own
    names = frozenset((text or "").split(" ")) - {""}
    own = names & (KNOWN if requested.own else IDENTITY)
    if not names:
        # RFC 6749 §3.3: the default is all that the consent page can show of these APIs.
        names = frozenset(each.name for api in requested.foreign for each in api.scopes)
        own = frozenset({"basic"}) if requested.own else frozenset()
    offered = [(each, names & {one.name for one in each.scopes}) for each in requested.foreign]
    if names.difference(own, *(scopes for _, scopes in offered)):
        raise InvalidScope(
            "a scope is not one of the requested resources",
            because="unknown scope",
            refusal="scope_unknown",
        )
    granted = [(each, _registered(client, each, scopes)) for each, scopes in offered]
    if any(each.built_in and not scopes for each, scopes in granted):
        raise InvalidScope(
            "the app is not registered for any scope of a requested resource",
            refusal="scope_not_registered",
        )
    scope = (own & client.scope).union(*(full_names(each, scopes) for each, scopes in granted))
    if len(scope) > MOST_REQUESTED:
        raise InvalidScope(
            f"the request has more than {MOST_REQUESTED} scopes", refusal="scope_too_long"
        )
    return scope


def _registered(client: Client, resource: Resource, names: Scope) -> Scope:
    """The scopes of an API without those of ours for which the client is not registered. A client
    that registered itself is not restricted: it names the scopes of its first request, and requests
    others when it needs them."""
    if not resource.built_in or client.registration_digest is not None:
        return names
    return names & client.scope


@dataclass(frozen=True, slots=True)
class Targets:
    """Which API an access token is for. `own` is the identifier of ours."""

    own: str

    def narrow(
        self, granted: Scope, identifiers: tuple[str, ...], requested: str | None = None
    ) -> Scope:
        """The part of a grant that one access token has: the scopes of one API, and of these
        those that the request names. Raises `InvalidTarget` and `InvalidScope`.

        RFC 8707 §2.2: a request at the token endpoint names one of the granted APIs. Without the
        parameter the token is for ours if the grant opens it, and otherwise for the only one.
        """
        own, foreign = split_by_resource(granted)
        if not identifiers and not foreign:
            return narrow(granted, requested)
        part = self._part(own, foreign, identifiers)
        if requested is None or part is own:
            return narrow(part, requested)
        names = frozenset(requested.split(" ")) - {""}
        narrowed = frozenset(scope for scope in part if plain_name(scope) in {*names, ""})
        # RFC 6749 §6: never more than what was granted. Identity scopes stay with the grant.
        if not names <= plain_names(part) | (own & IDENTITY):
            raise InvalidScope(
                "the requested scope exceeds what was granted", refusal="scope_exceeds_grant"
            )
        return narrowed

    def _part(
        self, own: Scope, foreign: Mapping[Audience, Scope], identifiers: tuple[str, ...]
    ) -> Scope:
        check_syntax(identifiers)
        named = set(identifiers)
        if len(named) > 1:
            raise InvalidTarget(
                "an access token is for one resource: send a request for each",
                refusal="resource_ambiguous",
            )
        if named == {self.own}:
            if not own:
                raise InvalidTarget("this resource was not granted", refusal="resource_not_granted")
            return own
        if named:
            parts = [part for audience, part in foreign.items() if audience.identifier in named]
        elif own - IDENTITY:
            return own
        else:
            parts = list(foreign.values())
        if not parts:
            raise InvalidTarget("this resource was not granted", refusal="resource_not_granted")
        if len(parts) > 1:
            raise InvalidTarget(
                "several resources were granted: name one of them by resource",
                refusal="resource_ambiguous",
            )
        return parts[0]
