"""What e-mailed links of sign-ups, resets and confirmations return to the pages."""

from dataclasses import dataclass

from quantimodo.accounts.login import LoginResult
from quantimodo.model.secrets import Secret
from quantimodo.model.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingLink:
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
class LinkSignIn:
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
