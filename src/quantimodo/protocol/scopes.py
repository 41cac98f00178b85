"""Scopes (RFC 6749 §3.3; v2-api.md §5): which exist, what each opens, parsing and narrowing."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from quantimodo.model.consent_details import Action, Details, within
from quantimodo.model.texts import N_
from quantimodo.protocol.errors import InvalidScope

Scope = frozenset[str]


@dataclass(frozen=True, slots=True)
class ScopeText:
    """The description of a scope for the consent page."""

    title: str
    description: str


SCOPES: dict[str, ScopeText] = {
    "basic": ScopeText(
        N_("See who you are"), N_("Your name, your sign-in name and your e-mail address.")
    ),
    "readmeasurements": ScopeText(
        N_("Read your measurements"),
        N_("Everything that you have recorded: sleep, mood, steps and other variables."),
    ),
    "writemeasurements": ScopeText(
        N_("Add and change measurements"),
        N_("Record new measurements for you, and correct or delete."),
    ),
    "openid": ScopeText(
        N_("Recognise you"), N_("A number by which the app recognises you, and nothing else.")
    ),
    "profile": ScopeText(
        N_("See your profile"), N_("Your name and the other details on your profile.")
    ),
    "email": ScopeText(
        N_("See your e-mail address"), N_("Your address, once you have confirmed it.")
    ),
    "address": ScopeText(N_("See your postal address"), N_("The address on your profile, if any.")),
    "phone": ScopeText(N_("See your phone number"), N_("The number on your profile, if any.")),
    "offline_access": ScopeText(
        N_("Stay connected"), N_("Keep this access while you are away, until you take it back.")
    ),
}
KNOWN: Scope = frozenset(SCOPES)
DECLINABLE: tuple[str, ...] = tuple(sorted(KNOWN - {"openid"}))
"""What a person may decline if the application says so. Without `openid` a response would have no
ID token, which a client of OpenID Connect needs."""
SCOPE_OF_ACTION: Final[Mapping[Action, str]] = {
    "read": "readmeasurements",
    "write": "writemeasurements",
}
"""The scope that opens each action on health data."""
_ACTION_OF_SCOPE: Final[Mapping[str, Action]] = {
    name: action for action, name in SCOPE_OF_ACTION.items()
}
BUILT_IN_MARK: Final = "#0:"
"""In the full names of scopes of resources that are built in (`protocol/resources.py`)."""


def own_name(name: str) -> str:
    """The name at the measurements API of a scope of ours, also of one that is for another resource
    of this server. Full names of other APIs stay as they are."""
    return name.rpartition(BUILT_IN_MARK)[2]


def is_about_health(name: str) -> bool:
    """Whether the scope opens health data, at whichever resource of this server."""
    return own_name(name) in _ACTION_OF_SCOPE


@lru_cache(maxsize=1024)
def health_actions(scope: Scope) -> frozenset[Action]:
    """The actions on health data that the scope opens."""
    names = map(own_name, scope)
    return frozenset(_ACTION_OF_SCOPE[name] for name in names if name in _ACTION_OF_SCOPE)


def effective(scope: Scope, details: Details) -> tuple[Scope, Details]:
    """The scope and the details, each without what the other one does not open. The details are
    None where they do not restrict the scope."""
    if details is None:
        return scope, None
    unused = frozenset(
        name
        for name in filter(is_about_health, scope)
        if _ACTION_OF_SCOPE[own_name(name)] not in details.actions
    )
    opened = scope - unused
    return opened, within(details, health_actions(opened))


def parse_scope(text: str) -> Scope:
    """The scopes of a parameter. Raises `InvalidScope` for one that does not exist."""
    # RFC 6749 §3.3: separated by single spaces; several in a row are accepted.
    requested = frozenset(text.split(" ")) - {""}
    if not requested <= KNOWN:
        raise InvalidScope(
            "a requested scope does not exist here",
            because="unknown scope",
            refusal="scope_unknown",
        )
    return requested


def narrow(granted: Scope, requested: str | None) -> Scope:
    """The part of `granted` that a later request may have (RFC 6749 §6), never more."""
    if requested is None:
        return granted
    requested_scope = parse_scope(requested)
    if not requested_scope or not requested_scope <= granted:
        raise InvalidScope(
            "the requested scope exceeds what was granted", refusal="scope_exceeds_grant"
        )
    return requested_scope


@lru_cache(maxsize=1024)
def format_scope(scope: Scope) -> str:
    """The scopes as a parameter, in a stable order."""
    return " ".join(sorted(scope))
