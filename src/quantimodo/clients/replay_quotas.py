"""The quota in which a replay record of an application or a person counts.

A replay record names a client assertion or a DPoP proof, which is accepted once.
`storage/tables/quotas.py` counts the records.
"""

from quantimodo.model.budgets import Signer
from quantimodo.model.clients import Client


def signer_at(network: bytes) -> Signer:
    """The quota of a public client, which proves nothing: its requests count by address. `network`
    is the digest of a `Charge`."""
    name = f"network {network.hex()}"
    return Signer("other client", name, name)


def signer_of_person(user_id: int) -> Signer:
    """All personal tokens of one person."""
    name = f"person {user_id}"
    return Signer("other client", name, name)


def signer_of(client: Client) -> Signer:
    """An application that the operator registered shares no quota with those of other people. Each
    of these has an owner: the person, or the network from which it registered itself."""
    if client.owner_id is not None:
        return Signer("other client", client.id, f"person {client.owner_id}")
    if client.document_host:
        return Signer("other client", client.id, f"host {client.document_host}")
    if client.registration_digest is None:
        return Signer("operator's client", client.id)
    network = client.registered_from
    owner = f"client {client.id}" if network is None else f"network {network.hex()}"
    return Signer("other client", client.id, owner)
