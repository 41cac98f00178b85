"""People, their sessions, and the counters that limit requests.

The promises of `stores.py` hold here too.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from quantimodo.model.budgets import Charge
from quantimodo.model.provider_sessions import ProviderSession
from quantimodo.model.sessions import EmailToken, LogoutRecipient, Session
from quantimodo.model.sign_in_methods import SignInMethods
from quantimodo.model.user_profiles import Profile
from quantimodo.model.users import NewUser, User


class UserStore(Protocol):
    async def user(self, user_id: int) -> User | None:
        """The person with this id, a disabled one included; None if there is none."""

    async def user_by_subject(self, subject: str) -> User | None:
        """The person with this `sub`, a disabled one included; None if there is none."""

    async def user_by_email(self, email: str) -> User | None:
        """The person with this address; None if there is none. The caller has normalised the
        address, and the store compares its folded form."""

    async def users(self, *, after: int = 0, limit: int = 100) -> Sequence[User]:
        """At most `limit` people by id, ascending, from the first id after `after` on."""

    async def add_user(
        self, user: NewUser, password_hash: str | None, invitation: bytes | None = None
    ) -> User:
        """Add a person. Raises `Conflict` when the address is taken (compared without case), and
        when the `invitation` with this key cannot be used any more. It is used by the same
        transaction: of concurrent calls with one invitation exactly one adds a person."""

    async def rename_user(self, user_id: int, name: str, at: datetime) -> bool:
        """Set the name; False if there is no such person."""

    async def change_email(self, user_id: int, email: str, verified_at: datetime | None) -> bool:
        """Replace the address; False if there is no such person. Raises `Conflict` when it is
        taken."""

    async def mark_email_verified(
        self, user_id: int, email: str, at: datetime, *, keep_credentials: bool
    ) -> bool:
        """Mark the address verified if it is still this one, and was not yet (else False).

        Unless `keep_credentials`, what another person may have made before is deleted in the same
        transaction: password, second factors, identities, sessions, consents, and every
        authorization (security.md §22).
        """

    async def set_disabled(self, user_id: int, at: datetime | None) -> bool:
        """Disable the account at this time, or enable it (None); False if there is no such person.
        The sessions, tokens and codes of a disabled person do not count."""

    async def set_administrator(self, user_id: int, administrator: bool) -> bool:
        """Set whether the person is an administrator; False if there is no such person."""

    async def delete_user(self, user_id: int, at: datetime) -> bool:
        """Delete the person with password, sessions, consents, grants and own clients, in one
        transaction; very many measurements and the events some at a time before it. Notifications
        of logouts stay until they are sent. Applications that the person allowed get an event
        of the time `at`. Invitations to the person's verified address are deleted as well."""

    async def password_hash(self, user_id: int) -> str | None:
        """The hash of the person's password; None without a password."""

    async def sign_in_methods(self, user_id: int) -> SignInMethods:
        """The methods by which the person can sign in; none for an unknown id."""

    async def set_password(self, user_id: int, password_hash: str, at: datetime) -> None:
        """Set a password that was chosen by an e-mailed link (`factor_recovery_store.py`)."""

    async def add_password(
        self, user_id: int, password_hash: str, at: datetime, session: bytes
    ) -> bool:
        """Set the first password of a person, if `session` was not ended (else False)."""

    async def rehash_password(self, user_id: int, expected: str, password_hash: str) -> bool:
        """Set another hash of the same password, if the hash still is `expected`: nothing else
        changes."""

    async def replace_password(
        self, user_id: int, expected: str, password_hash: str, at: datetime
    ) -> bool:
        """Set a new password if the hash still is `expected`, and end trusted browsers; of
        concurrent changes one wins."""


class AccountClosingStore(Protocol):
    async def close_account(
        self, user_id: int, at: datetime, deletes_at: datetime
    ) -> datetime | None:
        """Mark the account as closed, end all sessions, and revoke all grants and login codes, in
        one transaction. Returns when it is deleted: of several calls the first one decides. None
        if there is no such person. No grant is saved for a closed account."""

    async def reopen_account(self, user_id: int, now: datetime) -> bool:
        """Open a closed account again. False if it is not closed, is due for deletion, or its
        deletion has begun."""

    async def closed_accounts(self, now: datetime, limit: int) -> Sequence[User]:
        """The closed accounts that are due for deletion, or whose deletion has begun."""

    async def claim_deletion(self, user_id: int, now: datetime) -> bool:
        """Begin the deletion of a closed account that is due; it cannot be opened again. True also
        when it has begun before: the caller that ended in between is replaced."""


