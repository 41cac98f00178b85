"""People who have an account here."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from string import ascii_lowercase, ascii_uppercase
from typing import Final

_ASCII_LOWER: Final = str.maketrans(ascii_uppercase, ascii_lowercase)


def fold_email(email: str) -> str:
    """The form in which an address is unique (security.md §23): NFC, lower case.

    No character becomes another one: `ß` does not become `ss`, and `ς` does not become `σ`, as they
    do by Unicode case folding.
    """
    if email.isascii():
        return email.lower()
    return "".join(map(str.lower, unicodedata.normalize("NFC", email)))


def is_same_email(one: str, other: str) -> bool:
    """Whether two addresses are the same mailbox: equal in NFC but for the case of ASCII letters.

    Stricter than `fold_email`, for where an address alone gives access to an account.
    """
    return _in_ascii_lower_case(one) == _in_ascii_lower_case(other)


def _in_ascii_lower_case(email: str) -> str:
    return unicodedata.normalize("NFC", email).translate(_ASCII_LOWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person. `id` is what v1 clients know, `subject` is OpenID's `sub`; neither is reused."""

    id: int
    subject: str
    name: str
    email: str | None
    created_at: datetime
    updated_at: datetime
    email_verified_at: datetime | None = None
    administrator: bool = False
    disabled_at: datetime | None = None
    deletes_at: datetime | None = None

    @property
    def closed(self) -> bool:
        """Whether the person closed the account, which is deleted at `deletes_at`."""
        return self.deletes_at is not None

    @property
    def usable(self) -> bool:
        """Whether applications may use the account: neither disabled nor closed."""
        return self.disabled_at is None and self.deletes_at is None

    @property
    def verified_email(self) -> str | None:
        """The address as applications may see it: None until it is verified (security.md §23)."""
        return None if self.email_verified_at is None else self.email

    @property
    def login_name(self) -> str:
        """`loginName` of the v1 API: the verified address, or else the subject."""
        return self.verified_email or self.subject

    @property
    def sign_in_name(self) -> str:
        """What the person signs in with, shown to that person alone: the address, verified or not,
        or else the subject."""
        return self.email or self.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """A person to add; the store assigns the id."""

    subject: str
    name: str
    email: str | None
    created_at: datetime
    email_verified_at: datetime | None = None
    administrator: bool = False
