"""Authorization requests, consents, grants, codes and tokens.

The promises of `stores.py` hold here too.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from quantimodo.model.budgets import Charge
from quantimodo.model.consents import Consent, ConsentChange, StoredRequest
from quantimodo.model.sessions import LogoutRecipient
from quantimodo.model.tokens import (
    AccessToken,
    AuthorizationCode,
    FoundAccessToken,
    FoundCode,
    FoundRefreshToken,
    Grant,
    ManagedGrant,
    RefreshToken,
    TokenStatus,
)


class AuthorizationStore(Protocol):
    async def add_request(self, request: StoredRequest, charge: Charge | None = None) -> None:
        """Store a request that waits for its person; over the budget of `charge` the oldest ones
        are deleted."""

    async def request(self, key: bytes) -> StoredRequest | None:
        """The request with this key, expired and claimed ones included."""

    async def delete_request(self, key: bytes) -> bool:
        """Remove a request that is not claimed; True for the one caller that removed it."""

    async def extend_request(self, key: bytes, until: datetime) -> None:
        """Keep a request that is not claimed until this time, and no shorter than before."""

    async def claim_request(self, key: bytes, holder: bytes, until: datetime) -> bool:
        """Mark it as decided for this holder, and keep it no longer than `until`. Of any number of
        concurrent calls exactly one returns True."""

    async def set_response(self, key: bytes, response: bytes) -> None:
        """Store the response to a claimed request."""

    async def consent(self, user_id: int, client_id: str) -> Consent | None:
        """The consent of this person to this client, ended ones included; None if there is none."""

    async def consents_of(self, user_id: int) -> Sequence[Consent]:
        """All consents of this person, the newest first, ended ones included."""

    async def save_consent(self, consent: Consent, *, decided: bool = True) -> Consent:
        """Merge it with the one on record (`protocol/consents.py` `merged`), narrow live grants to
        the result, and add it to the history; returns the result. Of concurrent calls, each merges
        with the other's result. Raises `Conflict` when the person or the application was deleted.
        """

    async def change_consent(
        self, user_id: int, client_id: str, decide: Callable[[Consent], Consent | None]
    ) -> bool:
        """Replace it by what `decide` makes of it, unless that is None; narrow every live grant of
        this person and client; add it to the history. All in one transaction: a grant that is
        stored at the same time is narrowed or refused. False when there is no consent.

        `decide` is pure, and may be called again; what it raises is raised.
        """

    async def changes_of_consent(self, user_id: int, client_id: str) -> Sequence[ConsentChange]:
        """The history of a consent, newest first: at most 100 entries. It outlives the consent."""

    async def withdraw_consent(self, user_id: int, client_id: str, at: datetime) -> bool:
        """Delete it and revoke every grant of this person and client, codes included."""

    async def add_grant(
        self,
        grant: Grant,
        code: AuthorizationCode | None,
        access: AccessToken | None = None,
        logout_recipient: LogoutRecipient | None = None,
        polled: bytes | None = None,
        follows: bytes | None = None,
    ) -> bool:
        """Store a grant, the code and token of the front channel, and the client to notify when
        the session of the grant ends. `polled`: the key of the code with which the client polls,
        and which this approves. `follows`: the id of the managed grant that it merges or
        replaces, which ends in the same transaction; of concurrent successors exactly one is
        stored.

        False, and nothing is saved, unless the account is open, the person's consent to all of the
        grant is on record, its session, if it has one, lives, the polled code, if there is one,
        has neither expired nor been decided about, and the grant that it follows, if there is one,
        lives or was revoked by this consent; `close_account`,
        `withdraw_consent`, `change_consent` or the end of the session at the same time either
        prevents it, or revokes or narrows it.
        """

    async def managed_grant(self, public_id: str) -> ManagedGrant | None:
        """The live grant with this public id, of whatever client and person, or the newest
        revoked one."""

    async def revoke_managed_grant(self, public_id: str, client_id: str, at: datetime) -> bool:
        """Revoke the grant with this public id, and one that follows it at the same time; False if
        the client has no live one."""


class TokenReader(Protocol):
    async def authorization_code(self, key: bytes) -> FoundCode | None:
        """The code with this key, redeemed and expired ones included."""

    async def refresh_token(self, key: bytes) -> FoundRefreshToken | None:
        """The token with this key, spent and expired ones included."""

    async def access_token(self, key: bytes) -> FoundAccessToken | None:
        """The opaque token with this key, expired and revoked ones included."""

    async def grant(self, grant_id: bytes) -> Grant | None:
        """The grant with this id, a revoked one included."""

    async def token_status(
        self, jti: str, client_id: str, grant_id: bytes | None
    ) -> TokenStatus | None:
        """The state of a signed token; None when its `jti`, grant, client or person was revoked,
        disabled or deleted."""


class TokenStore(TokenReader, Protocol):
    async def add_access_token(self, access: AccessToken) -> None:
        """Store an access token that is issued without a code or refresh token."""

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
        token: RefreshToken,
        at: datetime,
        successor_nonce: bytes,
        access: AccessToken | None,
        successor: RefreshToken,
    ) -> bool:
        """Spend a refresh token, store the nonce with it, and its successor: all, or nothing.

        False if it was spent before or its grant is revoked; exactly one of many wins.
        """

    async def revoke_grant(self, grant_id: bytes, at: datetime) -> bool:
        """Revoke a grant: its code, its tokens, and any successor that a rotation adds now."""

    async def revoke_access_token(self, key: bytes) -> bool:
        """Delete an opaque access token; False if there is none."""

    async def revoke_jwt(self, jti: str, expires_at: datetime) -> None:
        """Record that the JWT with this `jti` is revoked, until it expires."""

    async def is_revoked_jwt(self, jti: str) -> bool:
        """Whether `revoke_jwt` recorded this `jti`."""
