"""Passkeys of people: public keys by which they sign in (Web Authentication)."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskey:
    """A passkey to be added. `public_key` is a COSE key; `rp_id` the host that it works for;
    `transports` how the browser reaches the authenticator; `aaguid` its model, if it says.

    `backup_eligible`: the passkey can be synced; `backed_up`: it was synced at its last use.
    """

    credential_id: bytes
    user_id: int
    rp_id: str
    public_key: bytes
    sign_count: int
    name: str
    transports: tuple[str, ...]
    aaguid: str
    backup_eligible: bool
    backed_up: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey(NewPasskey):
    """A stored passkey. `used_at` is its last sign-in."""

    id: int
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UsedChallenge:
    """The digest of a challenge that must not be used again before it expires."""

    digest: bytes
    expires_at: datetime


class PasskeyRemoval(Enum):
    """The result of an attempt to remove a passkey: `LAST_METHOD`, the person could not sign in any
    more; `SECOND_FACTOR`, it is the second factor, without an authenticator app; `CHANGED`, it is
    not theirs, or the session was ended."""

    REMOVED = "removed"
    LAST_METHOD = "last method"
    SECOND_FACTOR = "second factor"
    CHANGED = "changed"


class PasskeyUse(Enum):
    """The result of an attempt to use a passkey: `REPLAYED`, the challenge was used before;
    `STALE`, the counter did not rise, or the passkey was removed."""

    USED = "used"
    REPLAYED = "replayed"
    STALE = "stale"
