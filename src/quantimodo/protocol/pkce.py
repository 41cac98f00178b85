"""Proof Key for Code Exchange (RFC 7636), S256 only."""

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest

from quantimodo.protocol.errors import InvalidGrant, InvalidRequest

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)


def accept_challenge(challenge: str | None, method: str | None, *, required: bool) -> str | None:
    """The challenge of an authorization request, or None where none is needed."""
    if challenge is None:
        if method is not None:
            raise InvalidRequest(
                "code_challenge_method is given without code_challenge",
                refusal="pkce_challenge_malformed",
            )
        if required:
            raise InvalidRequest(
                "this application must use PKCE: send code_challenge (S256)",
                refusal="pkce_required",
            )
        return None
    # RFC 9700 §2.1.1, security.md §4: `plain` is refused, and an absent method means `plain`.
    if method != "S256":
        raise InvalidRequest("code_challenge_method must be S256", refusal="pkce_method_not_s256")
    if not _CHALLENGE.fullmatch(challenge):
        raise InvalidRequest(
            "code_challenge must be 43 characters of base64url", refusal="pkce_challenge_malformed"
        )
    return challenge


def check_verifier(challenge: str | None, verifier: str | None) -> None:
    """RFC 7636 §4.6. Raises `InvalidGrant` unless the verifier matches the challenge."""
    if challenge is None:
        # RFC 9700 §4.8.2: a verifier without a challenge is a downgrade.
        if verifier is not None:
            raise InvalidGrant(
                "code_verifier is given, but the code was requested without PKCE",
                refusal="pkce_verifier_unexpected",
            )
        return
    if verifier is None:
        raise InvalidGrant("code_verifier is missing", refusal="pkce_verifier_missing")
    if not _VERIFIER.fullmatch(verifier):
        raise InvalidGrant(
            "code_verifier must be 43 to 128 unreserved characters", refusal="pkce_verifier_wrong"
        )
    expected = urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=")
    if not compare_digest(expected, challenge.encode("ascii")):
        raise InvalidGrant("code_verifier does not match", refusal="pkce_verifier_wrong")
