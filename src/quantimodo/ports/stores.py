"""The contract of a database; tests/storage/ checks it for every engine.

Contains no SQL. Methods take and return model values, never rows, and never decide policy: they
report what is true and what they managed to change. `None` means absent, `False` means lost or
unchanged, `Conflict` a unique name that is taken, `Unavailable` a database that cannot answer now.
A write that returned is on disk. Everything here holds for any number of processes on one database.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from quantimodo.model.budgets import Charge
from quantimodo.model.clients import Client, Logo
from quantimodo.model.consents import Consent, StoredRequest
from quantimodo.model.identities import (
    DataDeletionRequest,
    Identity,
    LoginCode,
    LoginState,
    NewIdentity,
)
from quantimodo.model.profiles import Profile
from quantimodo.model.registrations import RegistrationToken
from quantimodo.model.sessions import EmailToken, LogoutRecipient, Session
from quantimodo.model.tokens import (
    AccessToken,
    AuthorizationCode,
    FoundAccessToken,
    FoundCode,
    FoundRefreshToken,
    Grant,
    RefreshToken,
    TokenStatus,
)
from quantimodo.model.users import NewUser, User
from quantimodo.ports.background_stores import (
    EventStore,
    KeyStore,
    LeaseStore,
    MailStore,
    RetentionStore,
)
from quantimodo.ports.measurements import (
    AccessLogStore,
    MeasurementStore,
    ReferenceStore,
    VariableStore,
)
from quantimodo.ports.pending_logins import PendingLoginStore


class Conflict(Exception):
    """A unique name (an e-mail address, a client id) is taken."""


class Unavailable(Exception):
    """The database cannot answer now (overloaded, disk full, connection lost); nothing was kept,
    unless the connection was lost during the commit: then the result is unknown."""


class TooSlow(Unavailable):
    """A search ran longer than the operator allows, and was interrupted."""


class BudgetExceeded(Exception):
    """A storage budget is used up by rows that must not be deleted; nothing was stored."""


class ClientStore(Protocol):
    async def client(self, client_id: str) -> Client | None: ...

    async def clients(
        self, *, owner_id: int | None = None, after: str = "", limit: int = 100
    ) -> Sequence[Client]:
        """By id, ascending, after `after`; of one owner, or all."""

    async def clients_by_redirect_uri(
        self, redirect_uri: str, *, limit: int = 2
    ) -> Sequence[Client]:
        """Clients, disabled ones left out, that registered this very URI; of a loopback IP
        (RFC 8252 §7.3) whatever the port. The oldest clients first."""

    async def first_party_names(self, *, limit: int = 1000) -> Sequence[str]:
        """The names of the operator's own clients, ascending."""

    async def add_client(
        self,
        client: Client,
        delete_if_unused_at: datetime | None = None,
        charge: Charge | None = None,
    ) -> None:
        """Raises `Conflict` when the id is taken. `delete_if_unused_at`: without a consent for it
        anything by then, it goes. `charge`, in all stores: the row counts in this budget, and the
        oldest over it are deleted with the insert; of clients those that no person has allowed
        anything, else it raises `BudgetExceeded`. `storage/tables/budgets.py` says how exactly."""

    async def replace_client(self, client: Client, charge: Charge | None = None) -> bool:
        """Replace the row if its revision still is `client.revision`, and count it up. Raises
        `BudgetExceeded`."""

    async def delete_client(self, client_id: str) -> bool:
        """Delete it with its consents and logo; its codes and tokens are dead at once."""

    async def logo(self, client_id: str) -> Logo | None: ...

    async def set_logo(
        self, client_id: str, logo: Logo | None, charge: Charge | None = None
    ) -> None:
        """Store it, or (None) delete it. Raises `BudgetExceeded`."""


class RegistrationStore(Protocol):
    async def registration_tokens(self) -> Sequence[RegistrationToken]: ...

    async def registration_token(self, key: bytes) -> RegistrationToken | None:
        """The one with this key, used up and expired ones included."""

    async def add_registration_token(self, token: RegistrationToken) -> None: ...

    async def spend_registration_token(self, key: bytes, now: datetime) -> bool:
        """Use it once; False when it is unknown, used up or expired. Of N calls for one use that
        is left one wins."""

    async def drop_registration_token(self, key: bytes) -> bool: ...


