"""Identities at upstream providers, and sign-ins in progress there."""

from dataclasses import dataclass, replace
from datetime import datetime

from quantimodo.model.secrets import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamProfile:
    """A person's verified claims from an upstream provider.

    The key is (`issuer`, `subject`), never anything else (security.md §24).
    """

    provider: str  # its name in the settings
    issuer: str
    subject: str
    name: str = ""
    email: str | None = None
    email_verified: bool = False  # the provider says so …
    email_authoritative: bool = False  # … and is the authority for it (security.md §27)
    methods: tuple[str, ...] = ("fed",)  # RFC 8176 `amr` values, the provider's own if it says
    refresh_token: Secret | None = None
    stated_at: datetime | None = None  # the earliest time of its statement; None: now
    session_id: str | None = None  # of the provider, "" if it gives none; None: not recorded
    id_token: Secret | None = None  # to end that session there

    def stated_by(self, moment: datetime) -> "UpstreamProfile":
        """The profile as the provider's statement of this moment, or of an earlier one."""
        stated_at = moment if self.stated_at is None else min(self.stated_at, moment)
        return replace(self, stated_at=stated_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIdentity:
    """An identity to be added. `sealed_refresh_token` is the provider's, encrypted; `stated_at` is
    when the sign-in began, or when the provider issued the token by which it was made."""

    provider: str
    issuer: str
    subject: str
    name: str
    email: str | None
    created_at: datetime
    stated_at: datetime
    sealed_refresh_token: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A person's account at a provider. `email` and `name` are the newest that it sent.

    `signed_out_at`: when the provider reported that the account was signed out there, or disabled.
    Sign-ins through it from before that time are void.
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
    """A sign-in at a provider that has not come back yet (security.md §25).

    `key` is the digest of the `state`, `browser` the digest of this browser's cookie. `sealed` is
    the rest, encrypted: the PKCE verifier, the nonce, and the purpose of the sign-in.
    """

    key: bytes
    provider: str
    browser: bytes
    sealed: bytes
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginCode:
    """A one-time code that is exchanged for a login JWT (v2-api.md §2.4, §2.5), whose `jti` it has.

    `clients`: the ids of the applications that it is valid for; None: any, because it goes to an
    address of the operator. `redirect_url` is where it was sent.
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
    """The status of a provider's request to delete a person's data; `code` is public."""

    code: str
    provider: str
    requested_at: datetime
    done_at: datetime | None
    expires_at: datetime
