"""Client id metadata documents: clients whose id is the address of their metadata. Pure.

The draft is Client ID Metadata Document, revision 03. `clients/metadata_documents.py` fetches
and stores the documents.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from quantimodo.model.clients import Client
from quantimodo.model.keys import PRIVATE_MEMBERS
from quantimodo.protocol import uris
from quantimodo.protocol.key_strength import weak_keys
from quantimodo.protocol.registration import Registration
from quantimodo.protocol.registration_json import parse_registration
from quantimodo.protocol.scopes import KNOWN

LARGEST: Final = 5_120  # bytes, Client ID Metadata Document §9.7
_METHOD: Final = "token_endpoint_auth_method"
_METHODS: Final = "token_endpoint_auth_methods_supported"
_BY_KEY: Final = "private_key_jwt"
_SHARED: Final = frozenset({"client_secret_basic", "client_secret_post", "client_secret_jwt"})
_GRANT_TYPES: Final = frozenset({"authorization_code", "refresh_token"})
_SECRETS: Final = ("client_secret", "client_secret_expires_at")
_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?([0-9]{1,9})", re.IGNORECASE)
_NOT_STORED: Final = re.compile(r"(?:^|[\s,])(?:no-store|no-cache)\b", re.IGNORECASE)
_LONGEST: Final = 1_000


class DocumentRefused(Exception):
    """The address or the document cannot be used; the text says why, and echoes nothing."""


class MethodsRefused(DocumentRefused):
    """The server supports none of the methods by which the client can authenticate."""


def is_document_id(client_id: str) -> bool:
    """Whether the id is the address of a document; ids that this server generates never are."""
    return client_id.startswith("https://")


def check_document_id(client_id: str) -> str:
    """The host (and port) of a valid address, in lower case. Raises `DocumentRefused`.

    Client ID Metadata Document §3. A query is refused too: it SHOULD NOT be there.
    """
    try:
        uri = uris.parse_uri(client_id)
    except uris.InvalidUri as fault:
        raise DocumentRefused(f"client_id {fault}") from None
    path = urlsplit(client_id).path
    if uri.scheme != "https" or uri.host is None or not path or len(client_id) > _LONGEST:
        raise DocumentRefused("client_id must be an https address with a path")
    if "?" in client_id or "#" in client_id:
        raise DocumentRefused("client_id must have neither query nor fragment")
    if {".", ".."} & set(unquote(path).split("/")):
        raise DocumentRefused("client_id must not have the path segments . and ..")
    return urlsplit(client_id).netloc.lower()


def parse_document(client_id: str, document: Any) -> Registration:
    """The registration that a document is. Raises `DocumentRefused`, and the errors of
    `parse_registration`."""
    if not isinstance(document, dict):
        raise DocumentRefused("it is not a JSON object")
    # Client ID Metadata Document §4: simple string comparison
    if document.get("client_id") != client_id:
        raise DocumentRefused("its client_id is not its address")
    if any(name in document for name in _SECRETS):
        raise DocumentRefused("a secret cannot be in it")
    method = _method(document)
    if _has_private_keys(document.get("jwks")):
        raise DocumentRefused("its keys are not public")
    for message in weak_keys(document.get("jwks")):
        raise DocumentRefused(f"its jwks: {message}")
    registration = parse_registration({**document, _METHOD: method})
    grant_types = registration.grant_types
    if registration.response_types != {"code"} or "authorization_code" not in grant_types:
        raise DocumentRefused("its response_types must be code, with authorization_code")
    if registration.metadata.sector_identifier_uri:
        raise DocumentRefused("its pairwise subjects are of the hosts of its redirect URIs only")
    if method == _BY_KEY and not (registration.metadata.jwks or registration.metadata.jwks_uri):
        raise DocumentRefused("private_key_jwt needs jwks or jwks_uri")
    return replace(
        registration,
        grant_types=grant_types & _GRANT_TYPES,
        # The person decides in each case, so a document without scopes may request all.
        scope=registration.scope if document.get("scope") else KNOWN,
    )


def has_other_keys(before: Client, after: Client) -> bool:
    """Whether another program can use the client now. An earlier consent does not count for it
    (Client ID Metadata Document §9.4)."""
    return _keys(before) != _keys(after)


def seconds_fresh(cache_control: str) -> int | None:
    """For how long a document may be cached (RFC 9111 §5.2.2); None if it does not say."""
    if _NOT_STORED.search(cache_control):
        return 0
    match = _MAX_AGE.search(cache_control)
    return None if match is None else int(match[1])


def _method(document: Mapping[str, Any]) -> str:
    """How the client authenticates: the method that it states, or the strongest of those that it
    offers (Client ID Metadata Document §6). Raises `DocumentRefused`."""
    stated = document.get(_METHOD)
    offered = document.get(_METHODS)
    if offered is None:
        # Without both it is none, whatever RFC 7591 §2 says.
        offered = [document.get(_METHOD, "none")]
    if not isinstance(offered, list) or not all(isinstance(name, str) for name in offered):
        raise DocumentRefused(f"its {_METHODS} must be a list of names")
    if stated is not None and stated not in offered:
        raise DocumentRefused(f"its {_METHOD} is not in its {_METHODS}")
    # Client ID Metadata Document §4.1: no shared secret can be established.
    if not _SHARED.isdisjoint(offered):
        raise DocumentRefused("its clients authenticate by private_key_jwt, or not at all")
    if stated in ("none", _BY_KEY):
        return str(stated)
    keys = "jwks" in document or "jwks_uri" in document
    if _BY_KEY in offered and (keys or "none" not in offered):
        return _BY_KEY
    if "none" in offered:
        return "none"
    raise MethodsRefused("this server supports private_key_jwt and none, and it has neither")


def _keys(client: Client) -> tuple[Any, ...]:
    metadata = client.metadata
    return (
        client.redirect_uris,
        metadata.token_endpoint_auth_method,
        metadata.jwks,
        metadata.jwks_uri,
    )


def _has_private_keys(jwks: Any) -> bool:
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    if not isinstance(keys, list):
        return False
    return any(isinstance(key, Mapping) and not PRIVATE_MEMBERS.isdisjoint(key) for key in keys)
