"""Accounts that are imported from another server."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from quantimodo.model.identities import NewIdentity
from quantimodo.model.users import NewUser


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedConsent:
    """What the person allowed an application on the other server."""

    client_id: str
    scope: frozenset[str]
    granted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedPerson:
    """One person with everything that is imported, in the stored form. `password_hash` is one of
    `crypto/imported_passwords.py`."""

    user: NewUser
    password_hash: str | None = field(default=None, repr=False)
    disabled_at: datetime | None = None
    identities: tuple[NewIdentity, ...] = ()
    consents: tuple[ImportedConsent, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """`present`: an account with this subject, or with this address, is here already; nothing was
    changed. `conflict`: the subject, the address or an identity belongs to another account.
    `user_id` is that of an added person."""

    state: Literal["added", "present", "conflict"]
    user_id: int | None = None
