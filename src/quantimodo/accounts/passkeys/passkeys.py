"""A person adds, renames and removes the passkeys of their account.

Owns what must hold before a change: a recent login, by the second factor too if there is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from quantimodo.accounts.errors import DomainError, PasskeyRefused
from quantimodo.accounts.passkeys.challenges import PasskeyChallenges, Purpose
from quantimodo.accounts.passkeys.names import passkey_name
from quantimodo.accounts.passkeys.notices import PasskeyNotices
from quantimodo.accounts.passkeys.options import creation_options
from quantimodo.accounts.second_factors.set_up import SecondFactors
from quantimodo.crypto.passkeys import (
    NOT_VERIFIED,
    InvalidPasskey,
    RelyingParty,
    VerifiedRegistration,
    parse_registration,
    verify_registration,
)
from quantimodo.model.passkeys import NewPasskey, Passkey, PasskeyRemoval, UsedChallenge
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import Session
from quantimodo.model.sign_in_methods import AcceptedMethods
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.ports.clock import Clock
from quantimodo.ports.passkey_store import PasskeyStore
from quantimodo.ports.stores import Conflict

_OFF: Final = N_("This server does not offer passkeys.")
_FULL: Final = N_("You have as many passkeys as this server allows. Remove one first.")
_UNUSABLE: Final = N_("This passkey cannot be used here. Try another device or password manager.")
_UNVERIFIED: Final = N_(
    "This device did not check that it is you, by a fingerprint, your face or a PIN. Set up one"
    " of these on the device, or use another one."
)
_TAKEN: Final = N_("This passkey was added before.")
_CHANGED: Final = N_(
    "Nothing was changed: you were signed out, or it was changed elsewhere just now."
)
_LAST: Final = N_(
    "This passkey is the last way to sign in to your account. Set a password, add another"
    " passkey, or link an account first."
)
_FACTOR: Final = N_(
    "This passkey is your second step. Set up an authenticator app or add another passkey first, or"
    " turn off two-step verification."
)
_NOT_REMOVED: Final = {
    PasskeyRemoval.LAST_METHOD: _LAST,
    PasskeyRemoval.SECOND_FACTOR: _FACTOR,
    PasskeyRemoval.CHANGED: _CHANGED,
}


@dataclass(frozen=True, slots=True)
class CheckedPasskey:
    """A passkey that an authenticator made just now, and the challenge that it used."""

    passkey: NewPasskey
    challenge: UsedChallenge


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyPolicy:
    """`most` is how many passkeys one person may have; with 0 no person can add one, and those that
    exist still sign in. `service` is the name of this server in password managers."""

    relying_party: RelyingParty
    service: str
    most: int = 20

    @property
    def offered(self) -> bool:
        """Whether people can add passkeys."""
        return self.most > 0 and self.relying_party.is_supported


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkeys:
    store: PasskeyStore
    second_factors: SecondFactors
    challenges: PasskeyChallenges
    notices: PasskeyNotices
    policy: PasskeyPolicy
    accepted: AcceptedMethods
    clock: Clock

    async def list(self, user: User) -> Sequence[Passkey]:
        """The passkeys of this person, oldest first."""
        return await self.store.passkeys_of(user.id)

    async def usable(self, user: User) -> Sequence[Passkey]:
        """The passkeys of this person that work for the host of this server."""
        return [each for each in await self.list(user) if self.works(each)]

    def works(self, passkey: Passkey) -> bool:
        """Whether it is for the present host of this server: the issuer may have changed since it
        was added."""
        return passkey.rp_id == self.policy.relying_party.id

    async def require_recent_login(self, session: Session) -> None:
        """Raises `ReauthenticationNeeded` (security.md §18)."""
        await self.second_factors.require_recent_login(session)

    async def creation_options(self, session: Session) -> str:
        """The options for a new passkey of this session's person, as JSON."""
        return await self.creation_options_of(session.user, "add", session.key.hex())

    async def creation_options_of(self, user: User, purpose: Purpose, holder: str) -> str:
        """The options for a new passkey of this person, in this session or pending login."""
        return creation_options(
            self.policy.relying_party,
            self.policy.service,
            user,
            self.challenges.mint(purpose, holder),
            await self.usable(user),
        )

    async def add(self, session: Session, response: Secret, name: str) -> None:
        """Add the passkey that the browser made. `name` may be empty.

        Raises `ReauthenticationNeeded`, `InvalidInput` and `DomainError`.
        """
        await self.require_recent_login(session)
        user = session.user
        if len(await self.list(user)) >= self.policy.most > 0:
            raise DomainError(_FULL)
        passkey_name(name)
        made = self.check(user, response, "add", session.key.hex(), name)
        await self.save(made, session.key)
        await self.notices.added(user, made.passkey.name, session.address)

    def check(
        self, user: User, response: Secret, purpose: Purpose, holder: str, name: str = ""
    ) -> CheckedPasskey:
        """The passkey that the browser made for this person. Raises `DomainError`."""
        if not self.policy.offered:
            raise DomainError(_OFF)
        try:
            registration = parse_registration(response)
            challenge = self.challenges.check(registration.challenge, purpose, holder)
            verified = verify_registration(registration, self.policy.relying_party)
        except InvalidPasskey as fault:
            text = _UNVERIFIED if fault.reason == NOT_VERIFIED else _UNUSABLE
            raise PasskeyRefused(text, fault.reason) from None
        return CheckedPasskey(
            self._new(user, verified, passkey_name(name, verified.aaguid)), challenge
        )

    async def save(
        self,
        made: CheckedPasskey,
        session: bytes,
        recovery_codes: Sequence[bytes] | None = None,
    ) -> None:
        """Add it, if this session was not ended. With recovery codes (digests) it is the first
        second factor of the person. Raises `DomainError`."""
        try:
            added = await self.store.add_passkey(
                made.passkey, made.challenge, session, self.policy.most, recovery_codes
            )
        except Conflict:
            raise DomainError(_TAKEN) from None
        if not added:
            raise DomainError(_CHANGED)

    async def find(self, session: Session, passkey_id: int) -> Passkey | None:
        """The passkey with this id, if it is this person's."""
        found = await self.list(session.user)
        return next((each for each in found if each.id == passkey_id), None)

    async def rename(self, session: Session, passkey_id: int, name: str) -> None:
        """Raises `ReauthenticationNeeded`, `InvalidInput` and `DomainError`."""
        await self.require_recent_login(session)
        name = passkey_name(name)
        if not await self.store.rename_passkey(session.user.id, passkey_id, name):
            raise DomainError(_CHANGED)
        await self.notices.renamed(session.user, name, session.address)

    async def delete(self, session: Session, passkey_id: int) -> None:
        """Raises `ReauthenticationNeeded`, and `DomainError` for the last way to sign in and for
        the second factor."""
        await self.require_recent_login(session)
        found = await self.find(session, passkey_id)
        if found is None:
            raise DomainError(_CHANGED)
        removal = await self.store.delete_passkey(
            session.user.id, passkey_id, self.accepted, session.key
        )
        if removal is not PasskeyRemoval.REMOVED:
            raise DomainError(_NOT_REMOVED[removal])
        await self.notices.removed(session.user, found.name, session.address)

    async def reset(self, user: User) -> bool:
        """Remove all passkeys of this person, for the operator. False if there was none."""
        dropped = await self.store.delete_passkeys(user.id)
        if dropped:
            await self.notices.reset(user)
        return dropped > 0

    def _new(self, user: User, verified: VerifiedRegistration, name: str) -> NewPasskey:
        return NewPasskey(
            credential_id=verified.credential_id,
            user_id=user.id,
            rp_id=self.policy.relying_party.id,
            public_key=verified.public_key,
            sign_count=verified.sign_count,
            name=name,
            transports=verified.transports,
            aaguid=verified.aaguid,
            backup_eligible=verified.backup_eligible,
            backed_up=verified.backed_up,
            created_at=self.clock.now(),
        )
