"""Encrypts for the key of an application (JWE, RFC 7516), and verifies tokens that it signed with
its secret (HS256).

`protocol/` has the algorithms that may be registered. Keys come from a JWK Set (RFC 7517) that the
application registered; keys for signatures are ignored.
"""

import hmac
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry, encrypt_compact
from joserfc.jwk import ECKey, RSAKey

from quantimodo.crypto.jwt import (
    BadToken,
    base64url,
    decode_base64url,
    has_other_header_members,
    unverified_algorithm,
)
from quantimodo.model.secrets import Secret

_RSA: Final = "RSA-OAEP"
_EC: Final = "ECDH-ES"
_CURVES: Final = frozenset({"P-256", "P-384", "P-521"})
_MALFORMED = (JoseError, msgspec.MsgspecError, AttributeError, TypeError, ValueError, KeyError)


class NoKey(Exception):
    """The JWK Set of the application has no key for this algorithm."""


def encrypt(
    document: Mapping[str, Any], payload: bytes, alg: str, enc: str, *, cty: str | None
) -> str:
    """Encrypt `payload` for the first key of this JWK Set that is for `alg`. Raises `NoKey`."""
    key, kid = _recipient(document, alg)
    header = {"alg": alg, "enc": enc}
    if kid is not None:
        header["kid"] = kid
    if cty is not None:
        header["cty"] = cty
    return encrypt_compact(header, payload, key, registry=JWERegistry(algorithms=[alg, enc]))


def verify_hmac(token: str, secret: Secret) -> dict[str, Any]:
    """The claims of a token that is signed HS256 with this secret. Raises `BadToken`."""
    if unverified_algorithm(token) != "HS256" or has_other_header_members(token):
        raise BadToken
    signed, _, signature = token.rpartition(".")
    expected = hmac.digest(secret.reveal().encode(), signed.encode("ascii", "replace"), "sha256")
    if not hmac.compare_digest(base64url(expected), signature.encode("ascii", "replace")):
        raise BadToken
    return _claims(signed.partition(".")[2])


def _claims(text: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(decode_base64url(text))
    except (*_MALFORMED, RecursionError) as fault:
        raise BadToken from fault
    if not isinstance(found, dict):
        raise BadToken
    return found


def _recipient(document: Mapping[str, Any], alg: str) -> tuple[RSAKey | ECKey, str | None]:
    listed = document.get("keys")
    for fields in listed if isinstance(listed, list) else ():
        try:
            if fields.get("use", "enc") != "enc" or fields.get("alg", alg) != alg:
                continue
            kid = fields.get("kid")
            return _import_key(fields, alg), kid if isinstance(kid, str) else None
        except _MALFORMED:
            continue
    raise NoKey


def _import_key(fields: Mapping[str, Any], alg: str) -> RSAKey | ECKey:
    if alg.startswith(_RSA) and fields["kty"] == "RSA":
        if not 2048 <= len(decode_base64url(fields["n"])) * 8 <= 8192:
            raise ValueError
        return RSAKey.import_key({name: fields[name] for name in ("kty", "n", "e")})
    if alg.startswith(_EC) and fields["kty"] == "EC" and fields["crv"] in _CURVES:
        return ECKey.import_key({name: fields[name] for name in ("kty", "crv", "x", "y")})
    raise ValueError
