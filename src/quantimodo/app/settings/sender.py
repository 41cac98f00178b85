"""Settings of tokens that are bound to their sender."""
# ruff: noqa: RUF009  (`setting` is `dataclasses.field` with a sentence)

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from quantimodo.model.setting_declarations import setting

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DPoPSettings:
    nonce: Literal["off", "optional", "required"] = setting(
        "optional",
        "Whether DPoP proofs have a nonce of this server (RFC 9449 §8): never; if an app sends one;"
        " or always.",
    )
    proof_lifetime: timedelta = setting(
        _MINUTE,
        "How old a DPoP proof may be. Each one is stored until then.",
        least=5 * _SECOND,
        most=5 * _MINUTE,
    )
    nonce_lifetime: timedelta = setting(
        5 * _MINUTE,
        "How long a nonce for DPoP proofs is accepted.",
        least=5 * _SECOND,
        most=60 * _MINUTE,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MtlsSettings:
    certificate_header: str = setting(
        "",
        "The header in which the proxies in trusted_proxies forward the certificate of an app"
        " (RFC 8705), such as Client-Cert; empty turns mutual TLS off. The proxy must remove this"
        " header from the requests of clients.",
    )
    verification_header: str = setting(
        "",
        "The header in which these proxies say whether they verified the chain of the certificate:"
        " SUCCESS or 0 if they did. Apps with tls_client_auth need that. Empty if the proxies"
        " forward certificates with a verified chain alone, or serve no such app.",
    )
    origin: str = setting(
        "",
        "The public address at which the proxy requests certificates, as"
        " https://mtls.example.org; empty if it is the issuer's.",
    )