class UserStore(Protocol):
    async def user(self, user_id: int) -> User | None: ...

    async def user_by_subject(self, subject: str) -> User | None: ...

    async def user_by_email(self, email: str) -> User | None:
        """By address; the caller has normalised it, the store compares the folded key."""

    async def users(self, *, after: int = 0, limit: int = 100) -> Sequence[User]: ...

    async def add_user(self, user: NewUser, password_hash: str | None) -> User:
        """Raises `Conflict` when the address is taken (compared without case)."""

    async def rename_user(self, user_id: int, name: str, at: datetime) -> bool: ...

    async def change_email(self, user_id: int, email: str, verified_at: datetime | None) -> bool:
        """Raises `Conflict` when the address is taken."""

    async def verify_email(
        self, user_id: int, email: str, at: datetime, *, keep_credentials: bool
    ) -> bool:
        """Mark the address verified if it is still this one, and was not yet (else False).

        Unless `keep_credentials`, what another person may have made before is dropped in the same
        transaction: password, identities, sessions, consents, and every authorization
        (security.md §22).
        """

    async def set_disabled(self, user_id: int, at: datetime | None) -> bool: ...

    async def set_administrator(self, user_id: int, administrator: bool) -> bool: ...

    async def delete_user(self, user_id: int) -> bool:
        """Delete the person with password, sessions, consents, grants and own clients, in one
        transaction; very many measurements some at a time before it."""

    async def password_hash(self, user_id: int) -> str | None: ...

    async def set_password(self, user_id: int, password_hash: str, at: datetime) -> None: ...

    async def add_password(
        self, user_id: int, password_hash: str, at: datetime, session: bytes
    ) -> bool:
        """Set the first password of a person, if `session` was not ended (else False)."""

    async def replace_password(
        self, user_id: int, expected: str, password_hash: str, at: datetime
    ) -> bool:
        """Set the hash if it still is `expected`; of concurrent changes one wins."""


class ProfileStore(Protocol):
    async def profile(self, user_id: int) -> Profile | None: ...

    async def save_profile(self, user_id: int, profile: Profile, at: datetime) -> None:
        """Replace it. Raises `Conflict` when the person is not there any more."""


class SubjectStore(Protocol):
    """Under which names applications know a person (OpenID Connect Core §8.1)."""

    async def pairwise_subject(self, user_id: int, sector: str) -> str | None: ...

    async def add_pairwise_subject(self, user_id: int, sector: str, subject: str) -> str:
        """The one that is kept: `subject`, or the one that another call has kept before."""


class SessionStore(Protocol):
    async def session(self, key: bytes) -> Session | None:
        """A session that was not ended, expired ones included, of a person who is not disabled."""

    async def sessions_of(self, user_id: int) -> Sequence[Session]: ...

    async def add_session(self, session: Session, replaces: bytes | None) -> None:
        """Save it, ending `replaces` in the same transaction (security.md §18). A session of the
        same person continues under the `sid` of the replaced one."""

    async def touch_session(self, key: bytes, seen_at: datetime) -> None: ...

    async def end_session(self, user_id: int, key: bytes, at: datetime) -> bool:
        """However a session ends, but by its age, two things happen in the same transaction: its
        logout recipients are due to be notified, and the authorizations of OpenID Connect that were
        given in it are revoked, but for those with `offline_access`."""

    async def end_sessions(
        self, user_id: int, at: datetime, except_key: bytes | None = None
    ) -> int: ...


class LogoutRecipientStore(Protocol):
    """Added by `save_code`; due when their session has ended, not when it expired."""

    async def logout_recipients(self, sid: str) -> Sequence[LogoutRecipient]:
        """Of this session, whether it lives or has just ended; by client id."""

    async def claim_logout_notifications(
        self, at: datetime, lease: timedelta, limit: int
    ) -> Sequence[LogoutRecipient]:
        """Take some that are due, for `lease`; `attempts` are those before this one."""

    async def delay_logout_notification(
        self, sid: str, client_id: str, until: datetime
    ) -> None: ...

    async def drop_logout_notification(self, sid: str, client_id: str) -> None: ...


