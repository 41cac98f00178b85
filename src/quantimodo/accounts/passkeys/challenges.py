"""Challenges of passkeys: signed by the server, short-lived, for one purpose in one browser.

A challenge is 16 random bytes, its time in milliseconds, and a keyed digest of both with its
purpose and holder. Nothing is stored until it is used, so that pages can be opened without a write;
`PasskeyStore` records it then, and no process accepts it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from quantimodo.accounts.errors import PasskeyRefused
from quantimodo.crypto.digests import compare_digest, digest, keyed_digest
from quantimodo.model.passkeys import UsedChallenge
from quantimodo.model.texts import N_
from quantimodo.ports.clock import Clock, Entropy

LIFETIME: Final = timedelta(minutes=10)
_NONCE: Final = 16
_BODY: Final = _NONCE + 8
_LENGTH: Final = _BODY + 32

FOREIGN: Final = "the challenge is not one of this browser for this purpose"
EXPIRED: Final = "the challenge has expired"
REPLAYED: Final = "the challenge was used before"
_LATE: Final = N_("This took too long, or the page was open for too long. Try again.")

Purpose = Literal["add", "sign in", "sign in again", "second factor", "set up", "turn on"]


@dataclass(frozen=True, slots=True)
class PasskeyChallenges:
    """The first of `keys` makes new challenges; challenges of all of them are accepted. `holder` is
    what the challenge is bound to: a cookie of the browser, or the key of a session or pending
    login."""

    keys: Sequence[bytes] = field(repr=False)
    clock: Clock
    entropy: Entropy

    def mint(self, purpose: Purpose, holder: str) -> bytes:
        """A new challenge."""
        milliseconds = int(self.clock.now().timestamp() * 1000)
        body = self.entropy.bytes(_NONCE) + milliseconds.to_bytes(8, "big")
        return body + _proof(self.keys[0], purpose, holder, body)

    def check(self, challenge: bytes, purpose: Purpose, holder: str) -> UsedChallenge:
        """The record that its use stores. Raises `PasskeyRefused` for another purpose, another
        holder or an expired challenge."""
        body, proof = challenge[:_BODY], challenge[_BODY:]
        genuine = [compare_digest(proof, _proof(key, purpose, holder, body)) for key in self.keys]
        if len(challenge) != _LENGTH or not any(genuine):
            raise PasskeyRefused(_LATE, FOREIGN)
        milliseconds = int.from_bytes(body[_NONCE:], "big")
        expires_at = datetime.fromtimestamp(milliseconds / 1000, UTC) + LIFETIME
        if expires_at <= self.clock.now():
            raise PasskeyRefused(_LATE, EXPIRED)
        return UsedChallenge(digest(challenge.hex()), expires_at)


def replayed() -> PasskeyRefused:
    """The refusal of a challenge that was used before."""
    return PasskeyRefused(_LATE, REPLAYED)


def _proof(key: bytes, purpose: Purpose, holder: str, body: bytes) -> bytes:
    return keyed_digest(key, "passkey challenge", f"{purpose} {holder} {body.hex()}")
