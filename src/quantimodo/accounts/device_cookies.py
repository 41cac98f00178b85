"""Device cookies: failed sign-ins in a browser that an account has used have a separate counter.

OWASP, "Slow Down Online Guessing Attacks with Device Cookies" (security.md §23a). Owns the name and
the value of such a cookie. It is no authentication factor: it only selects the counter of an
attempt. `throttle.py` counts, and `pages/browser.py` sets the cookie.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from quantimodo.crypto.digests import compare_digest, keyed_digest
from quantimodo.model.secrets import Secret
from quantimodo.model.users import User
from quantimodo.ports.clock import Clock, Entropy

DEVICE_COOKIE_LIFETIME: Final = timedelta(days=180)
MOST_DEVICE_COOKIES: Final = 5  # in one browser
_NO_PERSON: Final = 0  # no person has this id
_NAME_BYTES: Final = 8
_NAME: Final = re.compile(r"[0-9a-f]{16}")
_NONCE_BYTES: Final = 16
_VALUE: Final = re.compile(r"([0-9a-f]{32})\.([0-9]{1,12})\.([0-9a-f]{64})")
_ABSENT: Final = ("0" * 32, "0", "0" * 64)


@dataclass(frozen=True, slots=True)
class MintedDeviceCookie:
    """`replaced`: the names of the browser's older cookies that are to be deleted."""

    name: str
    value: Secret
    replaced: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCookies:
    """The first of `keys` makes new cookies; cookies of all of them are accepted."""

    keys: Sequence[bytes] = field(repr=False)
    clock: Clock
    entropy: Entropy

    def names(self, user_id: int) -> tuple[str, ...]:
        """The names that this person's cookie has under each key, the current one first."""
        return tuple(_name(key, user_id) for key in self.keys)

    def mint(self, user_id: int, held: Mapping[str, str]) -> MintedDeviceCookie:
        """A new cookie for the browser in which this person has just signed in. `held` has the
        device cookies of the browser by name."""
        current, *older = self.names(user_id)
        # Only names of this server are used, because they become part of response headers.
        ours = {name for name in held if _NAME.fullmatch(name)}
        others = sorted(ours - {current, *older}, key=lambda name: _claimed_issue_time(held[name]))
        spare = max(0, len(others) + 1 - MOST_DEVICE_COOKIES)
        replaced = (*others[:spare], *(name for name in older if name in ours))
        return MintedDeviceCookie(current, self._value(user_id), replaced)

    def device(self, user: User | None, cookies: Mapping[str, str]) -> str | None:
        """The nonce of this person's valid cookie among `cookies`, which are by name; None without
        one. The work is the same whether or not there is such a person or cookie (security.md
        §21)."""
        user_id = _NO_PERSON if user is None else user.id
        oldest = (self.clock.now() - DEVICE_COOKIE_LIFETIME).timestamp()
        found = None
        for key in self.keys:
            nonce, issued, proof = _parts(cookies.get(_name(key, user_id), ""))
            genuine = compare_digest(proof.encode(), _proof(key, user_id, nonce, issued).encode())
            if genuine and int(issued) > oldest and user is not None and found is None:
                found = nonce
        return found

    def _value(self, user_id: int) -> Secret:
        nonce = self.entropy.bytes(_NONCE_BYTES).hex()
        issued = str(int(self.clock.now().timestamp()))
        proof = _proof(self.keys[0], user_id, nonce, issued)
        return Secret(f"{nonce}.{issued}.{proof}")


def _claimed_issue_time(value: str) -> int:
    # Not verified: the key of the proof needs the person, who is not known here.
    return int(_parts(value)[1])


def _parts(value: str) -> tuple[str, str, str]:
    matched = _VALUE.fullmatch(value)
    return _ABSENT if matched is None else (matched[1], matched[2], matched[3])


def _name(key: bytes, user_id: int) -> str:
    return keyed_digest(key, "device cookie name", str(user_id))[:_NAME_BYTES].hex()


def _proof(key: bytes, user_id: int, nonce: str, issued: str) -> str:
    return keyed_digest(key, "device cookie", f"{user_id} {nonce} {issued}").hex()
