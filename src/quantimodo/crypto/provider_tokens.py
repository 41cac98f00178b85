"""Tokens of upstream providers: verifies what they signed, and signs client assertions for them.

Public keys come from a provider's JWK Set (RFC 7517); each is accepted only for the algorithms of
its key type. The caller checks time, issuer, audience and nonce. `jwt.py` has this server's tokens.
"""

import hmac
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import deserialize_compact

from quantimodo.crypto.jwt import BadToken, OneAlgorithm, Signer, decode_base64url, ec_signer
from quantimodo.model.secrets import Secret

# security.md §13: asymmetric only. A client secret as HMAC key would make the audience a signer.
ALGORITHMS = frozenset(
    {
        *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
        *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
    }
)
_RSA = frozenset(name for name in ALGORITHMS if name[:2] in ("RS", "PS"))
_CURVES = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
# Members that bring keys, change what is signed, or must be understood; none is understood here.
_REFUSED_HEADERS = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "zip", "enc", "b64"})
_LONGEST = 16_384  # characters of a token
_MOST_KEYS = 64
_SMALLEST_RSA, _LARGEST_RSA = 2048, 8192
_LARGEST_EXPONENT = 1 << 33
_LONGEST_SIGNED_REQUEST = 8192
_MALFORMED = (
    *(JoseError, msgspec.MsgspecError, AttributeError, TypeError, ValueError),
    *(KeyError, RecursionError),
)


class UnknownKey(BadToken):
    """The key that signed the token is not in this set; the provider may have added it since."""


# Why a token is refused, for the log: fixed texts, without content of the token.
UNREADABLE: Final = "it cannot be read as a signed token"
REFUSED_HEADER: Final = "its header brings a key, or has conditions that are not understood"
NOT_SIGNED: Final = "it is not signed (alg none)"
WRONG_ALGORITHM: Final = "its alg is not one that the provider announces and this server accepts"
UNKNOWN_KEY: Final = "its kid is not among the provider's keys"
WRONG_KEY: Final = "the provider's key with its kid is not for its alg"
NO_KEY_ID: Final = "it has no kid, and not exactly one of the provider's keys is for its alg"
BAD_SIGNATURE: Final = "its signature does not verify"


class BadKeySet(Exception):
    """The document is not a JWK Set with at least one usable key."""


@dataclass(frozen=True, slots=True)
class ProviderKey:
    """One public key. `issuer` is a member of Microsoft's: the issuer whose tokens it signs."""

    kid: str | None
    algorithms: frozenset[str]
    issuer: str | None
    key: RSAKey | ECKey | OKPKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """The claims of a token whose signature is verified.

    `fingerprint` is the same for every spelling of the signature: for the replay store.
    """

    claims: dict[str, Any] = field(repr=False)
    algorithm: str
    typ: str
    key_issuer: str | None
    fingerprint: bytes


def parse_key_set(document: Mapping[str, Any]) -> tuple[ProviderKey, ...]:
    """The keys for signatures, of the types that are supported. Raises `BadKeySet`."""
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise BadKeySet
    found = tuple(_usable_keys(listed[:_MOST_KEYS]))
    if not found:
        raise BadKeySet
    return found


def verify(token: str, keys: Sequence[ProviderKey], algorithms: Collection[str]) -> VerifiedToken:
    """A token signed by one of these keys with one of these algorithms.

    Raises `BadToken` with one of the reasons above, and `UnknownKey` when only the key is missing.
    """
    header = _header(token)
    algorithm = header["alg"]
    if algorithm.lower() == "none":
        raise BadToken(NOT_SIGNED)
    if algorithm not in ALGORITHMS or algorithm not in algorithms:
        raise BadToken(WRONG_ALGORITHM)
    chosen = _choose(keys, header.get("kid"), algorithm)
    try:
        read = deserialize_compact(token, chosen.key, registry=OneAlgorithm(algorithm))
        claims = msgspec.json.decode(read.payload or b"")
    except BadSignatureError as fault:
        # Without a `kid`, only a wrong signature shows that the provider replaced its key.
        raise (BadToken if "kid" in header else UnknownKey)(BAD_SIGNATURE) from fault
    except _MALFORMED as fault:
        raise BadToken(UNREADABLE) from fault
    if not isinstance(claims, dict) or read.headers() != header:
        raise BadToken(UNREADABLE)
    return VerifiedToken(
        claims=claims,
        algorithm=algorithm,
        typ=header.get("typ", ""),
        key_issuer=chosen.issuer,
        fingerprint=sha256(token.rpartition(".")[0].encode()).digest(),
    )


def looks_signed(token: str) -> bool:
    """Whether the text has the form of a signed token: three parts, of which the first is a JSON
    object. Such a text is verified or refused, and never sent to a provider as an opaque token."""
    head, _, rest = token.partition(".")
    if rest.count(".") != 1 or not token.isascii():
        return False
    try:
        return isinstance(msgspec.json.decode(decode_base64url(head[:_LONGEST])), dict)
    except _MALFORMED:
        return False


