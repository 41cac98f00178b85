"""What `quantimodo apply` writes: administrators, clients, resources and settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from quantimodo.model.clients import Client
from quantimodo.model.resources import Resource
from quantimodo.model.stored_settings import StoredSettings
from quantimodo.model.users import NewUser, User


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpChanges:
    """The rows of one application of a file. Changed ones have the revision that was read.

    A client or resource whose owner is one of the new people has the number of that person as its
    `owner_id`: -1 for the first, -2 for the second. `settings` replace all that are stored; None
    leaves them as they are.
    """

    promoted: tuple[int, ...] = ()
    demoted: tuple[int, ...] = ()
    new_people: tuple[NewUser, ...] = ()
    new_clients: tuple[Client, ...] = ()
    changed_clients: tuple[Client, ...] = ()
    new_resources: tuple[Resource, ...] = ()
    changed_resources: tuple[Resource, ...] = ()
    settings: StoredSettings | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One entry of a file before and after; `before` is None for a new one, `after` empty for one
    that is removed."""

    what: str
    name: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]


@dataclass(slots=True)
class RoleChanges:
    """Who becomes an administrator, with an account or without one yet, and who is none any
    more."""

    faults: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    promoted: list[User] = field(default_factory=list)
    demoted: list[User] = field(default_factory=list)
    new_people: list[NewUser] = field(default_factory=list)
