"""Actions of administrators and commands on signing keys and providers."""

from dataclasses import dataclass
from datetime import timedelta

from quantimodo.accounts.errors import DomainError
from quantimodo.app.composition.services import AppContext
from quantimodo.app.settings.stored import encrypt_again
from quantimodo.federation.providers.oidc import Oidc
from quantimodo.model.admin_actions import Authority
from quantimodo.model.keys import ALGORITHMS, WIDELY_KNOWN
from quantimodo.model.texts import N_
from quantimodo.outbound.errors import ProviderFault
from quantimodo.ports.admin_stores import AdminLog


@dataclass(frozen=True, slots=True)
class KeyRotations:
    """Implements `KeyAdministration`."""

    context: AppContext
    admin_log: AdminLog

    async def rotate(self, by: Authority, *, now: bool, every: bool = False) -> None:
        # Checked first: new keys under a wrong secret key could never be decrypted.
        await self.context.keyring.load()
        await self.admin_log.record(by, "keys.rotate-now" if now else "keys.rotate")
        before = timedelta(0) if now else self.context.settings.keys.publish_before
        algorithms = ALGORITHMS if now or every else WIDELY_KNOWN
        if not await self.context.rotation.rotate(before, algorithms):
            raise DomainError(
                N_("No key was made: another process rotates the keys just now. Try again.")
            )
        await self.context.keyring.load()
        # With the secret key in mind: what it seals for long is sealed by the newest one then.
        await self.context.registry.reseal()
        await encrypt_again(self.context.stores.stored_settings, self.context.envelope)


@dataclass(frozen=True, slots=True)
class ProviderTests:
    """Tests whether the sign-in providers can be used, as `quantimodo doctor` does."""

    context: AppContext

    async def fault(self, name: str) -> str:
        """What is wrong with this provider; "" if nothing is. Fetches its documents through the
        guarded HTTP client."""
        provider = self.context.providers[name]
        try:
            await (provider.examine() if isinstance(provider, Oidc) else provider.destination())
        except ProviderFault as fault:
            return fault.because or fault.message
        return ""
