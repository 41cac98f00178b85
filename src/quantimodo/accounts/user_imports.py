"""Imports accounts of another server: each record is read, checked and stored, once.

Owns the fields of a record, and the rule that existing accounts are never changed.
`cli/users/import_files.py` reads the formats of files, `crypto/imported_passwords.py` the password
hashes of other servers.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from quantimodo.accounts.account_creation import mint_subject
from quantimodo.accounts.addresses import email_address, shown_name
from quantimodo.accounts.errors import InvalidInput
from quantimodo.crypto.imported_passwords import UnusableHash, imported_hash
from quantimodo.model.events import Event
from quantimodo.model.identities import NewIdentity
from quantimodo.model.user_imports import ImportedConsent, ImportedPerson, ImportOutcome
from quantimodo.model.users import NewUser, fold_email
from quantimodo.ports.audit import Audit
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.user_import_store import UserImportStore
from quantimodo.protocol.scopes import KNOWN

_FIELDS: Final[Mapping[str, type | tuple[type, ...]]] = {
    "subject": str,
    "email": str,
    "email_verified": bool,
    "name": str,
    "password_hash": str,
    "created_at": str,
    "disabled": bool,
    "identities": list,
    "consents": list,
}
_IDENTITY_FIELDS: Final = frozenset({"provider", "issuer", "subject"})
_CONSENT_FIELDS: Final = frozenset({"client_id", "scope", "granted_at"})
_SUBJECT: Final = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
_OLDEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
_MOST_ENTRIES: Final = 50
_LONGEST_ID: Final = 255


class InvalidRecord(Exception):
    """`faults` has a line for each fault of one record. They never contain a value of it."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(slots=True)
