"""Whether a login needs a second factor, and the check of a response to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quantimodo.accounts.device_cookies import DeviceCookies
from quantimodo.accounts.throttle import Throttle
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import PendingLogin
from quantimodo.model.users import User
from quantimodo.ports.passkeys import PasskeyStore
from quantimodo.ports.second_factor import SecondFactor


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorCheck:
    """`factors` are those of this server. `required`: a person without one has to add one. `host`:
    passkeys work for it."""

    throttle: Throttle
    devices: DeviceCookies
    passkeys: PasskeyStore
    host: str
    factors: Sequence[SecondFactor] = ()
    required: bool = False

    async def factor_of(self, user: User) -> SecondFactor | None:
        """The second factor with which this person signs in."""
        for factor in self.factors:
            if await factor.is_set_up(user.id):
                return factor
        return None

    async def has_usable_passkey(self, user: User) -> bool:
        """Whether a passkey of this person works here. It can be used instead of the factor; by
        itself it does not make one necessary."""
        return any(each.rp_id == self.host for each in await self.passkeys.passkeys_of(user.id))

    async def has_passkey(self, user: User, credential_id: bytes) -> bool:
        """Whether this passkey is one of this person's."""
        found = await self.passkeys.passkey(credential_id)
        return found is not None and found.user_id == user.id

    async def is_needed(self, user: User) -> bool:
        """Whether the first proof alone does not sign this person in."""
        return self.required or await self.factor_of(user) is not None

    async def verify(
        self,
        factor: SecondFactor,
        pending: PendingLogin,
        response: Secret,
        device_cookies: Mapping[str, str],
    ) -> tuple[str, ...] | None:
        """The `amr` values that the response adds; None for a wrong one. Raises `TooMany`.

        Guesses from elsewhere do not lock the person out of a browser that they use (security.md
        §23a).
        """
        user, login = pending.user, pending.key.hex()
        device = self.devices.device(user, device_cookies)
        await self.throttle.second_factor(user.id, login, device)
        methods = await factor.verify(user, response)
        if methods is not None:
            await self.throttle.second_factor_passed(user.id, device)
        return methods
