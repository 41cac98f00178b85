"""The policy of accounts: who can make one, and how long their links and closed accounts last."""

from dataclasses import dataclass
from datetime import timedelta

from quantimodo.model.invitations import SignUpMode


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPolicy:
    """`issuer` is the public address of links in e-mails, without a slash at the end.
    `deletion_grace`: how long a closed account can be kept. `email_codes`: people can sign in by a
    code that is sent by e-mail."""

    issuer: str
    sign_up: SignUpMode = "open"
    email_codes: bool = False
    sign_up_lifetime: timedelta = timedelta(hours=1)
    reset_lifetime: timedelta = timedelta(hours=1)
    verify_lifetime: timedelta = timedelta(hours=24)
    deletion_grace: timedelta = timedelta(days=7)
