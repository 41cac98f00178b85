"""Imported accounts, with their rows in `users`, `passwords`, `identities` and `consents`."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from quantimodo.model.consents import Consent
from quantimodo.model.user_imports import ImportedPerson, ImportOutcome
from quantimodo.model.users import fold_email
from quantimodo.storage.database import Operation, Statement
from quantimodo.storage.rows import first_value
from quantimodo.storage.tables.consents import save_consent
from quantimodo.storage.tables.ended_sign_ins import sign_ins_ended_at
from quantimodo.storage.tables.identities import insert_identity
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.users import DISABLE, FIRST_PASSWORD, insert_user
from quantimodo.storage.timestamps import to_micros, to_micros_or_none

_BY_SUBJECT: Final = Statement("SELECT id FROM users WHERE subject = {1}")
_BY_EMAIL: Final = Statement("SELECT id FROM users WHERE email_key = {1}")
_BY_IDENTITY: Final = Statement(
    "SELECT user_id FROM identities WHERE issuer = {1} AND subject = {2}"
)


class UserImports(Table):
    """Implements `UserImportStore`."""

    async def import_people(self, people: Sequence[ImportedPerson]) -> Sequence[ImportOutcome]:
        def operation() -> Operation[list[ImportOutcome]]:
            outcomes = []
            for person in people:
                held = yield from _find_held(person)
                outcomes.append(_outcome(person, held) if held else (yield from _add(person)))
            return outcomes

        return await self._database.write(operation)

    async def examine_people(self, people: Sequence[ImportedPerson]) -> Sequence[ImportOutcome]:
        return [await self._examine(person) for person in people]

    async def _examine(self, person: ImportedPerson) -> ImportOutcome:
        user = person.user
        found = [("subject", first_value(await self._database.rows(_BY_SUBJECT, user.subject)))]
        if user.email is not None:
            email = fold_email(user.email)
            found.append(("email", first_value(await self._database.rows(_BY_EMAIL, email))))
        for each in person.identities:
            key = (each.issuer, each.subject)
            found.append(("identity", first_value(await self._database.rows(_BY_IDENTITY, *key))))
        held = [_Held(what, user_id) for what, user_id in found if user_id is not None]
        return _outcome(person, held) if held else ImportOutcome("added")


class _Lookup(NamedTuple):
    """Finds the account that has an identifier: a `subject`, an `email` or an `identity`."""

    what: str
    statement: Statement
    values: tuple[str, ...]


class _Held(NamedTuple):
    """An account that has an identifier of this kind."""

    what: str
    user_id: int


def _lookups(person: ImportedPerson) -> list[_Lookup]:
    lookups = [_Lookup("subject", _BY_SUBJECT, (person.user.subject,))]
    if person.user.email is not None:
        lookups.append(_Lookup("email", _BY_EMAIL, (fold_email(person.user.email),)))
    lookups += [
        _Lookup("identity", _BY_IDENTITY, (each.issuer, each.subject)) for each in person.identities
    ]
    return lookups


def _find_held(person: ImportedPerson) -> Operation[list[_Held]]:
    """The accounts that have the subject, the address or an identity of this person."""
    held = []
    for what, statement, values in _lookups(person):
        rows = yield statement, values
        if rows:
            held.append(_Held(what, int(first_value(rows))))
    return held


def _outcome(person: ImportedPerson, held: Sequence[_Held]) -> ImportOutcome:
    """Whether one account is the person's own: it has the subject or the address, or, of a person
    without an address, an identity."""
    one = len({user_id for _, user_id in held}) == 1
    known = person.user.email is None or any(what != "identity" for what, _ in held)
    return ImportOutcome("present" if one and known else "conflict")


def _add(person: ImportedPerson) -> Operation[ImportOutcome]:
    user_id: int = first_value((yield insert_user(person.user)))
    created_at = to_micros(person.user.created_at)
    if person.password_hash is not None:
        yield FIRST_PASSWORD, (user_id, person.password_hash, created_at)
    if person.disabled_at is not None:
        yield DISABLE, (user_id, to_micros_or_none(person.disabled_at))
    for identity in person.identities:
        ended_at = yield from sign_ins_ended_at(identity.issuer, identity.subject)
        yield insert_identity(user_id, identity, ended_at)
    for each in person.consents:
        consent = Consent(
            user_id=user_id,
            client_id=each.client_id,
            scope=each.scope,
            granted_at=each.granted_at,
            updated_at=each.granted_at,
        )
        yield from save_consent(consent, decided=True)
    return ImportOutcome("added", user_id)
