"""Creates, disables and enables accounts, for the operator."""

from dataclasses import dataclass

from quantimodo.accounts.account_creation import AccountCreation
from quantimodo.accounts.addresses import email_address, person_name
from quantimodo.accounts.credentials import Credentials
from quantimodo.accounts.sessions import Sessions
from quantimodo.model.events import Event
from quantimodo.model.secrets import Secret
from quantimodo.model.users import User
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLifecycle:
    """Each action is recorded in the audit trail."""

    users: UserStore
    sessions: Sessions
    credentials: Credentials
    creation: AccountCreation
    clock: Clock
    audit: Audit

    async def create(
        self,
        *,
        email: str,
        name: str,
        password: Secret | None,
        verified: bool = False,
    ) -> User:
        """Create an account. Raises `InvalidInput`, `Conflict`, `Busy`."""
        email, name = email_address(email), person_name(name)
        password_hash = None
        if password is not None:
            await self.credentials.check_new(password, email=email, name=name, address=None)
            password_hash = await self.credentials.hash(password)
        return await self.creation.create(
            email=email,
            name=name,
            password_hash=password_hash,
            verified=verified,
        )

    async def disable(self, user_id: int) -> bool:
        """Disable the account and end its sessions; False if there is no such person."""
        disabled = await self.users.set_disabled(user_id, self.clock.now())
        if disabled:
            await self.sessions.end_all(user_id)
            self._record("account.disabled", user_id)
        return disabled

    async def enable(self, user_id: int) -> bool:
        """Enable the account; False if there is no such person."""
        enabled = await self.users.set_disabled(user_id, None)
        if enabled:
            self._record("account.enabled", user_id)
        return enabled

    def _record(self, kind: str, user_id: int) -> None:
        self.audit.record(Event(at=self.clock.now(), kind=kind, user_id=user_id))
