"""Demonstrating Proof of Possession (RFC 9449): the rules, without cryptography and I/O. Pure."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from quantimodo.model.confirmations import Confirmation
from quantimodo.protocol.errors import InvalidDPoPProof, InvalidGrant, InvalidRequest
from quantimodo.protocol.parameters import Form

ALGORITHMS: Final = ("ES256", "PS256", "EdDSA", "Ed25519")
NonceMode = Literal["off", "optional", "required"]

_SKEW: Final = timedelta(seconds=10)
_LONGEST_JTI: Final = 512
_LONGEST_NONCE: Final = 256
_THUMBPRINT: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class DPoPPolicy:
    """`origins`: the public origins of this server, for `htu`. `lifetime`: how old a proof may
    be."""

    origins: tuple[str, ...]
    lifetime: timedelta = timedelta(seconds=60)
    nonce: NonceMode = "optional"
    nonce_lifetime: timedelta = timedelta(minutes=5)


class Target(NamedTuple):
    """The request that a proof is for. `token_hash`: `ath` of its access token; None at the
    authorization server."""

    method: str
    path: str
    token_hash: str | None = None


class ProofStatement(NamedTuple):
    """A valid proof; its `jti` is accepted once until `expires_at`."""

    jti: str
    nonce: str | None
    expires_at: datetime


def check_proof(
    claims: Mapping[str, Any], target: Target, policy: DPoPPolicy, now: datetime
) -> ProofStatement:
    """The checks of RFC 9449 §4.3 from the fifth on, but for replay and the validity of the nonce.
    Raises `InvalidDPoPProof`."""
    jti, nonce = claims.get("jti"), claims.get("nonce")
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
        raise InvalidDPoPProof("jti is missing or too long")
    if claims.get("htm") != target.method:
        raise InvalidDPoPProof("htm is not the method of this request")
    if not _is_target(claims.get("htu"), target.path, policy.origins):
        raise InvalidDPoPProof("htu is not the address of this request")
    issued_at = _issued_at(claims.get("iat"))
    if issued_at is None or not now - policy.lifetime - _SKEW <= issued_at <= now + _SKEW:
        raise InvalidDPoPProof("iat is missing, too old or in the future")
    if nonce is not None and not (isinstance(nonce, str) and len(nonce) <= _LONGEST_NONCE):
        raise InvalidDPoPProof("nonce is not a string, or is too long")
    # RFC 9449 §4.3: where an access token is presented, the proof is for this one.
    if target.token_hash is not None and claims.get("ath") != target.token_hash:
        raise InvalidDPoPProof("ath is not the hash of the access token")
    # Until no proof with this `iat` is accepted.
    return ProofStatement(jti, nonce, issued_at + policy.lifetime + 2 * _SKEW)


def requested_key(text: str | None) -> Confirmation | None:
    """The parameter `dpop_jkt` (RFC 9449 §10). Raises `InvalidRequest`."""
    if text is None:
        return None
    if not _THUMBPRINT.fullmatch(text):
        raise InvalidRequest(
            "dpop_jkt must be the SHA-256 thumbprint of a key, in base64url",
            refusal="dpop_key_differs",
        )
    return Confirmation("jkt", text)


def bound_to_key(form: Form, sender_key: Confirmation) -> Form:
    """A pushed request whose code is bound to the key of its DPoP proof (RFC 9449 §10.1). Raises
    `InvalidRequest` when `dpop_jkt` names another key."""
    if requested_key(form.get("dpop_jkt")) not in (None, sender_key):
        raise InvalidRequest(
            "dpop_jkt is not the key of the DPoP proof", refusal="dpop_key_differs"
        )
    others = [(name, text) for name, text in form.items() if name != "dpop_jkt"]
    return Form.of_pairs([*others, ("dpop_jkt", sender_key.thumbprint)])


def check_bound_to(required: Confirmation | None, sender_key: Confirmation | None) -> None:
    """Whether a code or refresh token that is bound to `required` is presented by its holder
    (RFC 9449 §5, §10; RFC 8705 §4). Raises `InvalidGrant`."""
    if required is None or required == sender_key:
        return
    if sender_key is None or sender_key.member != required.member:
        raise InvalidGrant(
            "the grant is bound to a key: the proof of possession is missing",
            refusal="bound_key_missing",
        )
    raise InvalidGrant("the grant is bound to another key", refusal="bound_key_missing")


def _is_target(htu: object, path: str, origins: Collection[str]) -> bool:
    """RFC 9449 §4.3: without query and fragment, after normalization (RFC 3986 §6.2.2, §6.2.3).
    `path` is decoded."""
    if not isinstance(htu, str) or len(htu) > 2048 or not htu.isascii() or not htu.isprintable():
        return False
    try:
        parts = urlsplit(htu)
        origin = _origin(htu)
    except ValueError:
        return False
    if parts.username is not None or origin is None:
        return False
    if not any(_origin(each) == origin for each in origins):
        return False
    requested = unquote(parts.path)
    return requested == path or ("/." in requested and _without_dots(requested) == path)


def _without_dots(path: str) -> str:
    """RFC 3986 §5.2.4, for a path that begins with a slash."""
    *folders, last = path.split("/")[1:]
    segments: list[str] = []
    for segment in (*folders, last):
        if segment == "..":
            segments = segments[:-1]
        elif segment != ".":
            segments.append(segment)
    end = "/" if last in (".", "..") and segments else ""
    return f"/{'/'.join(segments)}{end}"


def _origin(address: str) -> tuple[str, str, int] | None:
    parts = urlsplit(address)
    port = _DEFAULT_PORTS.get(parts.scheme) if parts.port is None else parts.port
    if not parts.hostname or port is None:
        return None
    return parts.scheme, parts.hostname, port


def _issued_at(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