class Seen:
    """The addresses, subjects and identities of the records of a file that were read so far. None
    may occur twice."""

    keys: set[tuple[str, ...]] = field(default_factory=set)

    def faults(self, person: ImportedPerson) -> Iterator[str]:
        """The fields of this record whose value an earlier record has too."""
        keys: list[tuple[str, ...]] = [("subject", person.user.subject)]
        if person.user.email is not None:
            keys.append(("email", fold_email(person.user.email)))
        keys += [("identities", each.issuer, each.subject) for each in person.identities]
        for key in keys:
            if key in self.keys:
                yield f"{key[0]}: an earlier record has the same"
            self.keys.add(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserImports:
    """`issuers` are those of the configured providers, by name; "" for one without a single issuer.
    `trust_emails`: whether an address counts as confirmed where the record says so."""

    store: UserImportStore
    clients: ClientStore
    issuers: Mapping[str, str]
    trust_emails: bool
    clock: Clock
    entropy: Entropy
    audit: Audit

    async def parse(self, record: Mapping[str, Any]) -> ImportedPerson:
        """The person of one record. A field that is null counts as missing. Raises
        `InvalidRecord`."""
        record = {name: value for name, value in record.items() if value is not None}
        faults = list(_faults_of_fields(record))
        if faults:
            raise InvalidRecord(faults)
        now = self.clock.now()
        reading = _Reading(record, now, faults)
        email = reading.email()
        created_at = reading.moment(record, "created_at", "created_at") or now
        name = shown_name(record.get("name", ""), email)
        user = NewUser(
            subject=reading.subject() or mint_subject(self.entropy),
            name=name,
            email=email,
            created_at=created_at,
            email_verified_at=self._verified_at(record, email, now),
        )
        identities = reading.identities(self.issuers, name)
        consents = [each async for each in self._consents(reading)]
        if email is None and not identities and not faults:
            faults.append("email: a person needs an address or an identity")
        person = ImportedPerson(
            user=user,
            password_hash=reading.password_hash(),
            disabled_at=now if record.get("disabled") else None,
            identities=tuple(identities),
            consents=tuple(consents),
        )
        if faults:
            raise InvalidRecord(faults)
        return person

    async def write(self, people: Sequence[ImportedPerson]) -> Sequence[ImportOutcome]:
        """Store them in one transaction. Raises `Conflict`."""
        outcomes = await self.store.import_people(people)
        now = self.clock.now()
        for outcome in outcomes:
            if outcome.user_id is not None:
                self.audit.record(
                    Event(
                        at=now, kind="account.created", user_id=outcome.user_id, detail="imported"
                    )
                )
        return outcomes

    async def examine(self, people: Sequence[ImportedPerson]) -> Sequence[ImportOutcome]:
        """What `write` would do now, without writing."""
        return await self.store.examine_people(people)

    def _verified_at(
        self, record: Mapping[str, Any], email: str | None, now: datetime
    ) -> datetime | None:
        trusted = self.trust_emails and record.get("email_verified", False)
        return now if trusted and email is not None else None

    async def _consents(self, reading: "_Reading") -> Any:
        for number, entry in enumerate(reading.entries("consents", _CONSENT_FIELDS)):
            where = f"consents[{number}]"
            client = await self.clients.client(str(entry.get("client_id", "")))
            scope = frozenset(str(entry.get("scope", "")).split())
            if client is None:
                reading.faults.append(f"{where}.client_id: no such client is registered here")
            elif not scope or not scope <= (client.scope & KNOWN):
                reading.faults.append(f"{where}.scope: must be scopes that the client has here")
            else:
                at = reading.moment(entry, "granted_at", f"{where}.granted_at") or reading.now
                yield ImportedConsent(client_id=client.id, scope=scope, granted_at=at)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One record whose fields have their types. Faults are added to `faults`."""

    record: Mapping[str, Any]
    now: datetime
    faults: list[str]

    def email(self) -> str | None:
        text = self.record.get("email")
        if text is None or text == "":
            return None
        try:
            return email_address(text)
        except InvalidInput:
            self.faults.append("email: is no e-mail address")
            return None

    def subject(self) -> str | None:
        text = self.record.get("subject")
        if text is not None and not _SUBJECT.fullmatch(text):
            self.faults.append("subject: must have 1 to 255 ASCII characters and no spaces")
        return text

    def password_hash(self) -> str | None:
        text = self.record.get("password_hash")
        if not text:
            return None
        try:
            return imported_hash(text)
        except UnusableHash as fault:
            self.faults.append(f"password_hash: {fault}")
            return None

    def moment(self, entry: Mapping[str, Any], name: str, where: str) -> datetime | None:
        text = entry.get(name)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except (TypeError, ValueError):
            moment = None
        if moment is None or moment.tzinfo is None or not _OLDEST <= moment <= self.now:
            self.faults.append(f"{where}: must be a past time such as 2024-05-01T12:00:00Z")
            return None
        return moment.astimezone(UTC)

    def entries(self, name: str, known: frozenset[str]) -> Sequence[Mapping[str, Any]]:
        entries = self.record.get(name, [])
        if len(entries) > _MOST_ENTRIES:
            self.faults.append(f"{name}: must have at most {_MOST_ENTRIES} entries")
            return []
        for number, entry in enumerate(entries):
            if not isinstance(entry, dict) or not all(
                isinstance(one, str) for one in entry.values()
            ):
                self.faults.append(f"{name}[{number}]: must be an object of texts")
            elif not entry.keys() <= known:
                self.faults.append(f"{name}[{number}]: has only {', '.join(sorted(known))}")
        return [] if self.faults else entries

    def identities(self, issuers: Mapping[str, str], name: str) -> list[NewIdentity]:
        found = []
        for number, entry in enumerate(self.entries("identities", _IDENTITY_FIELDS)):
            where, provider = f"identities[{number}]", entry.get("provider", "")
            subject = entry.get("subject", "")
            issuer = entry.get("issuer") or issuers.get(provider, "")
            if provider not in issuers:
                self.faults.append(f"{where}.provider: is no provider in the settings")
            elif not issuer or len(issuer) > 400 or not issuer.isprintable():
                self.faults.append(f"{where}.issuer: must be set for this provider")
            elif not 0 < len(subject) <= _LONGEST_ID or not subject.isprintable():
                self.faults.append(f"{where}.subject: must be the id of the account there")
            else:
                found.append(
                    NewIdentity(
                        provider=provider,
                        issuer=issuer,
                        subject=subject,
                        name=name,
                        email=None,
                        created_at=self.now,
                        stated_at=self.now,
                    )
                )
        return found


def _faults_of_fields(record: Mapping[str, Any]) -> Iterator[str]:
    for name, value in record.items():
        if name not in _FIELDS:
            # The name may be a value in the wrong place, so it is not repeated.
            yield f"a field that is not known; known are {', '.join(_FIELDS)}"
        elif not isinstance(value, _FIELDS[name]):
            yield f"{name}: has the wrong type"
