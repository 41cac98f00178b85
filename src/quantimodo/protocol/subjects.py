"""Subject identifiers (OpenID Connect Core §8): which applications get the same `sub`."""

from urllib.parse import urlsplit

from quantimodo.model.clients import Client


def is_pairwise(client: Client) -> bool:
    """Whether the client gets pairwise subjects (OpenID Connect Core §8.1)."""
    return client.metadata.subject_type == "pairwise"


def sector(client: Client) -> str:
    """The host that its redirect URIs share, or that of its sector document (OpenID Connect Core
    §8.1)."""
    uri = client.metadata.sector_identifier_uri
    if not uri:
        uri = client.redirect_uris[0] if client.redirect_uris else ""
    # An application without any host (a private-use scheme only) has a separate sector.
    return urlsplit(uri).hostname or f"client:{client.id}"
