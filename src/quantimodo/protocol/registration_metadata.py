"""The rules between several members of registration metadata (OpenID Connect Registration §2,
RFC 7591 §2, JARM §3).

Pure: part of the rules of `registration.py`. The rules of single members are in the table,
`client_fields.py`.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.model.keys import PRIVATE_MEMBERS
from quantimodo.protocol.client_assertion import HMAC_ALGORITHMS, SIGNATURE_ALGORITHMS
from quantimodo.protocol.client_field_row import check_link
from quantimodo.protocol.key_strength import weak_keys
from quantimodo.protocol.mutual_tls import METHODS as TLS_METHODS
from quantimodo.protocol.mutual_tls import certificate_faults

_MOST_KEYS: Final = 20
MetadataFaults = Iterator[tuple[str, str]]  # the field, and the reason


def metadata_faults(metadata: ClientMetadata, redirect_uris: Sequence[str]) -> MetadataFaults:
    """Each invalid field with the reason, for people."""
    yield from _algorithms(metadata)
    yield from _localized(metadata)
    yield from _keys(metadata)
    yield from certificate_faults(metadata, has_keys=_has_keys(metadata))
    yield from _encryption(metadata)
    yield from _subjects(metadata, redirect_uris)


def needs_secret(metadata: ClientMetadata) -> bool:
    """Whether the application authenticates by a secret, or uses one as a key."""
    without = ("private_key_jwt", "none", *TLS_METHODS)
    return metadata.token_endpoint_auth_method not in without or is_key(metadata)


def is_key(metadata: ClientMetadata) -> bool:
    """Whether the secret is used as a key (HMAC), so that it must be readable here."""
    by_secret = metadata.token_endpoint_auth_method == "client_secret_jwt"
    return by_secret or metadata.request_object_signing_alg in HMAC_ALGORITHMS


def _algorithms(metadata: ClientMetadata) -> MetadataFaults:
    method, algorithm = (
        metadata.token_endpoint_auth_method,
        metadata.token_endpoint_auth_signing_alg,
    )
    fitting = {"client_secret_jwt": HMAC_ALGORITHMS, "private_key_jwt": SIGNATURE_ALGORITHMS}
    if algorithm and method in fitting and algorithm not in fitting[method]:
        yield "token_endpoint_auth_signing_alg", "does not go with token_endpoint_auth_method"
    if method == "none" and metadata.request_object_signing_alg in HMAC_ALGORITHMS:
        yield "request_object_signing_alg", "needs an app that can keep a secret"


def _localized(metadata: ClientMetadata) -> MetadataFaults:
    for name, uri in metadata.localized.items():
        if not name.startswith("client_name#"):
            for message in check_link(uri):
                yield name.partition("#")[0], message


def _keys(metadata: ClientMetadata) -> MetadataFaults:
    if metadata.jwks and metadata.jwks_uri:
        # RFC 7591 §2: MUST NOT both be present.
        yield "jwks", "give jwks or jwks_uri, not both"
    if metadata.token_endpoint_auth_method == "private_key_jwt" and not _has_keys(metadata):
        yield "token_endpoint_auth_method", "private_key_jwt needs jwks or jwks_uri"
    if not metadata.jwks:
        return
    listed = _listed_keys(metadata.jwks)
    if not isinstance(listed, list) or not all(isinstance(key, dict) for key in listed):
        yield "jwks", "must be a JSON Web Key Set: an object with an array keys"
    elif not 0 < len(listed) <= _MOST_KEYS:
        yield "jwks", f"must have 1 to {_MOST_KEYS} keys"
    elif not all(isinstance(key.get("kty"), str) for key in listed):
        # RFC 7517 §4.1
        yield "jwks", "must say of each key which kind it is (kty)"
    elif any(PRIVATE_MEMBERS & frozenset(key) for key in listed):
        yield "jwks", "must have public keys only: make new ones, these are known now"
    else:
        for message in weak_keys({"keys": listed}):
            yield "jwks", message


def _listed_keys(text: str) -> Any:
    """The member `keys`; None if the text is not a JSON object."""
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document.get("keys") if isinstance(document, dict) else None


def _has_keys(metadata: ClientMetadata) -> bool:
    return bool(metadata.jwks or metadata.jwks_uri)


def _encryption(metadata: ClientMetadata) -> MetadataFaults:
    for response in ("id_token", "userinfo", "authorization", "introspection"):
        alg, enc = f"{response}_encrypted_response_alg", f"{response}_encrypted_response_enc"
        if getattr(metadata, enc) and not getattr(metadata, alg):
            yield enc, f"needs {alg} beside it"
        if getattr(metadata, alg) and not _has_keys(metadata):
            yield alg, "needs jwks or jwks_uri: the key to encrypt for"


def _subjects(metadata: ClientMetadata, redirect_uris: Sequence[str]) -> MetadataFaults:
    if metadata.subject_type != "pairwise" or metadata.sector_identifier_uri:
        return
    if len({_host(uri) for uri in redirect_uris}) > 1:
        # OpenID Connect Core §8.1
        yield "sector_identifier_uri", "is needed: the redirect URIs have several hosts"


def _host(uri: str) -> str | None:
    try:
        return urlsplit(uri).hostname
    except ValueError:
        return None  # another rule reports it
