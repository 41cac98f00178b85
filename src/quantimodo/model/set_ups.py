"""What `quantimodo apply` writes: clients and resources, new or changed."""

from dataclasses import dataclass

from quantimodo.model.clients import Client
from quantimodo.model.resources import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpChanges:
    """The rows of one application of a file. Changed ones have the revision that was read."""

    new_clients: tuple[Client, ...] = ()
    changed_clients: tuple[Client, ...] = ()
    new_resources: tuple[Resource, ...] = ()
    changed_resources: tuple[Resource, ...] = ()
