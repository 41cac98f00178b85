"""Codes and tokens of the sandbox: encrypted values that any worker process can decrypt.

Nothing is stored, except that each process remembers which codes it has redeemed.
"""

from base64 import urlsafe_b64decode
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from quantimodo.crypto.digests import digest
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.crypto.jwt import base64url
from quantimodo.ports.clock import Clock
from quantimodo.sandbox.fake_providers import PartyName
from quantimodo.sandbox.people import Person, find_person

GrantKind = Literal["code", "access", "refresh"]

_PURPOSE: Final = "sandbox"
_LONGEST: Final = 8192
# The prefixes of the real ones, for clients that distinguish tokens by their prefix.
_PREFIXES: Final = {
    ("google", "code"): "4/0",
    ("google", "access"): "ya29.",
    ("google", "refresh"): "1//0",
    ("facebook", "code"): "AQ",
    ("facebook", "access"): "EAA",
}
_LIFETIMES: Final[dict[GrantKind, timedelta]] = {
    "code": timedelta(minutes=10),
    "access": timedelta(hours=1),
    "refresh": timedelta(days=30),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The content of a code or a token. `presenter`: the app on the device (`azp`).

    `limited`: Facebook's access token of an iPhone without tracking consent.
    """

    fake_provider: PartyName
    client_id: str
    presenter: str
    person: str
    address: str
    trust: str
    scope: str
    chosen_at: int
    nonce: str | None = None
    redirect_uri: str = ""
    challenge: str | None = None
    offline: bool = False
    limited: bool = False
    kind: GrantKind = "code"
    expires_at: int = 0

    @property
    def who(self) -> Person:
        """The person who signed in there."""
        found = find_person(self.person, self.address, self.trust)
        if found is None:  # encrypted here, so the person existed
            raise LookupError("a sealed grant names no person")
        return found

    def has(self, scope: str) -> bool:
        """Whether the scope was granted."""
        return scope in self.scope.replace(",", " ").split()


@dataclass(frozen=True, slots=True)
class SealedGrants:
    envelope: Envelope
    clock: Clock

    def seal(self, grant: Grant, kind: GrantKind, lifetime: timedelta | None = None) -> str:
        """A code or token with `grant` as its content, valid for `lifetime`."""
        until = self.clock.now() + (lifetime or _LIFETIMES[kind])
        whole = replace(grant, kind=kind, expires_at=int(until.timestamp()))
        sealed = self.envelope.seal(msgspec.json.encode(whole), _PURPOSE)
        return _PREFIXES.get((grant.fake_provider, kind), "") + base64url(sealed).decode()

    def open(self, text: str, kind: GrantKind, fake_provider: PartyName) -> Grant | None:
        """Its grant; None for an expired, foreign or forged one."""
        prefix = _PREFIXES.get((fake_provider, kind), "")
        if len(text) > _LONGEST or not text.isascii() or not text.startswith(prefix):
            return None
        try:
            sealed = urlsafe_b64decode(text[len(prefix) :] + "===")
            grant = msgspec.json.decode(self.envelope.open(sealed, _PURPOSE), type=Grant)
        except (ValueError, DecryptionFailed, msgspec.DecodeError):
            return None
        alive = self.clock.now().timestamp() < grant.expires_at
        return (
            grant if alive and (grant.kind, grant.fake_provider) == (kind, fake_provider) else None
        )


@dataclass(slots=True)
class SpentCodes:
    """The codes that this process has redeemed and that have not expired yet."""

    _until: dict[bytes, int] = field(default_factory=dict)

    def spend(self, code: str, expires_at: int, now: datetime) -> bool:
        """True the first time."""
        moment = now.timestamp()
        for key in [key for key, until in self._until.items() if until <= moment]:
            del self._until[key]
        key = digest(code)
        if key in self._until:
            return False
        self._until[key] = expires_at
        return True
