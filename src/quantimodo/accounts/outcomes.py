"""Results of the services of this package, and their policy."""

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
    """What a live link is about, for the page that asks before it is spent.

    `needs_password`: a new one has to be chosen here. `needs_session`: only the signed-in browser
    of this account opens it. `return_to`: the local path to which it leads. `personal_tokens`: how
    many the account has.
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
    """A link was used to sign in. `return_to` is the local path to continue at. `new_user`: the
    person whose account was made by it."""

    login: LoginResult
    return_to: str
    new_user: User | None = None


@dataclass(frozen=True, slots=True)
class ConfirmedAddress:
    """The address is verified. With `reset_token` the password that was there before is gone,
    and the page goes on to choose a new one with it."""

    user: User
    reset_token: Secret | None = None
