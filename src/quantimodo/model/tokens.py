"""Codes and tokens as the database stores them: by key, never in the clear.

A *grant* is one authorization; its code and all its tokens belong to it. Revocation marks the grant
and each read joins it, so every successor is revoked too, also one that is inserted meanwhile.
Nearly every request makes one of these values; a named tuple is made several times as fast as a
frozen dataclass.
"""

from datetime import datetime
from typing import NamedTuple

from quantimodo.model.confirmations import Confirmation
from quantimodo.model.users import User


class ClaimsRequest(NamedTuple):
    """The claims that a request names individually (OpenID Connect Core §5.5), and the `acr` that
    the ID token states."""

    id_token: frozenset[str] = frozenset()
    userinfo: frozenset[str] = frozenset()
    acr: str | None = None


class Grant(NamedTuple):
    """One authorization of one client by one person. `expires_at` is the absolute limit that no
    refresh moves; `sid` the browser session in which it was given, of OpenID Connect only.
    `details` restrict the health data that the scope opens: canonical JSON, None for everything.
    `public_id` names a grant that its client manages, None for others: the grant that follows after
    a merge or a replacement has the same (Grant Management §5).
    """

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
    details: str | None = None
    public_id: str | None = None


class ManagedGrant(NamedTuple):
    """A grant with a public id; `revoked_at` is None for a live one."""

    grant: Grant
    revoked_at: datetime | None


class AuthorizationCode(NamedTuple):
    """A code to be saved. `redirect_uri` is None when the request left it out. `confirmation` is
    the key to which the request bound it (RFC 9449 §10)."""

    key: bytes
    grant_id: bytes
    redirect_uri: str | None
    challenge: str | None
    nonce: str | None
    expires_at: datetime
    confirmation: Confirmation | None = None


class PolledCode(NamedTuple):
    """A code that an application polls with until a person has decided (RFC 8628 §3.4): the
    approval stores an authorization code under its key, bound to `confirmation` as it is."""

    key: bytes
    expires_at: datetime
    confirmation: Confirmation | None


class FoundCode(NamedTuple):
    """A code with the current state of its grant and person."""

    code: AuthorizationCode
    grant: Grant
    user: User
    redeemed_at: datetime | None
    revoked: bool


class RefreshToken(NamedTuple):
    """A refresh token to save. Its client and person are those of its grant. `confirmation` is the
    key to which that of a public client is bound (RFC 9449 §5)."""

    key: bytes
    grant_id: bytes
    issued_at: datetime
    expires_at: datetime
    confirmation: Confirmation | None = None


class FoundRefreshToken(NamedTuple):
    """A refresh token, also a spent or expired one, with the current state of its grant and person.

    `successor_nonce` was drawn when the token was spent; with the raw token it derives the same
    successor again (v2-api.md §6, grace). `revoked`: the grant was revoked, or the person is
    disabled.
    """

    token: RefreshToken
    grant: Grant
    user: User
    spent_at: datetime | None
    successor_nonce: bytes | None
    revoked: bool


class AccessToken(NamedTuple):
    """An opaque access token to save; `grant_id` and `user_id` are None when the client acts for
    itself. `details` restrict it further than its grant does, None for no more."""

    key: bytes
    client_id: str
    grant_id: bytes | None
    user_id: int | None
    scope: frozenset[str]
    issued_at: datetime
    expires_at: datetime
    confirmation: Confirmation | None = None
    details: str | None = None


class FoundAccessToken(NamedTuple):
    """An access token, opaque or JWT, with the current state of its person.

    `revoked` covers the token, its grant, its client (deleted or disabled) and its person.
    `special`: its client registered signed or encrypted userinfo, or pairwise subjects.
    `details`: those of its grant; `token_details`: those that were requested for it alone, which
    `tokens/access_tokens.py` combines. It ends with its grant at the latest. `granted_to`: of a
    token that `client_id` got by token exchange (RFC 8693), the client that has the grant,
    `exchanged_key` the key of its row, and `actors` the clients that act, if they were stored.
    `authenticated_at` and `methods` say when and how the person signed in.
    """

    client_id: str
    user: User | None
    scope: frozenset[str]
    issued_at: datetime
    expires_at: datetime
    revoked: bool
    grant_id: bytes | None = None
    claims_request: ClaimsRequest | None = None
    special: bool = False
    details: str | None = None
    authenticated_at: datetime | None = None
    methods: tuple[str, ...] = ()
    confirmation: Confirmation | None = None
    token_details: str | None = None
    jti: str | None = None
    granted_to: str | None = None
    exchanged_key: bytes | None = None
    actors: tuple[str, ...] = ()


class TokenStatus(NamedTuple):
    """The current state behind a signed access token: its person, or None when the client acts for
    itself. `expires_at` is the end of its grant."""

    user: User | None
    claims_request: ClaimsRequest | None = None
    special: bool = False
    details: str | None = None
    authenticated_at: datetime | None = None
    methods: tuple[str, ...] = ()
    expires_at: datetime | None = None
