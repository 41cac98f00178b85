"""A person makes and revokes personal tokens, for their programs.

Owns what must hold before one is made: a recent login, by the second factor too if there is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from quantimodo.accounts.addresses import person_name
from quantimodo.accounts.emails.account_templates import EmailTemplates
from quantimodo.accounts.emails.notifier import AccountNotifier
from quantimodo.accounts.errors import DomainError, InvalidInput
from quantimodo.accounts.second_factors.set_up import SecondFactors
from quantimodo.crypto.dpop import PrivateKeyGiven, thumbprint_of
from quantimodo.crypto.jwt import BadToken
from quantimodo.crypto.tokens import Kind, mint
from quantimodo.model.confirmations import Confirmation
from quantimodo.model.consents import ConsentChoice
from quantimodo.model.events import Mail
from quantimodo.model.personal_tokens import NewPersonalToken, PersonalToken
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import Session
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.personal_token_store import PersonalTokenStore
from quantimodo.ports.stores import Conflict
from quantimodo.protocol.scopes import Scope

SCOPE: Final[Scope] = frozenset({"basic", "readmeasurements", "writemeasurements"})
"""What a personal token can open: this server's own API. What signs a person in to an application
is for applications."""
LIFETIMES: Final = (7, 30, 90, 365)
"""In days."""
LONGEST_NAME: Final = 60
LONGEST_KEY: Final = 4096
_OFF: Final = N_("This server does not offer personal tokens.")
_FULL: Final = N_("You have as many tokens as this server allows. Revoke one first.")
_TAKEN: Final = N_("You have a token with this name already. Choose another name.")
_TOO_LONG: Final = N_("Use a name of at most %(longest)s characters.", longest=LONGEST_NAME)
_LIFETIME: Final = N_("Choose when it expires.")
_KEY: Final = N_(
    "Enter a public key as a JWK (EC P-256, Ed25519, or RSA from 2048 to 4096 bits), or its SHA-256"
    " thumbprint."
)
_PRIVATE_KEY: Final = N_("This is a private key. Keep it secret, and enter the public one.")
_CHANGED: Final = N_(
    "Nothing was changed: you were signed out, or it was changed elsewhere just now."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalTokens:
    """`most` is how many tokens one person may have; with 0 no person can make one, and those that
    exist still work until they expire."""

    store: PersonalTokenStore
    second_factors: SecondFactors
    notifier: AccountNotifier
    most: int
    clock: Clock
    entropy: Entropy

    async def list(self, user: User) -> Sequence[PersonalToken]:
        """The tokens of this person that have not expired, newest first."""
        now = self.clock.now()
        found = await self.store.personal_tokens_of(user.id)
        return [each for each in reversed(found) if not each.has_ended(now)]

    async def require_recent_login(self, session: Session) -> None:
        """Raises `ReauthenticationNeeded` (security.md §18)."""
        await self.second_factors.require_recent_login(session)

    async def mint(
        self, session: Session, name: str, choice: ConsentChoice, days: str, key: str = ""
    ) -> Secret:
        """Mint a token for what is chosen, valid for this number of days. Returns the token, which
        cannot be read again. With a `key` it is bound to that (RFC 9449).

        Raises `ReauthenticationNeeded`, `InvalidInput` and `DomainError`.
        """
        await self.require_recent_login(session)
        if self.most == 0:
            raise DomainError(_OFF)
        user, now = session.user, self.clock.now()
        name, lifetime, bound_to = token_name(name), token_lifetime(days), token_key(key)
        minted = mint(Kind.PERSONAL, now, self.entropy)
        token = NewPersonalToken(
            key=minted.key,
            user_id=user.id,
            name=name,
            scope=choice.scope & SCOPE,
            details=choice.details,
            created_at=now,
            expires_at=now + lifetime,
            confirmation=bound_to,
        )
        if len(await self.list(user)) >= self.most:
            raise DomainError(_FULL)
        try:
            added = await self.store.add_personal_token(token, session.key, self.most)
        except Conflict:
            raise InvalidInput("name", _TAKEN) from None
        if not added:
            raise DomainError(_CHANGED)
        self.notifier.record("personal_token.made", user.id, session.address, name)
        await self.notifier.notify(user, partial(_mail_about, name))
        return minted.raw

    async def revoke(self, session: Session, token_id: int) -> bool:
        """Revoke a token of this person; False if they do not have it."""
        dropped = await self.store.delete_personal_token(session.user.id, token_id)
        if dropped is None:
            return False
        self.notifier.record(
            "personal_token.revoked", session.user.id, session.address, dropped.name
        )
        return True


def _mail_about(name: str, email_templates: EmailTemplates, to: str) -> Mail:
    return email_templates.personal_token_made(to, name)


def token_name(typed: str) -> str:
    """The name of a token. Raises `InvalidInput` for `name`."""
    name = person_name(typed)
    if len(name) > LONGEST_NAME:
        raise InvalidInput("name", _TOO_LONG)
    return name


def token_lifetime(days: str) -> timedelta:
    """Raises `InvalidInput` for `days`."""
    if days not in map(str, LIFETIMES):
        raise InvalidInput("days", _LIFETIME)
    return timedelta(days=int(days))


def token_key(typed: str) -> Confirmation | None:
    """The key that was typed, as a JWK or a thumbprint; None for none. Raises `InvalidInput` for
    `key`."""
    if not typed.strip():
        return None
    if len(typed) > LONGEST_KEY:
        raise InvalidInput("key", _KEY)
    try:
        return Confirmation("jkt", thumbprint_of(typed))
    except PrivateKeyGiven:
        raise InvalidInput("key", _PRIVATE_KEY) from None
    except BadToken:
        raise InvalidInput("key", _KEY) from None
