"""Personal tokens: access tokens that a person makes for their programs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from quantimodo.model.confirmations import Confirmation
from quantimodo.model.consent_details import Details

_PREFIX: Final = "personal-token:"
"""No client id begins like this: they are random, or addresses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPersonalToken:
    """A personal token to be added. `name` is the person's, one token of a person has it; `details`
    restrict the health data that the scope opens, None for everything. `confirmation` is the DPoP
    key to which it is bound, None for a bearer token."""

    key: bytes
    user_id: int
    name: str
    scope: frozenset[str]
    details: Details
    created_at: datetime
    expires_at: datetime
    confirmation: Confirmation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalToken(NewPersonalToken):
    """A stored personal token. `used_at` is its last recorded use."""

    id: int
    used_at: datetime | None = None

    def has_ended(self, now: datetime) -> bool:
        """Whether it has expired."""
        return self.expires_at <= now


def as_client_id(name: str) -> str:
    """What stands for a personal token where an access by an application has its client id."""
    return _PREFIX + name


def name_of_token(client_id: str) -> str | None:
    """The name of the personal token that this client id stands for; None for an application."""
    return client_id.removeprefix(_PREFIX) if client_id.startswith(_PREFIX) else None