def client_secret_signer(key_id: str, pem: Secret) -> Signer:
    """The signer of client secrets for Apple: tokens signed with the P-256 key of a `.p8` file.

    Raises `ValueError` for anything else; the message contains nothing of the key.
    """
    # In an environment variable, line ends are usually written as `\n`.
    text = pem.reveal().replace("\\n", "\n").strip().encode()
    try:
        key = load_pem_private_key(text, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("not the text of a .p8 key") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("not a P-256 key")
    return ec_signer(key_id, key)


def appsecret_proof(access_token: Secret, app_secret: Secret) -> str:
    """Facebook's proof that a Graph call comes from the app's own server."""
    key, text = app_secret.reveal().encode(), access_token.reveal().encode()
    return hmac.digest(key, text, "sha256").hex()


def verify_signed_request(signed_request: str, app_secret: Secret) -> dict[str, Any]:
    """The claims of a `signed_request` of Facebook: SIGNATURE.PAYLOAD, signed by HMAC-SHA-256 with
    the app secret. Raises `BadToken`."""
    signature, _, payload = signed_request.partition(".")
    if len(signed_request) > _LONGEST_SIGNED_REQUEST or not payload:
        raise BadToken
    try:
        expected = hmac.digest(app_secret.reveal().encode(), payload.encode(), "sha256")
        if not hmac.compare_digest(expected, decode_base64url(signature)):
            raise BadToken
        fields = msgspec.json.decode(decode_base64url(payload))
    except _MALFORMED as fault:
        raise BadToken from fault
    if not isinstance(fields, dict) or fields.get("algorithm") != "HMAC-SHA256":
        raise BadToken
    return fields


def _usable_keys(listed: list[Any]) -> Iterator[ProviderKey]:
    for fields in listed:
        try:
            yield _public_key(msgspec.convert(fields, dict[str, Any]))
        except _MALFORMED:
            continue  # RFC 7517 §5: keys of unknown types are ignored


def _public_key(fields: dict[str, Any]) -> ProviderKey:
    if fields.get("use", "sig") != "sig" or "verify" not in fields.get("key_ops", ["verify"]):
        raise ValueError
    key, algorithms = _import_key(fields)
    if "alg" in fields:
        algorithms &= {fields["alg"]}
    if not algorithms:
        raise ValueError
    kid, issuer = fields.get("kid"), fields.get("issuer")
    return ProviderKey(
        kid=kid if isinstance(kid, str) else None,
        algorithms=algorithms,
        issuer=issuer if isinstance(issuer, str) else None,
        key=key,
    )


def _import_key(fields: Mapping[str, Any]) -> tuple[RSAKey | ECKey | OKPKey, frozenset[str]]:
    kind, curve = fields["kty"], fields.get("crv")
    if kind == "RSA":
        return _rsa(fields["n"], fields["e"]), _RSA
    if kind == "EC" and curve in _CURVES:
        public = {name: fields[name] for name in ("kty", "crv", "x", "y")}
        return ECKey.import_key(public), frozenset({_CURVES[curve]})
    if kind == "OKP" and curve == "Ed25519":
        public = {name: fields[name] for name in ("kty", "crv", "x")}
        return OKPKey.import_key(public), frozenset({"EdDSA", "Ed25519"})
    raise ValueError


def _rsa(modulus: str, exponent: str) -> RSAKey:
    n, e = (int.from_bytes(decode_base64url(text), "big") for text in (modulus, exponent))
    # A smaller key can be broken; a larger one takes seconds of computation for each token.
    if not _SMALLEST_RSA <= n.bit_length() <= _LARGEST_RSA or e > _LARGEST_EXPONENT:
        raise ValueError
    return RSAKey.import_key(rsa.RSAPublicNumbers(e, n).public_key())


def _header(token: str) -> dict[str, Any]:
    head, _, rest = token.partition(".")
    if len(token) > _LONGEST or rest.count(".") != 1 or not token.isascii():
        raise BadToken(UNREADABLE)
    try:
        fields = msgspec.json.decode(decode_base64url(head))
    except _MALFORMED as fault:
        raise BadToken(UNREADABLE) from fault
    if not isinstance(fields, dict):
        raise BadToken(UNREADABLE)
    if frozenset(fields) & _REFUSED_HEADERS:
        raise BadToken(REFUSED_HEADER)
    stated = (fields.get("alg"), fields.get("typ", ""), fields.get("kid", ""))
    if not all(isinstance(each, str) for each in stated):
        raise BadToken(UNREADABLE)
    return fields


def _choose(keys: Sequence[ProviderKey], kid: str | None, algorithm: str) -> ProviderKey:
    fitting = [key for key in keys if algorithm in key.algorithms]
    if kid is not None:
        if not any(key.kid == kid for key in keys):
            raise UnknownKey(UNKNOWN_KEY)
        fitting = [key for key in fitting if key.kid == kid]
    # OpenID Connect Core §10.1: `kid` may be absent only if one key fits.
    if len(fitting) != 1:
        raise UnknownKey(NO_KEY_ID) if kid is None else BadToken(WRONG_KEY)
    return fitting[0]
