"""Revokes all personal tokens of a person, with a new password or a sign-out everywhere, and a
token that is presented at the revocation endpoint. `personal_tokens.py` revokes those that the
person chooses."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from quantimodo.accounts.emails.account_templates import EmailTemplates
from quantimodo.accounts.emails.notifier import AccountNotifier
from quantimodo.model.events import Mail
from quantimodo.model.users import User
from quantimodo.ports.clock import Clock
from quantimodo.ports.personal_token_store import PersonalTokenStore

_REVOKED = "personal_token.revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalTokenRevocation:
    store: PersonalTokenStore
    notifier: AccountNotifier
    clock: Clock

    async def count(self, user_id: int) -> int:
        """How many personal tokens of the person have not expired."""
        now = self.clock.now()
        found = await self.store.personal_tokens_of(user_id)
        return sum(not each.has_ended(now) for each in found)

    async def end_all(self, user: User, address: str) -> None:
        """Revoke all personal tokens of this person, and e-mail their names to the person.
        `address` is the network address of the request."""
        now = self.clock.now()
        dropped = await self.store.delete_personal_tokens(user.id)
        names = [each.name for each in dropped if not each.has_ended(now)]
        for name in names:
            self.notifier.record(_REVOKED, user.id, address, name)
        if names:
            await self.notifier.notify(user, partial(_mail_about, names))

    async def end_presented(self, key: bytes, address: str) -> None:
        """Revoke the token with this key, if there is one. Its holder may revoke it (RFC 7009
        §2)."""
        dropped = await self.store.delete_presented_token(key)
        if dropped is not None:
            self.notifier.record(_REVOKED, dropped.user_id, address, dropped.name)


def _mail_about(names: Sequence[str], email_templates: EmailTemplates, to: str) -> Mail:
    return email_templates.personal_tokens_ended(to, names)
