"""Certificates of clients, as a proxy forwards them (RFC 8705, RFC 9440).

Parses certificates and compares them with registered keys. The proxy verifies certificate chains;
nothing here does.
"""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import unquote

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from quantimodo.crypto.jwt import base64url

_LONGEST: Final = 16_384  # characters of a header
_PEM: Final = re.compile(
    r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*", re.ASCII
)
_KEY_TYPES: Final[Mapping[str, type[ECKey] | type[RSAKey] | type[OKPKey]]] = {
    "EC": ECKey,
    "RSA": RSAKey,
    "OKP": OKPKey,
}
_MALFORMED: Final = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension)


class BadCertificate(Exception):
    """The text is not one certificate. Says no more."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A parsed certificate. `thumbprint` is `x5t#S256` (RFC 8705 §3.1); `key` is the RFC 7638
    thumbprint of its public key, None for a kind of key that clients cannot register. `subject`:
    its relative distinguished names in order, each a set of attribute types (dotted object
    identifiers) with their values."""

    thumbprint: str
    not_before: datetime
    not_after: datetime
    subject: tuple[frozenset[tuple[str, str]], ...] = field(repr=False)
    dns: frozenset[str]
    uris: frozenset[str]
    addresses: frozenset[str]
    emails: frozenset[str]
    key: str | None

    def is_valid_at(self, now: datetime) -> bool:
        """Whether the certificate is valid at this time; both ends are included."""
        return self.not_before <= now <= self.not_after

    def has_address(self, text: str) -> bool:
        """Whether this IP address, in any spelling, is among its subject alternative names."""
        try:
            return str(ip_address(text)) in self.addresses
        except ValueError:
            return False

    def is_of_key(self, jwk: Any) -> bool:
        """Whether this is the certificate of a registered key: its `x5c`, or else its public key
        (RFC 8705 §2.2.2)."""
        chain = jwk.get("x5c")
        if chain is not None:
            first = chain[0] if isinstance(chain, list) and chain else None
            try:
                return (
                    isinstance(first, str) and thumbprint(_decode_base64(first)) == self.thumbprint
                )
            except BadCertificate:
                return False
        return self.key is not None and _thumbprint_of(jwk) == self.key


@lru_cache(maxsize=256)  # a text can have 16 KiB
def parse_certificate(text: str) -> Certificate:
    """Parse the header in which a proxy forwards a certificate. Raises `BadCertificate`."""
    der = certificate_bytes(text)
    try:
        certificate = x509.load_der_x509_certificate(der)
        names = _alternative_names(certificate)
        return Certificate(
            thumbprint=thumbprint(der),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            subject=_subject_attributes(certificate.subject),
            dns=frozenset(each.lower() for each in names.get_values_for_type(x509.DNSName)),
            uris=frozenset(names.get_values_for_type(x509.UniformResourceIdentifier)),
            addresses=frozenset(map(str, names.get_values_for_type(x509.IPAddress))),
            emails=frozenset(names.get_values_for_type(x509.RFC822Name)),
            key=_key_thumbprint(certificate),
        )
    except _MALFORMED as fault:
        raise BadCertificate from fault


def certificate_bytes(text: str) -> bytes:
    """The certificate in DER, from a byte sequence between colons (RFC 9440), from PEM with or
    without percent encoding (nginx), or from bare base64 (Caddy, HAProxy). Raises
    `BadCertificate`."""
    text = text.strip()
    if not text or len(text) > _LONGEST or not text.isascii():
        raise BadCertificate
    if text.startswith(":") and text.endswith(":") and len(text) > 2:
        return _decode_base64(text[1:-1])
    if "BEGIN" not in text:
        return _decode_base64(text)
    found = _PEM.fullmatch(unquote(text))
    if found is None:
        raise BadCertificate
    return _decode_base64("".join(found[1].split()))


def thumbprint(der: bytes) -> str:
    """`x5t#S256` of a certificate (RFC 8705 §3.1)."""
    return base64url(sha256(der).digest()).decode()


def _decode_base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (Error, ValueError):
        raise BadCertificate from None


def _subject_attributes(subject: x509.Name) -> tuple[frozenset[tuple[str, str]], ...]:
    return tuple(
        frozenset((each.oid.dotted_string, _attribute_value(each.value)) for each in part)
        for part in subject.rdns
    )


def _attribute_value(value: str | bytes) -> str:
    """The value as text. Bytes get a form that cannot equal an ordinary value."""
    return value if isinstance(value, str) else f"\0{value.hex()}"


def _alternative_names(certificate: x509.Certificate) -> x509.SubjectAlternativeName:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return x509.SubjectAlternativeName([])


def _key_thumbprint(certificate: x509.Certificate) -> str | None:
    try:
        pem = certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    except _MALFORMED:
        return None
    for kind in _KEY_TYPES.values():
        try:
            return kind.import_key(pem).thumbprint()
        except (JoseError, *_MALFORMED):
            continue
    return None


def _thumbprint_of(jwk: Any) -> str | None:
    name = jwk.get("kty")
    kind = _KEY_TYPES.get(name) if isinstance(name, str) else None
    try:
        return None if kind is None else kind.import_key(dict(jwk)).thumbprint()
    except (JoseError, *_MALFORMED, KeyError, AttributeError):
        return None