class EmailTokenStore(Protocol):
    async def add_email_token(
        self, email_token: EmailToken, charge: Charge | None = None
    ) -> None: ...

    async def email_token(self, key: bytes) -> EmailToken | None: ...

    async def take_email_token(self, key: bytes) -> EmailToken | None:
        """Remove and return it; of concurrent calls exactly one gets it."""

    async def drop_email_tokens(self, purpose: str, email: str) -> None: ...


class ThrottleStore(Protocol):
    async def hit(self, key: bytes, window: timedelta, at: datetime) -> int:
        """Count one more event under `key` and return how many fell into the current window."""

    async def hits(self, key: bytes, at: datetime) -> int:
        """How many are counted now, adding none."""

    async def forget(self, key: bytes) -> None: ...

    async def take_back(self, key: bytes) -> None:
        """Count one event under `key` less, never less than none."""


class AuthorizationStore(Protocol):
    async def save_request(self, request: StoredRequest, charge: Charge | None = None) -> None: ...

    async def request(self, key: bytes) -> StoredRequest | None: ...

    async def drop_request(self, key: bytes) -> bool:
        """True for the one caller that removed it."""

    async def claim_request(self, key: bytes, holder: bytes, until: datetime) -> bool:
        """Mark it as decided for this holder, and keep it no longer than `until`. Of any number of
        concurrent calls exactly one returns True."""

    async def answer_request(self, key: bytes, answer: bytes) -> None:
        """Keep the answer of a claimed request."""

    async def consent(self, user_id: int, client_id: str) -> Consent | None: ...

    async def consents_of(self, user_id: int) -> Sequence[Consent]: ...

    async def save_consent(self, consent: Consent) -> None:
        """Add it, or widen the one on record by its scope. Raises `Conflict` when the person or the
        application was deleted."""

    async def withdraw_consent(self, user_id: int, client_id: str, at: datetime) -> bool:
        """Forget it and revoke every grant of this person and client, codes included."""

    async def save_code(
        self,
        grant: Grant,
        code: AuthorizationCode | None,
        access: AccessToken | None = None,
        logout_recipient: LogoutRecipient | None = None,
    ) -> bool:
        """Begin an authorization: its grant, the tokens of the front channel, and whom to
        tell when the session in which it was given ends.

        False, and nothing is saved, unless the person's consent to all its scope is on record, and
        its session, if it has one, lives; `withdraw_consent` or the end of the session at the same
        time either prevents or revokes it.
        """


class TokenReader(Protocol):
    async def find_code(self, key: bytes) -> FoundCode | None:
        """The code with this key, redeemed and expired ones included."""

    async def find_refresh_token(self, key: bytes) -> FoundRefreshToken | None:
        """The token with this key, spent and expired ones included."""

    async def find_access_token(self, key: bytes) -> FoundAccessToken | None:
        """The opaque token with this key, expired and revoked ones included."""

    async def token_status(
        self, jti: str, client_id: str, grant_id: bytes | None
    ) -> TokenStatus | None:
        """The state behind a signed token; None when its jti, grant, client or person was revoked,
        disabled or deleted."""


class TokenStore(TokenReader, Protocol):
    async def issue(self, access: AccessToken) -> None:
        """Save an access token that spends nothing."""

    async def redeem(
        self,
        code: AuthorizationCode,
        at: datetime,
        access: AccessToken | None,
        refresh: RefreshToken | None,
    ) -> bool:
        """Redeem `code` and save the tokens: all of it, or nothing.

        False if it was redeemed before or its grant is revoked. Of any number of concurrent
        calls that redeem the same code, exactly one returns True. `access` is None for a JWT.
        """

    async def rotate(
        self,
        spends: RefreshToken,
        at: datetime,
        successor_nonce: bytes,
        access: AccessToken | None,
        successor: RefreshToken,
    ) -> bool:
        """Spend a refresh token, store the nonce with it, save its successor: all or nothing.

        False if it was spent before or its grant is revoked; exactly one of many wins.
        """

    async def revoke_grant(self, grant_id: bytes, at: datetime) -> bool:
        """End one authorization: its code, its tokens, and any successor that is added now."""

    async def revoke_access_token(self, key: bytes) -> bool: ...

    async def revoke_jwt(self, jti: str, expires_at: datetime) -> None: ...

    async def is_revoked_jwt(self, jti: str) -> bool: ...


