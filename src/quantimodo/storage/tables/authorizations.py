"""The tables `authorization_requests`, `consents`, `grants` and `codes`: what an authorization
stores."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from quantimodo.model.budgets import Charge
from quantimodo.model.consents import Consent, ConsentChange, StoredRequest
from quantimodo.model.sessions import LogoutRecipient
from quantimodo.model.tokens import AccessToken, AuthorizationCode, Grant, ManagedGrant
from quantimodo.protocol.consents import allows_grant
from quantimodo.storage.database import Database, KeyedRead, Operation, Statement, execute
from quantimodo.storage.rows import Column, Part, RowReader
from quantimodo.storage.tables import consents
from quantimodo.storage.tables.budgets import BudgetChecks, BudgetedTable, charged
from quantimodo.storage.tables.event_outbox import (
    REVOKED_COLUMNS,
    report_grant,
    report_revoked,
)
from quantimodo.storage.tables.logout_recipients import (
    ADD_LOGOUT_RECIPIENT,
    logout_recipient_values,
)
from quantimodo.storage.tables.retention_rules import expired, oldest
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.texts import (
    claims_request_text,
    confirmation_text,
    scope_text,
    words_text,
)
from quantimodo.storage.tables.token_batches import ADD_ACCESS_TOKEN, access_token_values
from quantimodo.storage.tables.tokens import GRANT
from quantimodo.storage.timestamps import from_micros, from_micros_or_none, to_micros


def _to_parameters(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in json.loads(text))


_REQUEST = RowReader(
    StoredRequest,
    "key",
    "client_id",
    Column("parameters", _to_parameters),
    Column("created_at", from_micros),
    Column("expires_at", from_micros),
    "claimed_by",
    "response",
    Column("polled", sql="device"),
)
_FIND_REQUEST = KeyedRead(f"SELECT {_REQUEST.columns} FROM authorization_requests WHERE key")
_ADD_REQUEST = Statement(
    "INSERT INTO authorization_requests (key, client_id, parameters, created_at, expires_at,"
    " device, network, stored_bytes) VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8})"
)
_EXTEND_REQUEST = Statement(
    "UPDATE authorization_requests SET expires_at = {2}"
    " WHERE key = {1} AND claimed_by IS NULL AND expires_at < {2}"
)
_CLAIM_REQUEST = Statement(
    "UPDATE authorization_requests SET claimed_by = {2}, expires_at = {3}"
    " WHERE key = {1} AND claimed_by IS NULL RETURNING key"
)
_SET_RESPONSE = Statement("UPDATE authorization_requests SET response = {2} WHERE key = {1}")
_REQUESTS = BudgetedTable("authorization_requests")
_DELETE_REQUEST = Statement(
    "DELETE FROM authorization_requests WHERE key = {1} AND claimed_by IS NULL RETURNING key"
)

# Locked until the grant is stored, so that a session ends before, and the grant is refused, or
# after, and the grant ends with it.
_SESSION = "SELECT 1 FROM sessions WHERE sid = {1}"
_LOCK_SESSION = Statement(_SESSION, postgres=f"{_SESSION} FOR KEY SHARE")
# Locked first, as by all that ends authorizations: the account is closed before, and the grant is
# refused, or after, and the grant is revoked.
_OPEN_ACCOUNT = "SELECT 1 FROM users WHERE id = {1} AND deletes_at IS NULL"
_LOCK_OPEN_ACCOUNT = Statement(_OPEN_ACCOUNT, postgres=f"{_OPEN_ACCOUNT} FOR SHARE")
_ADD_GRANT = Statement(
    "INSERT INTO grants (id, client_id, user_id, scope, methods, authenticated_at, created_at,"
    " expires_at, sid, claims_request, details, public_id)"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}, {10}, {11}, {12})"
)
# The decision itself may have revoked it, when the person declined a part of it.
_END_PREDECESSOR = Statement(
    "UPDATE grants SET revoked_at = {4} WHERE id = {1} AND user_id = {2} AND client_id = {3}"
    " AND (revoked_at IS NULL OR revoked_at = {5}) RETURNING id"
)
_MANAGED = RowReader(
    ManagedGrant, Part("grant", GRANT), Column("revoked_at", from_micros_or_none), table="g"
)
_FIND_MANAGED = Statement(
    f"SELECT {_MANAGED.columns} FROM grants g WHERE g.public_id = {{1}}"
    " ORDER BY g.revoked_at IS NOT NULL, g.id DESC LIMIT 1"
)
_REVOKE_MANAGED = Statement(
    "UPDATE grants SET revoked_at = {3} WHERE public_id = {1} AND client_id = {2}"
    " AND revoked_at IS NULL AND expires_at > {3}"
    f" RETURNING {REVOKED_COLUMNS}"
)
_ADD_CODE = Statement(
    "INSERT INTO codes (key, grant_id, redirect_uri, challenge, nonce, expires_at, confirmation)"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7})"
)


class Authorizations(Table):
    """Implements `AuthorizationStore`. `approvals` approve a code with which a client polls, by its
    key and the time: one statement for each table of such codes. Each returns the row."""

    retention = (
        expired("authorization_requests", "key"),
        # A token without its grant is inactive too, so no deletion makes one valid again.
        oldest("grants", "id", "expires_at <= {1}"),
    )

    def __init__(self, database: Database, approvals: Sequence[Statement]) -> None:
        super().__init__(database)
        self._approvals = approvals
        self._request_budget = BudgetChecks(_REQUESTS)

    async def add_request(self, request: StoredRequest, charge: Charge | None = None) -> None:
        values = (
            request.key,
            request.client_id,
            json.dumps(request.parameters),
            to_micros(request.created_at),
            to_micros(request.expires_at),
            request.polled,
        )
        await charged(self._database, self._request_budget, _ADD_REQUEST, values, charge)

    async def request(self, key: bytes) -> StoredRequest | None:
        return _REQUEST.read_found(await self._database.one(_FIND_REQUEST, key))

    async def delete_request(self, key: bytes) -> bool:
        return bool(await self._database.write(execute(_DELETE_REQUEST, key)))

    async def extend_request(self, key: bytes, until: datetime) -> None:
        await self._database.write(execute(_EXTEND_REQUEST, key, to_micros(until)))

    async def claim_request(self, key: bytes, holder: bytes, until: datetime) -> bool:
        claim = execute(_CLAIM_REQUEST, key, holder, to_micros(until))
        return bool(await self._database.write(claim))

    async def set_response(self, key: bytes, response: bytes) -> None:
        await self._database.write(execute(_SET_RESPONSE, key, response))

    async def consent(self, user_id: int, client_id: str) -> Consent | None:
        return await consents.find_consent(self._database, user_id, client_id)

    async def consents_of(self, user_id: int) -> Sequence[Consent]:
        return await consents.consents_of(self._database, user_id)

    async def changes_of_consent(self, user_id: int, client_id: str) -> Sequence[ConsentChange]:
        return await consents.changes_of(self._database, user_id, client_id)

    async def save_consent(self, consent: Consent, *, decided: bool = True) -> Consent:
        return await self._database.write(lambda: consents.save_consent(consent, decided=decided))

    async def change_consent(
        self, user_id: int, client_id: str, decide: Callable[[Consent], Consent | None]
    ) -> bool:
        return await self._database.write(
            lambda: consents.change_consent(user_id, client_id, decide)
        )

    async def withdraw_consent(self, user_id: int, client_id: str, at: datetime) -> bool:
        return await self._database.write(lambda: consents.withdraw_consent(user_id, client_id, at))

    async def managed_grant(self, public_id: str) -> ManagedGrant | None:
        return _MANAGED.read_first(await self._database.list_rows(_FIND_MANAGED, public_id))

    async def revoke_managed_grant(self, public_id: str, client_id: str, at: datetime) -> bool:
        values = (public_id, client_id, to_micros(at))

        def operation() -> Operation[bool]:
            # A second statement sees the grant that followed while the first one waited for its
            # predecessor.
            first = yield _REVOKE_MANAGED, values
            second = yield _REVOKE_MANAGED, values
            yield from report_revoked((*first, *second), to_micros(at))
            return bool(first or second)

        return await self._database.write(operation)

    async def add_grant(
        self,
        grant: Grant,
        code: AuthorizationCode | None,
        access: AccessToken | None = None,
        logout_recipient: LogoutRecipient | None = None,
        polled: bytes | None = None,
        follows: bytes | None = None,
    ) -> bool:
        def operation() -> Operation[bool]:
            if not (yield _LOCK_OPEN_ACCOUNT, (grant.user_id,)):
                return False
            if grant.sid is not None and not (yield _LOCK_SESSION, (grant.sid,)):
                return False
            key = (grant.user_id, grant.client_id)
            consent = consents.CONSENT.read_first((yield consents.SHARE_CONSENT, key))
            if consent is None or not allows_grant(consent, grant):
                return False
            at = to_micros(grant.created_at)
            if polled is not None and not (yield from self._approve(polled, at)):
                return False
            if follows is not None:
                decided_at = to_micros(consent.updated_at)
                if not (yield _END_PREDECESSOR, (follows, *key, at, decided_at)):
                    return False
            yield _ADD_GRANT, _grant_values(grant)
            if code is not None:
                yield _ADD_CODE, _code_values(code)
            if access is not None:
                yield ADD_ACCESS_TOKEN, access_token_values(access)
            if logout_recipient is not None:
                yield ADD_LOGOUT_RECIPIENT, logout_recipient_values(logout_recipient)
            yield from report_grant(grant)
            return True

        return await self._database.write(operation)

    def _approve(self, key: bytes, at: int) -> Operation[bool]:
        for approval in self._approvals:
            if (yield approval, (key, at)):
                return True
        return False


def _grant_values(grant: Grant) -> tuple[Any, ...]:
    """The values of its row, in the order of the columns."""
    return (
        grant.id,
        grant.client_id,
        grant.user_id,
        scope_text(grant.scope),
        words_text(grant.methods),
        to_micros(grant.authenticated_at),
        to_micros(grant.created_at),
        to_micros(grant.expires_at),
        grant.sid,
        claims_request_text(grant.claims_request),
        grant.details,
        grant.public_id,
    )


def _code_values(code: AuthorizationCode) -> tuple[Any, ...]:
    """The values of its row, in the order of the columns."""
    return (
        code.key,
        code.grant_id,
        code.redirect_uri,
        code.challenge,
        code.nonce,
        to_micros(code.expires_at),
        confirmation_text(code.confirmation),
    )