class ProfileStore(Protocol):
    async def profile(self, user_id: int) -> Profile | None:
        """What the person entered; None if they entered nothing."""

    async def save_profile(self, user_id: int, profile: Profile, at: datetime) -> None:
        """Replace the profile. Raises `Conflict` when the person was deleted."""


class SubjectStore(Protocol):
    """The pairwise subjects of people (OpenID Connect Core §8.1)."""

    async def pairwise_subject(self, user_id: int, sector: str) -> str | None:
        """The person's `sub` for the clients of this sector; None if none is stored."""

    async def add_pairwise_subject(self, user_id: int, sector: str, subject: str) -> str:
        """Store `subject`, unless another call has stored one before; returns the stored one."""


class SessionStore(Protocol):
    async def session(self, key: bytes) -> Session | None:
        """A session that was not ended, expired ones included, of a person who is not disabled."""

    async def sessions_of(self, user_id: int) -> Sequence[Session]:
        """All sessions of the person, the one that was used last first."""

    async def add_session(
        self, session: Session, replaces: bytes | None, provider: ProviderSession | None = None
    ) -> None:
        """Save it, ending `replaces` in the same transaction (security.md §18). A session of the
        same person continues under the `sid` of the replaced one, and from the same session at a
        `provider` unless it began from another one. Raises `Conflict` when the person was deleted
        or is disabled, `SignInEnded` when the provider ended that session since."""

    async def record_session_use(self, key: bytes, seen_at: datetime) -> None:
        """Record when the session was used last; nothing happens when it has ended."""

    async def end_session(self, user_id: int, key: bytes, at: datetime) -> bool:
        """End one session of the person; False if there is none. However a session ends, except by
        its age, its logout notifications become due in the same transaction, and the OpenID
        Connect grants that were given in it are revoked, except those with `offline_access`."""

    async def end_sessions(
        self, user_id: int, at: datetime, except_key: bytes | None = None
    ) -> int:
        """End all sessions of the person, as `end_session` does, but for the one with `except_key`;
        returns how many."""


class LogoutRecipientStore(Protocol):
    """Added by `add_grant`; due when their session has ended, not when it expired."""

    async def logout_recipients(self, sid: str) -> Sequence[LogoutRecipient]:
        """The recipients of this session, which is live or has just ended; by client id."""

    async def claim_logout_notifications(
        self, at: datetime, lease: timedelta, limit: int
    ) -> Sequence[LogoutRecipient]:
        """Claim some due notifications for `lease`; `attempts` is the number before this one."""

    async def delay_logout_notification(self, sid: str, client_id: str, until: datetime) -> None:
        """Make the notification due at `until`, after a failed attempt."""

    async def delete_logout_notification(self, sid: str, client_id: str) -> None:
        """Delete the notification, which was sent or is given up."""


class EmailTokenStore(Protocol):
    async def add_email_token(self, email_token: EmailToken, charge: Charge | None = None) -> None:
        """Store a token that was sent by e-mail; over the budget of `charge` the oldest tokens are
        deleted."""

    async def email_token(self, key: bytes) -> EmailToken | None:
        """The token with this key, expired ones included; reading does not use it."""

    async def take_email_token(self, key: bytes) -> EmailToken | None:
        """Remove and return it; of concurrent calls exactly one gets it."""

    async def delete_email_tokens(self, purpose: str, email: str) -> None:
        """Delete all tokens of this purpose for this address, which is compared by its folded
        form."""


class ThrottleStore(Protocol):
    async def hit(self, key: bytes, window: timedelta, at: datetime) -> int:
        """Count one more event under `key` and return how many fell into the current window."""

    async def hits(self, key: bytes, at: datetime) -> int:
        """The number of events in the current window; counts nothing."""

    async def reset(self, key: bytes) -> None:
        """Delete the counter under `key`."""

    async def undo_hit(self, key: bytes) -> None:
        """Count one event less under `key`; the count never gets below zero."""
