"""Events and e-mails about a person's second factor."""

from dataclasses import dataclass
from datetime import datetime

from quantimodo.accounts.emails.account_templates import EmailTemplates
from quantimodo.accounts.emails.notifier import AccountNotifier
from quantimodo.model.secrets import Secret
from quantimodo.model.users import User


@dataclass(frozen=True, slots=True)
class SecondFactorNotices:
    """Each method records an event and sends an e-mail to the verified address of the person.
    `address` is the network address of the request."""

    notifier: AccountNotifier

    async def added(self, user: User, address: str = "") -> None:
        """Record and mail that an authenticator app was set up."""
        self.notifier.record("second_factor.added", user.id, address)
        await self.notifier.notify(user, EmailTemplates.second_factor_added)

    async def passkey_added(self, user: User, address: str = "") -> None:
        """Record and mail that passkeys became the second factor."""
        self.notifier.record("second_factor.added", user.id, address, "passkey")
        await self.notifier.notify(user, EmailTemplates.second_factor_by_passkey)

    async def replaced(self, user: User, address: str = "") -> None:
        """Record and mail that another authenticator app replaced the first."""
        self.notifier.record("second_factor.replaced", user.id, address)
        await self.notifier.notify(user, EmailTemplates.second_factor_replaced)

    async def removed(self, user: User, address: str = "") -> None:
        """Record and mail that two-step verification is off."""
        self.notifier.record("second_factor.removed", user.id, address)
        await self.notifier.notify(user, EmailTemplates.second_factor_removed)

    async def reset(self, user: User) -> None:
        """Record and mail that the operator removed the second factor."""
        self.notifier.record("second_factor.reset", user.id)
        await self.notifier.notify(user, EmailTemplates.second_factor_removed)

    async def codes_replaced(self, user: User, address: str = "") -> None:
        """Record and mail that there are new recovery codes."""
        self.notifier.record("recovery_codes.replaced", user.id, address)
        await self.notifier.notify(user, EmailTemplates.recovery_codes_replaced)

    async def limit_reached(self, user: User) -> None:
        """Record and mail that wrong responses have reached their limit."""
        self.notifier.record("second_factor.limit", user.id)
        await self.notifier.notify(user, EmailTemplates.second_factor_limit)

    async def recovery_requested(self, user: User, raw: Secret, due_at: datetime) -> None:
        """Record and mail that a recovery was requested. `raw` is the token of the link that
        cancels it."""
        self.notifier.record("factor_recovery.requested", user.id)
        await self.notifier.notify(
            user, lambda templates, to: templates.factor_recovery_requested(to, raw, due_at)
        )

    async def recovery_completed(self, user: User) -> None:
        """Record and mail that a recovery turned two-step verification off."""
        self.notifier.record("factor_recovery.completed", user.id)
        await self.notifier.notify(user, EmailTemplates.second_factor_removed)

    def recovery_cancelled(self, user: User) -> None:
        """Record that a recovery was cancelled."""
        self.notifier.record("factor_recovery.cancelled", user.id)

    async def code_used(self, user: User, left: int) -> None:
        """Record and mail that a recovery code was used, with the number of those that are left."""
        self.notifier.record("recovery_code.used", user.id)
        await self.notifier.notify(
            user, lambda templates, to: templates.recovery_code_used(to, left)
        )
