"""Codes and tokens as the database knows them: by key, never in the clear.

A *family* is one authorization: the code, and every token that descends from it. To revoke
is to mark the family; each read joins it, so no heir escapes, not even one inserted meanwhile.
One of these is made for nearly every request, and a named tuple is made several times as fast as
a frozen dataclass.
"""

from datetime import datetime
from typing import NamedTuple

from quantimodo.model.users import User


class ClaimsRequest(NamedTuple):
    """The claims that a request asked for one by one (OpenID Connect Core §5.5), and the `acr` that
    its answer states."""

    id_token: frozenset[str] = frozenset()
    userinfo: frozenset[str] = frozenset()
    acr: str | None = None


class Grant(NamedTuple):
    """One authorization of one client by one person. `expires_at` is the absolute limit that no
    refresh moves; `sid` the browser session in which it was given, of OpenID Connect only."""

    id: bytes
    client_id: str
    user_id: int
    scope: frozenset[str]
    authenticated_at: datetime
    created_at: datetime
    expires_at: datetime
    methods: tuple[str, ...] = ()
    sid: str | None = None
    claims_request: ClaimsRequest | None = None


class AuthorizationCode(NamedTuple):
    """A code to be saved. `redirect_uri` is None when the request left it out."""

    key: bytes
    grant_id: bytes
    redirect_uri: str | None
    challenge: str | None
    nonce: str | None
    expires_at: datetime


class FoundCode(NamedTuple):
    """A code with its family and person as they stand now."""

    code: AuthorizationCode
    grant: Grant
    user: User
    redeemed_at: datetime | None
    revoked: bool


class RefreshToken(NamedTuple):
    """A refresh token to be saved. Its client and person are its family's."""

    key: bytes
    grant_id: bytes
    issued_at: datetime
    expires_at: datetime


class FoundRefreshToken(NamedTuple):
    """A refresh token with its family and person as they stand now, spent and expired included.

    `salt` was drawn when it was spent; with the raw token it gives the same heir again (§6 grace).
    `revoked` means the family was revoked or the person is disabled.
    """

    token: RefreshToken
    grant: Grant
    user: User
    spent_at: datetime | None
    successor_nonce: bytes | None
    revoked: bool


class AccessToken(NamedTuple):
    """An opaque access token to be saved; `grant_id` and `user_id` are None for an application's
    own."""

    key: bytes
    client_id: str
    grant_id: bytes | None
    user_id: int | None
    scope: frozenset[str]
    issued_at: datetime
    expires_at: datetime


class FoundAccessToken(NamedTuple):
    """An access token, opaque or JWT, with its person as they stand now.

    `revoked` covers the token, its family, its client (deleted or disabled) and its person.
    `special`: its client registered how userinfo is signed or encrypted, or how people are named.
    """

    client_id: str
    user: User | None
    scope: frozenset[str]
    issued_at: datetime
    expires_at: datetime
    revoked: bool
    grant_id: bytes | None = None
    jti: str | None = None
    claims_request: ClaimsRequest | None = None
    special: bool = False


class TokenStatus(NamedTuple):
    """What a signed access token stands on: its person, or None for an application's own."""

    user: User | None
    claims_request: ClaimsRequest | None = None
    special: bool = False
