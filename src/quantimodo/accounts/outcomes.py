"""What the services of this package return, and the policy of accounts."""

from dataclasses import dataclass
from datetime import timedelta

from quantimodo.accounts.login import LoginResult
from quantimodo.model.invitations import SignUpMode
from quantimodo.model.secrets import Secret
from quantimodo.model.users import User


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
    invitation_lifetime: timedelta = timedelta(hours=72)
    deletion_grace: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A valid e-mailed link that was opened and not used yet, for the page that asks for a
    confirmation.

    `needs_password`: a new password has to be chosen. `needs_session`: only a browser that is
    signed in to this account can use the link. `return_to`: the local path to which it leads.
    `personal_tokens`: how many the account has.
    """

    purpose: str
    email: str
    name: str = ""
    needs_password: bool = False
    needs_session: bool = False
    return_to: str = ""
    personal_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A link was used to sign in. `return_to` is the local path to continue at. `new_user` is the
    person whose account the link made, if it made one."""

    login: LoginResult
    return_to: str
    new_user: User | None = None


@dataclass(frozen=True, slots=True)
class ConfirmedAddress:
    """The address is verified. With `reset_token` the earlier password was removed, and the page
    continues to choose a new one by this token."""

    user: User
    reset_token: Secret | None = None
