"""Whether a login needs a second factor, and the check of a response to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quantimodo.accounts.device_cookies import DeviceCookies
from quantimodo.accounts.errors import SecondFactorMissing, TooMany
from quantimodo.accounts.second_factors.factor_recovery import FactorRecoveries
from quantimodo.accounts.second_factors.notices import SecondFactorNotices
from quantimodo.accounts.second_factors.requirement import SecondFactorRequirement
from quantimodo.accounts.second_factors.trusted_browsers import TrustedBrowsers
from quantimodo.accounts.throttle import Throttle
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import PendingLogin
from quantimodo.model.users import User
from quantimodo.ports.passkey_store import PasskeyStore
from quantimodo.ports.second_factor import SecondFactor


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorCheck:
    """`factors` are those of this server. A person of whom the operator requires a factor, and who
    has none, has to add one. `host`: passkeys work for it."""

    throttle: Throttle
    devices: DeviceCookies
    passkeys: PasskeyStore
    host: str
    notices: SecondFactorNotices
    requirement: SecondFactorRequirement
    trusted_browsers: TrustedBrowsers
    recoveries: FactorRecoveries
    factors: Sequence[SecondFactor] = ()

    async def factor_of(self, user: User) -> SecondFactor | None:
        """The second factor with which this person signs in."""
        for factor in self.factors:
            if await factor.is_set_up(user.id):
                return factor
        return None

    async def has_usable_passkey(self, user: User) -> bool:
        """Whether a passkey of this person works here. It can be used instead of a code; by itself
        it does not make a second factor necessary."""
        return any(each.rp_id == self.host for each in await self.passkeys.passkeys_of(user.id))

    async def has_passkey(self, user: User, credential_id: bytes) -> bool:
        """Whether this passkey is one of this person's."""
        found = await self.passkeys.passkey(credential_id)
        return found is not None and found.user_id == user.id

    async def is_needed(self, user: User, trusted: Secret | None = None) -> bool:
        """Whether the first proof alone does not sign this person in. `trusted` is the cookie of a
        trusted browser, for a login that it may shorten."""
        if await self.factor_of(user) is None:
            return await self.is_required(user)
        return not await self.trusted_browsers.trusts(user, trusted)

    async def is_required(self, user: User) -> bool:
        """Whether the operator requires a second factor of this person."""
        return await self.requirement.applies_to(user)

    async def require_for_apps(self, user: User) -> None:
        """Raises `SecondFactorMissing` for a person without a second factor, where people who
        register and change applications need one."""
        if not self.requirement.developers or await self.factor_of(user) is not None:
            return
        if not await self.has_usable_passkey(user):
            raise SecondFactorMissing

    async def verify(
        self,
        factor: SecondFactor,
        pending: PendingLogin,
        response: Secret,
        device_cookies: Mapping[str, str],
    ) -> tuple[str, ...] | None:
        """The `amr` values that the response adds; None for a wrong one. Raises `TooMany`."""
        device = await self.count(pending, device_cookies)
        methods = await factor.verify(pending.user, response)
        if methods is not None:
            await self.throttle.second_factor_passed(pending.user.id, device)
        return methods

    async def count(self, pending: PendingLogin, device_cookies: Mapping[str, str]) -> str | None:
        """Count a response, by a code or a passkey, before its check. Returns the device of the
        person, if the browser is one. Raises `TooMany`.

        The person gets one e-mail a day about a limit that was reached. Guesses from elsewhere do
        not lock the person out of a browser that they use (security.md §23a).
        """
        user, login = pending.user, pending.key.hex()
        device = self.devices.device(user, device_cookies)
        try:
            await self.throttle.second_factor(user.id, login, device)
        except TooMany:
            if await self.throttle.is_first_notice(user.id):
                await self.notices.limit_reached(user)
            raise
        return device
