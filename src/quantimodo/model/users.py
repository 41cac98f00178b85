"""People who have an account here."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime


def fold_email(email: str) -> str:
    """The form in which two addresses are compared (security.md 23)."""
    return unicodedata.normalize("NFKC", email).casefold()


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

    @property
    def login_name(self) -> str:
        return self.email or self.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """A person to be added; the store gives the id."""

    subject: str
    name: str
    email: str | None
    created_at: datetime
    email_verified_at: datetime | None = None
    administrator: bool = False
