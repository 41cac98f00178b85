"""Invitations to sign up, and who may sign up without one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

SignUpMode = Literal["open", "invited", "closed"]
"""Who may sign up: everyone (`open`), or people whom the operator invited: by the link or through a
provider (`invited`), or by the link alone (`closed`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInvitation:
    """An invitation of one address. `key` is that of the secret in the e-mail. `invited_by` is the
    administrator; None for a command."""

    key: bytes
    email: str
    name: str
    invited_by: int | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation(NewInvitation):
    """A stored invitation. `sent_at` is when its link was sent last."""

    id: int
    sent_at: datetime
