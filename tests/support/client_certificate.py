"""A client's certificate, and the headers in which proxies hand it on."""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey, RSAKey

DNS, URI, IP, EMAIL = (
    "app.example.org",
    "https://app.example.org/",
    "2001:db8::7",
    "app@example.org",
)
SUBJECT = "CN=app,O=Example\\, Ltd,C=DE"
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class ClientCertificate:
    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def base64(self) -> str:
        """As Caddy and HAProxy write it."""
        return b64encode(self.der).decode()

    @property
    def sequence(self) -> str:
        """RFC 9440 §2.1"""
        return f":{self.base64}:"

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def escaped(self) -> str:
        """nginx `$ssl_client_escaped_cert`."""
        return quote(self.pem, safe="")

    def jwk(self, *, x5c: bool) -> dict[str, Any]:
        """Its public key, as a client registers it."""
        pem = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        kind = ECKey if isinstance(self.key, ec.EllipticCurvePrivateKey) else RSAKey
        members = dict(kind.import_key(pem).as_dict(private=False))
        return {**members, "x5c": [self.base64]} if x5c else members


def client_certificate(now: datetime, key: Key | None = None) -> ClientCertificate:
    """One that is valid for an hour, self-signed, with a name of each kind."""
    made = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example, Ltd"),
            x509.NameAttribute(NameOID.COMMON_NAME, "app"),
        ]
    )
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName(DNS),
            x509.UniformResourceIdentifier(URI),
            x509.IPAddress(ip_address(IP)),
            x509.RFC822Name(EMAIL),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(made.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(names, critical=False)
        .sign(made, SHA256())
    )
    return ClientCertificate(certificate, made)


def authority(now: datetime, name: str) -> ClientCertificate:
    """One that may sign those of clients, valid for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    may_sign = x509.BasicConstraints(ca=True, path_length=0)
    built = _built(subject, subject, key, now).add_extension(may_sign, critical=True)
    return ClientCertificate(built.sign(key, SHA256()), key)


def issued(by: ClientCertificate, now: datetime, name: str) -> ClientCertificate:
    """A client's, for this host name, signed by an authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    built = _built(subject, by.certificate.subject, key, now).add_extension(names, critical=False)
    return ClientCertificate(built.sign(by.key, SHA256()), key)


def _built(
    subject: x509.Name, issuer: x509.Name, key: Key, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(hours=1))
    )
