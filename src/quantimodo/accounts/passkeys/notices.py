"""Events and e-mails about a person's passkeys."""

from dataclasses import dataclass

from quantimodo.accounts.emails.account_templates import EmailTemplates
from quantimodo.accounts.emails.notifier import AccountNotifier
from quantimodo.model.users import User


@dataclass(frozen=True, slots=True)
class PasskeyNotices:
    """Each method records an event; those about a change or a copy also send an e-mail to the
    verified address of the person. `address` is the network address of the request, `name` that of
    the passkey."""

    notifier: AccountNotifier

    async def added(self, user: User, name: str, address: str) -> None:
        """Record and mail that a passkey was added."""
        self.notifier.record("passkey.added", user.id, address, name)
        await self.notifier.notify(user, EmailTemplates.passkey_added)

    async def renamed(self, user: User, name: str, address: str) -> None:
        """Record and mail that a passkey has another name."""
        self.notifier.record("passkey.renamed", user.id, address, name)
        await self.notifier.notify(user, EmailTemplates.passkey_renamed)

    async def removed(self, user: User, name: str, address: str) -> None:
        """Record and mail that a passkey was removed."""
        self.notifier.record("passkey.removed", user.id, address, name)
        await self.notifier.notify(user, EmailTemplates.passkey_removed)

    async def reset(self, user: User) -> None:
        """Record and mail that the operator removed all passkeys."""
        self.notifier.record("passkeys.reset", user.id)
        await self.notifier.notify(user, EmailTemplates.passkeys_reset)

    async def copied(self, user: User, name: str, address: str) -> None:
        """Record and mail that a passkey may have been copied: its counter did not rise."""
        self.notifier.record("passkey.copied", user.id, address, name)
        await self.notifier.notify(user, EmailTemplates.passkey_copied)

    def refused(self, user: User | None, address: str, reason: str) -> None:
        """Record that a sign-in by a passkey was refused. `reason` is a fixed text."""
        user_id = None if user is None else user.id
        self.notifier.record("passkey.refused", user_id, address, reason)
