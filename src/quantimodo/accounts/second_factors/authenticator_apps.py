"""The second factor of an authenticator app."""

from dataclasses import dataclass, field
from typing import Final

from quantimodo.accounts.second_factors.recovery_codes import RecoveryCodeFactor
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.crypto.one_time_passwords import matching_step
from quantimodo.model.second_factors import TotpFactor
from quantimodo.model.secrets import Secret
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.ports.clock import Clock
from quantimodo.ports.second_factor_store import SecondFactorStore

LABEL: Final = N_("Code of your authenticator app, or a recovery code")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticatorApps:
    """Implements `SecondFactor`. A response is a code of the app, or a recovery code."""

    store: SecondFactorStore
    recovery_codes: RecoveryCodeFactor
    envelope: Envelope = field(repr=False)
    clock: Clock
    label: str = LABEL

    async def is_set_up(self, user_id: int) -> bool:
        return await self.store.totp_factor(user_id) is not None

    async def verify(self, user: User, response: Secret) -> tuple[str, ...] | None:
        """Each code counts once (RFC 6238 §5.2)."""
        factor = await self.store.totp_factor(user.id)
        if factor is None:
            return None
        if await self._use_code(factor, response):
            return ("otp",)
        # Between the read and the write the secret may have been encrypted under a newer key.
        again = await self.store.totp_factor(user.id)
        resealed = again is not None and again.sealed_secret != factor.sealed_secret
        if again is not None and resealed and await self._use_code(again, response):
            return ("otp",)
        return await self.recovery_codes.verify(user, response)

    async def _use_code(self, factor: TotpFactor, response: Secret) -> bool:
        try:
            secret = open_secret(self.envelope, factor.user_id, factor.sealed_secret)
        except DecryptionFailed:  # the operator removed the key that encrypted it
            return False
        step = matching_step(secret, "".join(response.reveal().split()), self.clock.now())
        if step is None:
            return False
        resealed = reseal_secret(self.envelope, factor)
        return await self.store.use_totp_step(factor, step, resealed)


def seal_secret(envelope: Envelope, user_id: int, secret: Secret) -> bytes:
    """The secret as it is stored: it opens for this person only."""
    return envelope.seal(secret.reveal().encode(), secret_purpose(user_id))


def open_secret(envelope: Envelope, user_id: int, sealed: bytes) -> Secret:
    """Raises `DecryptionFailed`."""
    return Secret(envelope.open(sealed, secret_purpose(user_id)).decode())


def reseal_secret(envelope: Envelope, factor: TotpFactor) -> bytes | None:
    """The secret under the newest key; None if it is already. Raises `DecryptionFailed`."""
    return envelope.reseal(factor.sealed_secret, secret_purpose(factor.user_id))


def secret_purpose(user_id: int) -> str:
    """The purpose under which the secret of this person is encrypted."""
    return f"authenticator app of person {user_id}"
