"""Browser sessions and the one-time links that are sent by e-mail."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from quantimodo.model.users import User


class AuthenticatedSubject(Protocol):
    """An authenticated person, with the time, method and absolute limit of the authentication: a
    browser session or a login JWT."""

    @property
    def user(self) -> User:
        """The person who was authenticated."""

    @property
    def authenticated_at(self) -> datetime:
        """When the person showed the last proof: `auth_time` of OpenID Connect Core §2."""

    @property
    def methods(self) -> tuple[str, ...]:
        """The `amr` values (RFC 8176) of the proofs."""

    @property
    def expires_at(self) -> datetime:
        """The time after which the authentication does not count."""

    @property
    def sid(self) -> str | None:
        """The id of the browser session; None for a login JWT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in browser. `key` is the digest of its cookie; from `sid`, which stays when the
    cookie is renewed, each application's own is derived (`crypto/session_ids.py`);
    `authenticated_at` is OpenID's `auth_time`; `expires_at` is the absolute limit, the idle limit
    counts from `seen_at`."""

    key: bytes
    sid: str
    user: User
    created_at: datetime
    authenticated_at: datetime
    seen_at: datetime
    expires_at: datetime
    methods: tuple[str, ...]  # RFC 8176 `amr` values
    address: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingLogin:
    """A login that still needs a second factor. `key` is the digest of its cookie; `proof` is the
    first proof, encoded (opaque here)."""

    key: bytes
    user: User
    proof: bytes
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRecipient:
    """A client that a browser session signed its person in to, as `subject`. It is notified when
    that session ends. `attempts` counts the notifications sent; `expires_at` is the session's.
    `user_id` is None when the person was deleted before the client was notified.
    """

    sid: str
    client_id: str
    user_id: int | None
    subject: str
    at: datetime
    expires_at: datetime
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailToken:
    """A one-time token in an e-mailed link: to verify an address, or to set a new password.

    `email` is the address that it was sent to; `payload` depends on the purpose (opaque here).
    """

    key: bytes
    purpose: Literal["sign_up", "verify_email", "reset_password", "cancel_recovery", "sign_in_code"]
    expires_at: datetime
    email: str
    user_id: int | None = None
    payload: bytes = b""
