"""Invitations to make an account, and who may make one without."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

SignUpMode = Literal["open", "invited", "closed"]
"""Who makes an account: everyone; whom the operator invited, by the link or through a provider; or
whom the operator invited, by the link alone."""


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
