"""Mutual TLS (RFC 8705): how a client registers its certificate. Pure."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import Final

from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.protocol.distinguished_names import parse_distinguished_name

METHODS: Final = ("tls_client_auth", "self_signed_tls_client_auth")
# RFC 8705 §2.1.2: a client with tls_client_auth has exactly one of these.
SUBJECTS: Final = (
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
)


def certificate_faults(metadata: ClientMetadata, *, has_keys: bool) -> Iterator[tuple[str, str]]:
    """Each invalid field with the reason, for people."""
    method = metadata.token_endpoint_auth_method
    subjects = registered_subjects(metadata)
    if method == "tls_client_auth" and len(subjects) != 1:
        yield "token_endpoint_auth_method", f"tls_client_auth needs one of {', '.join(SUBJECTS)}"
    yield from _subject_faults(metadata)
    if method != "tls_client_auth":
        for name in subjects:
            yield name, "goes with the token_endpoint_auth_method tls_client_auth"
    if method == "self_signed_tls_client_auth" and not has_keys:
        yield "token_endpoint_auth_method", "self_signed_tls_client_auth needs jwks or jwks_uri"
    if metadata.tls_client_certificate_bound_access_tokens and metadata.dpop_bound_access_tokens:
        yield (
            "tls_client_certificate_bound_access_tokens",
            "tokens are bound to a certificate or by DPoP, not both",
        )


def _subject_faults(metadata: ClientMetadata) -> Iterator[tuple[str, str]]:
    """What cannot be read would authenticate no certificate (RFC 8705 §2.1.2)."""
    if metadata.tls_client_auth_subject_dn:
        try:
            parse_distinguished_name(metadata.tls_client_auth_subject_dn)
        except ValueError as fault:
            yield "tls_client_auth_subject_dn", f"is no name of a certificate: {fault}"
    if metadata.tls_client_auth_san_ip:
        try:
            ip_address(metadata.tls_client_auth_san_ip)
        except ValueError:
            yield "tls_client_auth_san_ip", "must be an IP address"


def registered_subjects(metadata: ClientMetadata) -> Sequence[str]:
    """The names of the fields that say which certificate is the client's."""
    return [name for name in SUBJECTS if getattr(metadata, name)]
