"""The tables `profiles` and `pairwise_subjects`: profile claims and pairwise subjects of a
person."""

from dataclasses import replace
from datetime import datetime

import msgspec

from quantimodo.model.user_profiles import Profile
from quantimodo.protocol.app_events import changed_claims
from quantimodo.storage.database import KeyedRead, Operation, Statement
from quantimodo.storage.rows import first_value
from quantimodo.storage.tables.event_outbox import report_claims
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import from_micros, to_micros

_PROFILE = KeyedRead("SELECT user_id, claims, updated_at FROM profiles WHERE user_id")
_CLAIMS = Statement("SELECT claims FROM profiles WHERE user_id = {1}")
_SAVE_PROFILE = Statement(
    "INSERT INTO profiles (user_id, claims, updated_at) VALUES ({1}, {2}, {3})"
    " ON CONFLICT (user_id) DO UPDATE SET claims = excluded.claims,"
    " updated_at = excluded.updated_at"
)
_SUBJECT = Statement("SELECT subject FROM pairwise_subjects WHERE user_id = {1} AND sector = {2}")
_ADD_SUBJECT = Statement(
    "INSERT INTO pairwise_subjects (user_id, sector, subject) VALUES ({1}, {2}, {3})"
    " ON CONFLICT (user_id, sector) DO NOTHING"
)


def _claims_text(profile: Profile) -> str:
    fields = msgspec.to_builtins(replace(profile, updated_at=None))
    given = {name: value for name, value in fields.items() if value}
    return msgspec.json.encode(given).decode()


class Profiles(Table):
    """Implements `ProfileStore`."""

    async def profile(self, user_id: int) -> Profile | None:
        row = await self._database.one(_PROFILE, user_id)
        if row is None:
            return None
        _, claims, updated_at = row
        profile = msgspec.json.decode(claims, type=Profile)
        return replace(profile, updated_at=from_micros(updated_at))

    async def save_profile(self, user_id: int, profile: Profile, at: datetime) -> None:
        moment = to_micros(at)

        def operation() -> Operation[None]:
            stored = first_value((yield _CLAIMS, (user_id,)))
            before = Profile() if stored is None else msgspec.json.decode(stored, type=Profile)
            yield _SAVE_PROFILE, (user_id, _claims_text(profile), moment)
            yield from report_claims(user_id, changed_claims(before, profile), moment)

        await self._database.write(operation)


class Subjects(Table):
    """Implements `SubjectStore`."""

    async def pairwise_subject(self, user_id: int, sector: str) -> str | None:
        subject: str | None = first_value(await self._database.rows(_SUBJECT, user_id, sector))
        return subject

    async def add_pairwise_subject(self, user_id: int, sector: str, subject: str) -> str:
        def operation() -> Operation[str]:
            yield _ADD_SUBJECT, (user_id, sector, subject)
            return str(first_value((yield _SUBJECT, (user_id, sector))))

        return await self._database.write(operation)