class IdentityStore(Protocol):
    async def identity(self, issuer: str, subject: str) -> Identity | None: ...

    async def identities_of(self, user_id: int) -> Sequence[Identity]:
        """Oldest first."""

    async def add_identity(
        self, user_id: int, identity: NewIdentity, session: bytes | None = None
    ) -> Identity:
        """Raises `Conflict` when the identity is anybody's already, the person was deleted, or
        the `session` in which they link it was ended."""

    async def add_user_with_identity(
        self, user: NewUser, identity: NewIdentity
    ) -> tuple[User, Identity]:
        """Both, or nothing. Raises `Conflict` when the address or the identity is taken; of any
        number of concurrent first logins of one identity exactly one adds a person."""

    async def use_identity(
        self, identity_id: int, at: datetime, *, name: str, email: str | None, sealed: bytes | None
    ) -> None:
        """Keep what the provider said now; `sealed` None leaves the refresh token as it is."""

    async def drop_identity(self, user_id: int, identity_id: int) -> bool:
        """Unlink it, unless it is the person's last way to sign in (no password, no other
        identity): False then, and when it is not theirs. Holds under concurrency."""

    async def end_identity(self, issuer: str, subject: str, at: datetime) -> int | None:
        """The provider says that the account is gone: delete the identity, end every session and
        revoke every grant of its person, in one transaction. Whose it was."""

    async def sign_out_identity(
        self, issuer: str, subject: str, at: datetime, *, grants: bool
    ) -> int | None:
        """The provider says that its account was signed out: keep the moment, forget the refresh
        token, end every session and drop every login code of the person, with `grants` revoke
        these too, in one transaction. Whose it is; the identity stays."""


class LoginStateStore(Protocol):
    async def add_login_state(
        self, login_state: LoginState, charge: Charge | None = None
    ) -> None: ...

    async def login_state(self, key: bytes) -> LoginState | None:
        """Look at it, expired or not, taking nothing."""

    async def take_login_state(self, key: bytes) -> LoginState | None:
        """Remove and return it; of concurrent calls exactly one gets it."""


class LoginCodeStore(Protocol):
    async def add_login_code(self, code: LoginCode, charge: Charge | None = None) -> None: ...

    async def login_code(self, key: bytes) -> LoginCode | None:
        """The code with this key, redeemed and expired ones included."""

    async def redeem_login_code(self, key: bytes, at: datetime) -> bool:
        """True for the one caller that redeemed it."""


class ReplayStore(Protocol):
    async def spend_once(self, key: bytes, expires_at: datetime) -> bool:
        """True the first time that `key` is seen, until it has expired (security.md §14)."""

    async def is_spent(self, key: bytes) -> bool:
        """Whether it was, spending nothing."""


class DataDeletionRequestStore(Protocol):
    async def add_data_deletion_request(
        self, data_deletion_request: DataDeletionRequest
    ) -> None: ...

    async def data_deletion_request(self, code: str) -> DataDeletionRequest | None: ...


class Stores(
    ClientStore,
    RegistrationStore,
    UserStore,
    ProfileStore,
    SubjectStore,
    SessionStore,
    PendingLoginStore,
    LogoutRecipientStore,
    EmailTokenStore,
    ThrottleStore,
    AuthorizationStore,
    TokenStore,
    IdentityStore,
    LoginStateStore,
    LoginCodeStore,
    ReplayStore,
    DataDeletionRequestStore,
    KeyStore,
    MailStore,
    EventStore,
    ReferenceStore,
    VariableStore,
    MeasurementStore,
    AccessLogStore,
    LeaseStore,
    RetentionStore,
    Protocol,
):
    """One database that keeps all of it. Only the composition root sees it whole."""

    async def ping(self) -> None:
        """Raises `Unavailable` if the database does not answer."""

    async def close(self) -> None: ...
