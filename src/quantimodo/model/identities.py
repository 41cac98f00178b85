"""Who a person is elsewhere: identities at providers, and sign-ins that are under way there."""

from dataclasses import dataclass
from datetime import datetime

from quantimodo.model.secrets import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a provider says about somebody, checked to the last claim.

    The key is (`issuer`, `subject`), never anything else (security.md 24).
    """

    provider: str  # its name in the settings
    issuer: str
    subject: str
    name: str = ""
    email: str | None = None
    email_verified: bool = False  # the provider says so …
    email_authoritative: bool = False  # … and it is the one to know (security.md 27)
    methods: tuple[str, ...] = ("fed",)  # RFC 8176 `amr` values, the provider's own if it says
    refresh_token: Secret | None = None
    said_at: datetime | None = None  # when it said so, if that may be a while ago


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIdentity:
    """An identity to be added. `sealed_refresh_token` is the provider's, encrypted."""

    provider: str
    issuer: str
    subject: str
    name: str
    email: str | None
    created_at: datetime
    sealed_refresh_token: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One way in that a person has. `email` and `name` are what the provider said last.

    `signed_out_at`: when the provider told that the account was signed out there, or disabled.
    Whatever came by it before that moment counts no more.
    """

    id: int
    user_id: int
    provider: str
    issuer: str
    subject: str
    name: str
    email: str | None
    created_at: datetime
    used_at: datetime
    signed_out_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginState:
    """A browser that was sent to a provider and is awaited back (security.md 25).

    `key` is the digest of the `state`, `browser` of what only this browser holds. `sealed` keeps
    the rest, encrypted: our PKCE verifier, the nonce, and what the sign-in is for.
    """

    key: bytes
    provider: str
    browser: bytes
    sealed: bytes
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginCode:
    """A one-time code that buys a login JWT (contract §2.4, §2.5). `jti` will be that JWT's.

    `clients`: the applications that it is good for, by id; None: any, for it goes to an address
    of the operator's own. `redirect_url` is where it was sent.
    """

    key: bytes
    provider: str
    user_id: int
    clients: tuple[str, ...] | None
    redirect_url: str
    challenge: str | None
    methods: tuple[str, ...]
    new_user: bool
    jti: str
    authenticated_at: datetime
    expires_at: datetime
    redeemed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataDeletionRequest:
    """What became of a provider's request to delete a person's data; `code` is public."""

    code: str
    provider: str
    asked_at: datetime
    done_at: datetime | None
    expires_at: datetime
