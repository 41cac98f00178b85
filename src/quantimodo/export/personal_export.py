"""Exports everything of one account, for its person, as one ZIP file.

Owns who may export an account, and the record of it. The other modules of this package write the
files.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from quantimodo.accounts.emails.account_templates import EmailTemplates
from quantimodo.accounts.emails.notifier import AccountNotifier
from quantimodo.accounts.second_factors.set_up import SecondFactors
from quantimodo.accounts.throttle import Throttle
from quantimodo.export.parts import FileSource, Part
from quantimodo.export.readme import readme
from quantimodo.export.zip_stream import zip_stream
from quantimodo.model.sessions import Session
from quantimodo.model.users import User
from quantimodo.ports.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalExport:
    """`sources` are the files after the README, in their order."""

    issuer: str
    sources: Sequence[FileSource]
    second_factors: SecondFactors
    throttle: Throttle
    notifier: AccountNotifier
    clock: Clock

    async def require_recent_login(self, session: Session) -> None:
        """Raises `ReauthenticationNeeded` (security.md §18)."""
        await self.second_factors.require_recent_login(session)

    async def begin(self, session: Session) -> AsyncGenerator[bytes, None]:
        """The ZIP file of this session's person, in parts. Each part is read when it is requested.

        Raises `ReauthenticationNeeded` and `TooMany` before the first part, and then what a read
        of measurements raises (`measurements/read_limits.py`).
        """
        await self.require_recent_login(session)
        user, now = session.user, self.clock.now()
        await self.throttle.export(user.id)
        self.notifier.record("data.exported", user.id, session.address)
        await self.notifier.notify(user, EmailTemplates.data_exported)
        descriptions = [each for source in self.sources for each in source.descriptions]
        # The language is fixed here, because the request has ended when the parts are read.
        head = readme(user, self.issuer, now, descriptions)
        return zip_stream(self._parts(user, head), now)

    async def _parts(self, user: User, head: Part) -> AsyncGenerator[Part, None]:
        yield head
        for source in self.sources:
            async with aclosing(source.parts(user)) as parts:
                async for part in parts:
                    yield part
