"""A person's choices of optional e-mails."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from quantimodo.accounts.errors import DomainError
from quantimodo.model.email_choices import EmailChoices, OptionalEmail
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.ports.clock import Clock
from quantimodo.ports.email_choice_store import EmailChoiceStore
from quantimodo.ports.stores import Conflict

WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class EmailPreferences:
    store: EmailChoiceStore
    clock: Clock

    async def of(self, user_id: int) -> EmailChoices:
        """The choices; the defaults of a person who has made none."""
        return await self.store.email_choices(user_id) or EmailChoices()

    async def save(self, user: User, choices: EmailChoices) -> None:
        """Replace them; the first weekly summary comes after a week. Raises `DomainError`."""
        try:
            await self.store.save_email_choices(user.id, choices, self.clock.now() + WEEK)
        except Conflict:
            raise DomainError(N_("The account is not there any more.")) from None

    async def turn_off(self, user_id: int, kind: OptionalEmail) -> None:
        """Turn one kind of e-mail off. Does nothing for a deleted person."""
        choices = replace(await self.of(user_id), **{kind: False})
        with suppress(Conflict):
            await self.store.save_email_choices(user_id, choices, self.clock.now() + WEEK)
