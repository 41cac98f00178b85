"""Decrypts tokens that a provider encrypted for this server (RFC 7516): ECDH-ES with P-256.

Key pairs are derived from subkeys of the server's secret key, as those of client assertions are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry, decrypt_compact
from joserfc.jwk import ECKey

from quantimodo.crypto.client_assertions import derive_key
from quantimodo.crypto.jwt import BadToken, decode_base64url

KEY_ALGORITHMS: Final = ("ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW")
CONTENT_ALGORITHMS: Final = ("A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM")
_LONGEST: Final = 65_536  # characters of a token
_PARTS: Final = 5
# RFC 7516 §4.1.3: a small compressed text can expand without bound. No extension is understood,
# and no key is fetched from an address.
_REFUSED: Final = frozenset({"zip", "crit", "jku", "x5u"})
_MALFORMED = (JoseError, msgspec.MsgspecError, ValueError, TypeError, KeyError, AttributeError)


def looks_encrypted(token: str) -> bool:
    """Whether the token has the five parts of a compact JWE (RFC 7516 §3.1)."""
    return token.count(".") == _PARTS - 1


@dataclass(frozen=True, slots=True)
class Decrypter:
    """Decrypts for the key pairs of these 32-byte subkeys: that of the server's newest secret key
    comes first."""

    subkeys: Sequence[bytes] = field(repr=False)

    def public_keys(self) -> list[dict[str, Any]]:
        """The public keys as JWKs (RFC 7517 §4), in the order of the subkeys."""
        return [_public(_private(each)) for each in self.subkeys]

    def decrypt(self, token: str) -> str:
        """The text in a token that is encrypted for one of the keys. Raises `BadToken`."""
        if len(token) > _LONGEST or not looks_encrypted(token) or not token.isascii():
            raise BadToken
        try:
            header = msgspec.json.decode(
                decode_base64url(token.partition(".")[0]), type=dict[str, Any]
            )
        except _MALFORMED as fault:
            raise BadToken from fault
        alg, enc, kid = header.get("alg"), header.get("enc"), header.get("kid")
        if alg not in KEY_ALGORITHMS or enc not in CONTENT_ALGORITHMS or _REFUSED & header.keys():
            raise BadToken
        registry = JWERegistry(algorithms=[alg, enc])
        for subkey in self.subkeys:
            key = _private(subkey)
            if kid is not None and kid != key.thumbprint():
                continue
            try:
                plaintext = decrypt_compact(token, key, registry=registry).plaintext
                return (plaintext or b"").decode("ascii")
            except _MALFORMED:
                continue
        raise BadToken


def _private(subkey: bytes) -> ECKey:
    return derive_key(subkey, b"token decryption")


def _public(key: ECKey) -> dict[str, Any]:
    members = dict(key.as_dict(private=False))
    return {**members, "kid": key.thumbprint(), "use": "enc"}
