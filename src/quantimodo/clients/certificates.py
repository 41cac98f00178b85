"""The certificate of a client, from the proxy that terminates TLS (RFC 8705).

The proxy verifies the chain for `tls_client_auth`, and possession of the key for both methods.
"""

from dataclasses import dataclass

from quantimodo.clients.public_keys import ClientKeys
from quantimodo.crypto.certificates import BadCertificate, Certificate, parse_certificate
from quantimodo.http.messages import Request
from quantimodo.model.clients import Client
from quantimodo.model.confirmations import Confirmation
from quantimodo.ports.clock import Clock
from quantimodo.protocol.distinguished_names import parse_distinguished_name


class CertificateRefused(Exception):
    """The text is for the log, and for the client where it gets one."""


@dataclass(frozen=True, slots=True)
class ClientCertificates:
    keys: ClientKeys
    clock: Clock

    def read(self, header: str) -> Certificate | None:
        """The certificate of a request; None without one. Raises `CertificateRefused` for one that
        cannot be read or is not valid now."""
        if not header:
            return None
        try:
            certificate = parse_certificate(header)
        except BadCertificate:
            raise CertificateRefused("the client certificate cannot be read") from None
        if not certificate.is_valid_at(self.clock.now()):
            raise CertificateRefused("the client certificate has expired, or is not valid yet")
        return certificate

    def confirmation(self, header: str) -> Confirmation | None:
        """The confirmation of tokens that are bound to this certificate. Raises
        `CertificateRefused`."""
        certificate = self.read(header)
        return None if certificate is None else Confirmation("x5t#S256", certificate.thumbprint)

    async def authenticate(self, client: Client, request: Request) -> None:
        """Check that the request shows the registered certificate of the client. Raises
        `CertificateRefused`."""
        certificate = self.read(request.certificate)
        if certificate is None:
            raise CertificateRefused("there is no client certificate")
        if client.metadata.token_endpoint_auth_method == "tls_client_auth":
            # RFC 8705 §2.1: a name proves nothing without a validated chain.
            if not request.certificate_verified:
                raise CertificateRefused("the proxy did not verify the client certificate")
            matches = _is_subject(client, certificate)
        else:
            matches = await self.keys.has_key(client, certificate.is_of_key)
        if not matches:
            raise CertificateRefused("the client certificate is not the registered one")


def is_named(certificate: Certificate, name: str) -> bool:
    """Whether its subject is this name, in the form of RFC 4514."""
    try:
        return parse_distinguished_name(name) == certificate.subject
    except ValueError:
        return False


def _is_subject(client: Client, certificate: Certificate) -> bool:
    """RFC 8705 §2.1.2: by the one field that the client registered."""
    registered = client.metadata
    if registered.tls_client_auth_subject_dn:
        return is_named(certificate, registered.tls_client_auth_subject_dn)
    if registered.tls_client_auth_san_dns:
        return registered.tls_client_auth_san_dns.lower() in certificate.dns
    if registered.tls_client_auth_san_uri:
        return registered.tls_client_auth_san_uri in certificate.uris
    if registered.tls_client_auth_san_ip:
        return certificate.has_address(registered.tls_client_auth_san_ip)
    return registered.tls_client_auth_san_email in certificate.emails
