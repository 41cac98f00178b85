"""Accounts at upstream providers, and sign-ins through them.

The promises of `stores.py` hold here too.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from quantimodo.model.budgets import Charge, Signer
from quantimodo.model.identities import (
    DataDeletionRequest,
    Identity,
    LoginCode,
    LoginState,
    NewIdentity,
)
from quantimodo.model.provider_sessions import EndedProviderSession, ProviderSession
from quantimodo.model.sign_in_methods import AcceptedMethods
from quantimodo.model.users import NewUser, User


class IdentityStore(Protocol):
    async def identity(self, issuer: str, subject: str) -> Identity | None:
        """The identity with exactly this issuer and subject; None if no person has it."""

    async def identities_of(self, user_id: int) -> Sequence[Identity]:
        """The identities of this person, oldest first."""

    async def add_identity(
        self, user_id: int, identity: NewIdentity, session: bytes | None = None
    ) -> Identity:
        """Link an identity to a person. Raises `Conflict` when the identity belongs to a person,
        the person was deleted, or the `session` in which they link it was ended; `SignInEnded` when
        the provider ended sign-ins through it at `identity.stated_at` or later, also in a
        concurrent call."""

    async def add_user_with_identity(
        self, user: NewUser, identity: NewIdentity, invitation: bytes | None = None
    ) -> tuple[User, Identity]:
        """Add both, or nothing. Raises `Conflict` when the address or the identity is taken or the
        `invitation` cannot be used, as `UserStore.add_user`, and
        `SignInEnded` as `add_identity`; of any number of concurrent first logins of one identity
        exactly one adds a person."""

    async def record_identity_use(
        self, identity_id: int, at: datetime, *, name: str, email: str | None, sealed: bytes | None
    ) -> None:
        """Store what the provider sent now; `sealed` None leaves the refresh token as it is."""

    async def delete_identity(
        self, user_id: int, identity_id: int, accepted: AcceptedMethods
    ) -> bool:
        """Delete the identity, unless none of the person's other `SignInMethods` is accepted: False
        then, and when it is not theirs. Holds under concurrency, also with
        `PasskeyStore.delete_passkey`."""

    async def end_identity(self, issuer: str, subject: str, at: datetime) -> Identity | None:
        """Delete the identity of an account that the provider deleted, end every session and revoke
        every grant of its person, and refuse sign-ins through it that began before, in one
        transaction. Returns the deleted identity."""

    async def sign_out_identity(
        self, issuer: str, subject: str, at: datetime, *, grants: bool
    ) -> int | None:
        """The provider signed the account out, or disabled it: record the time, delete the refresh
        token, end every session and delete every login code of the person, with `grants` revoke all
        grants too, and refuse sign-ins that began before, in one transaction. Returns the id of the
        person; the identity stays."""


class ProviderSessionStore(Protocol):
    """Added by `SessionStore.add_session`; deleted when that session ends."""

    async def provider_session(self, sid: str) -> ProviderSession | None:
        """The session at a provider from which the session with this `sid` began."""

    async def is_recorded(self, issuer: str, sid: str) -> bool:
        """Whether a session began from this one, which has a `sid`."""

    async def end_provider_sessions(
        self, ended: EndedProviderSession, at: datetime
    ) -> Sequence[int]:
        """End every session that began from it, and refuse sign-ins from it that began before, in
        one transaction. With a `sid`, sessions whose provider gave none are ended by the subject.
        Returns the ids of the people whose sessions were ended."""


class LoginStateStore(Protocol):
    async def add_login_state(self, login_state: LoginState, charge: Charge | None = None) -> None:
        """Store a sign-in that begins; over the budget of `charge` the oldest ones are deleted."""

    async def login_state(self, key: bytes) -> LoginState | None:
        """The login state with this key, expired or not; it stays stored."""

    async def take_login_state(self, key: bytes) -> LoginState | None:
        """Delete the login state and return it; of concurrent calls exactly one gets it."""


class LoginCodeStore(Protocol):
    async def add_login_code(self, code: LoginCode, charge: Charge | None = None) -> None:
        """Store a code that an application can redeem once; over the budget of `charge` the oldest
        ones are deleted."""

    async def login_code(self, key: bytes) -> LoginCode | None:
        """The code with this key, redeemed and expired ones included."""

    async def redeem_login_code(self, key: bytes, at: datetime) -> bool:
        """Redeem the code. Of concurrent calls exactly one returns True."""


class ReplayStore(Protocol):
    async def use_once(self, key: bytes, expires_at: datetime, signer: Signer) -> bool:
        """True the first time that `key` is seen, until it has expired (security.md §14).

        Raises `QuotaExceeded` when the quota of the signer or of its group is used up: no record is
        deleted for a new one, because its value could be used again. Holds under concurrency.
        """

    async def is_used(self, key: bytes) -> bool:
        """Whether `key` was used; changes nothing."""

    async def require_space(self, key: bytes, signer: Signer) -> None:
        """Raises `QuotaExceeded` when `use_once` would raise it now; stores nothing."""


class DataDeletionRequestStore(Protocol):
    async def add_data_deletion_request(self, data_deletion_request: DataDeletionRequest) -> None:
        """Store a request. Raises `Conflict` when the code is taken, `QuotaExceeded` when the quota
        is used up."""

    async def data_deletion_request(self, code: str) -> DataDeletionRequest | None:
        """The request with this code; None if it is unknown or was deleted."""

    async def require_space(self) -> None:
        """Raises `QuotaExceeded` when a new request would be refused now; stores nothing."""
