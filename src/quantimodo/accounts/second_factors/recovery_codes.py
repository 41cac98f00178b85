"""Recovery codes: each replaces the code of an authenticator app once.

A code has 80 random bits. Only a keyed digest of it is stored.
"""

import re
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from quantimodo.accounts.second_factors.notices import SecondFactorNotices
from quantimodo.crypto.digests import keyed_digest
from quantimodo.model.secrets import Secret
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.ports.clock import Entropy
from quantimodo.ports.second_factor_store import SecondFactorStore

RECOVERY_CODE: Final = N_("Recovery code")
COUNT: Final = 10
_BYTES: Final = 10
_GROUP: Final = 4  # characters between hyphens
_CODE: Final = re.compile(r"[a-z2-7]{16}")
_IGNORED: Final = re.compile(r"[\s-]")
_LOOKS_LIKE: Final = str.maketrans("018", "olb")  # base32 has no such digits


@dataclass(frozen=True, slots=True)
class RecoveryCodes:
    """The first of `keys` makes new digests; digests of all of them are accepted."""

    entropy: Entropy
    keys: Sequence[bytes] = field(repr=False)

    def mint(self) -> Sequence[Secret]:
        """New codes, as the person writes them down."""
        return [self._mint_code() for _ in range(COUNT)]

    def digests(self, user_id: int, codes: Sequence[Secret]) -> Sequence[bytes]:
        """What is stored of new codes."""
        return [_digest(self.keys[0], user_id, _normalised(code.reveal()) or "") for code in codes]

    def candidates(self, user_id: int, typed: Secret) -> Sequence[bytes]:
        """The digests under which this code may be stored; none for a text that is no such code."""
        code = _normalised(typed.reveal())
        return [] if code is None else [_digest(key, user_id, code) for key in self.keys]

    def _mint_code(self) -> Secret:
        text = b32encode(self.entropy.bytes(_BYTES)).decode().lower()
        return Secret("-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP)))


def _normalised(typed: str) -> str | None:
    code = _IGNORED.sub("", typed).lower().translate(_LOOKS_LIKE)
    return code if _CODE.fullmatch(code) else None


def _digest(key: bytes, user_id: int, code: str) -> bytes:
    return keyed_digest(key, "recovery code", f"{user_id} {code}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodeFactor:
    """Implements `SecondFactor`, for a person whose factor is a passkey. A response is a recovery
    code."""

    store: SecondFactorStore
    recovery_codes: RecoveryCodes
    notices: SecondFactorNotices
    label: str = RECOVERY_CODE

    async def is_set_up(self, user_id: int) -> bool:
        return await self.store.second_factor_set_up_at(user_id) is not None

    async def verify(self, user: User, response: Secret) -> tuple[str, ...] | None:
        """Each code counts once. RFC 8176 has no value for it."""
        for digest in self.recovery_codes.candidates(user.id, response):
            if await self.store.use_recovery_code(user.id, digest):
                left = await self.store.count_recovery_codes(user.id)
                await self.notices.code_used(user, left)
                return ()
        return None
