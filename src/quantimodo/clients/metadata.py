"""Metadata of applications: whether it is accepted, and a client with other metadata."""

from collections.abc import Sequence
from dataclasses import fields, replace

from quantimodo.clients.errors import InvalidMetadata
from quantimodo.model.clients import Client
from quantimodo.protocol.registration import Fault, Registration, faults


def check_metadata(requested: Registration, refused: Sequence[Fault] = ()) -> None:
    """Raises `InvalidMetadata` if there are refused fields, or other faults of the registration."""
    if all_faults := (*refused, *faults(requested)):
        raise InvalidMetadata(all_faults[0].field, all_faults[0].message, all_faults)


def with_metadata(client: Client, requested: Registration) -> Client:
    """The client as it is requested."""
    values = {field.name: getattr(requested, field.name) for field in fields(Registration)}
    return replace(client, **values)
