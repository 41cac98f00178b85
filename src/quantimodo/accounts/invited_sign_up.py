"""Makes the account of an invited person.

The link gives the address; the person chooses name and password.
"""

from dataclasses import dataclass
from typing import Final

from quantimodo.accounts.account_creation import AccountCreation
from quantimodo.accounts.addresses import local_path, person_name
from quantimodo.accounts.credentials import Credentials
from quantimodo.accounts.email_link_results import LinkSignIn
from quantimodo.accounts.errors import DomainError, Faults
from quantimodo.accounts.invitations import Invitations
from quantimodo.accounts.login import Login, LoginBrowser, PasswordProof
from quantimodo.model.invitations import Invitation
from quantimodo.model.secrets import Secret
from quantimodo.model.texts import N_
from quantimodo.ports.stores import Conflict

_OVER: Final = N_("This invitation is used, withdrawn or expired. Ask for another one.")
_HAS_ACCOUNT: Final = N_("This address has an account already. Sign in to it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitedSignUp:
    """A person who has the link has read the e-mail, so the address is confirmed."""

    invitations: Invitations
    credentials: Credentials
    creation: AccountCreation
    login: Login

    async def find(self, raw: str) -> Invitation | None:
        """The invitation of this link, without using it; None unless it can be used."""
        return await self.invitations.find(raw)

    async def confirm(
        self, raw: str, name: str, password: Secret, browser: LoginBrowser
    ) -> LinkSignIn:
        """Use the invitation once, make the account, and sign in. Raises `InvalidInput` for a name
        or a password that is not accepted, and then the invitation stays unused; `DomainError` for
        an invitation that cannot be used; `TooMany` and `Busy`."""
        invitation = await self.find(raw)
        if invitation is None:
            raise DomainError(_OVER)
        faults, address = Faults(), browser.address
        with faults.collected():
            name = person_name(name)
        with faults.collected():
            await self.credentials.check_new(
                password, email=invitation.email, name=name, address=address
            )
        faults.check()
        password_hash = await self.credentials.hash(password)
        try:
            user = await self.creation.create_invited(invitation, name, password_hash, address)
        except Conflict:
            usable = await self.find(raw) is not None
            raise DomainError(_HAS_ACCOUNT if usable else _OVER) from None
        login = await self.login.complete_login(user, PasswordProof.of(password_hash), browser)
        return LinkSignIn(login, local_path(""), user)
