"""The people who manage an application."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from quantimodo.model.clients import Client

ClientRole = Literal["owner", "developer"]
"""An owner decides who is in the team, and deletes the application; a developer changes it."""
InvitedRole = Literal["owner", "developer", "transfer"]
"""`transfer`: to become the lead; the previous lead stays as a developer."""
MOST_OWNED: Final = 100
"""Applications that one person can own, alone or with others. The operator can exceed it."""


@dataclass(frozen=True, slots=True)
class ClientMember:
    """A person in the team. `lead`: the owner in whose name the application is registered."""

    user_id: int
    name: str
    email: str | None
    email_verified: bool
    role: ClientRole
    since: datetime
    lead: bool

    @property
    def verified_email(self) -> str | None:
        """The address as the others of the team may see it: None until it is verified."""
        return self.email if self.email_verified else None


@dataclass(frozen=True, slots=True)
class Membership:
    """An application that a person manages without being its lead."""

    client_id: str
    role: ClientRole
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientInvitation:
    """An invitation to a team. `key` is that of the secret in the e-mail."""

    key: bytes
    client_id: str
    email: str
    role: InvitedRole
    invited_by: int
    created_at: datetime
    expires_at: datetime


def domain_ended(client: Client) -> str:
    """The addition to the record of a transfer, which ends a verified domain; empty without one."""
    domain = client.metadata.verified_domain
    return f"; the domain {domain} is no longer verified" if domain else ""
