"""The tables `authorization_requests`, `consents`, `grants` and `codes`: how a grant begins."""

import json
from collections.abc import Sequence
from datetime import datetime

from quantimodo.model.budgets import Charge
from quantimodo.model.consents import Consent, StoredRequest
from quantimodo.model.sessions import LogoutRecipient
from quantimodo.model.tokens import AccessToken, AuthorizationCode, Grant
from quantimodo.storage.database import Database, KeyedRead, Operation, Row, Statement, execute
from quantimodo.storage.tables.budgets import BudgetChecks, BudgetedTable, charged
from quantimodo.storage.tables.claims_requests import asked_text
from quantimodo.storage.tables.logout_recipients import (
    ADD_LOGOUT_RECIPIENT,
    logout_recipient_values,
)
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.token_batches import ADD_ACCESS_TOKEN, access_token_values
from quantimodo.storage.timestamps import from_micros, to_micros

_REQUEST = KeyedRead(
    "SELECT key, client_id, parameters, created_at, expires_at, claimed_by, answer"
    " FROM authorization_requests"
    " WHERE key"
)
_SAVE_REQUEST = Statement(
    "INSERT INTO authorization_requests (key, client_id, parameters, created_at, expires_at,"
    " network, stored_bytes) VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7})"
)
_CLAIM_REQUEST = Statement(
    "UPDATE authorization_requests SET claimed_by = {2}, expires_at = {3}"
    " WHERE key = {1} AND claimed_by IS NULL RETURNING key"
)
_ANSWER_REQUEST = Statement("UPDATE authorization_requests SET answer = {2} WHERE key = {1}")
_REQUESTS = BudgetedTable("authorization_requests")
_DROP_REQUEST = Statement("DELETE FROM authorization_requests WHERE key = {1} RETURNING key")

_CONSENT_COLUMNS = "user_id, client_id, scope, granted_at, updated_at"
_CONSENT = Statement(
    f"SELECT {_CONSENT_COLUMNS} FROM consents WHERE user_id = {{1}} AND client_id = {{2}}"
)
# Held like the consent below: what is given in a session is given before it ends, and ends with it.
_LIVES = "SELECT 1 FROM sessions WHERE sid = {1}"
_HOLD_SESSION = Statement(_LIVES, postgres=f"{_LIVES} FOR KEY SHARE")
# Held until the authorization that rests on it is saved: of that and a withdrawal one comes after
# the other, and a withdrawal that comes after finds the grant to revoke.
_ALLOWED = "SELECT scope FROM consents WHERE user_id = {1} AND client_id = {2}"
_HOLD_CONSENT = Statement(_ALLOWED, postgres=f"{_ALLOWED} FOR KEY SHARE")
# Two consents at once both count: PostgreSQL holds the person, since there may be no consent yet
# to hold. SQLite has one writer.
_PERSON = "SELECT id FROM users WHERE id = {1}"
_HOLD_PERSON = Statement(_PERSON, postgres=f"{_PERSON} FOR NO KEY UPDATE")
_CONSENTS_OF = Statement(
    f"SELECT {_CONSENT_COLUMNS} FROM consents WHERE user_id = {{1}} ORDER BY granted_at DESC"
)
_SAVE_CONSENT = Statement(
    "INSERT INTO consents (user_id, client_id, scope, granted_at, updated_at)"
    " VALUES ({1}, {2}, {3}, {4}, {5}) ON CONFLICT (user_id, client_id)"
    " DO UPDATE SET scope = excluded.scope, updated_at = excluded.updated_at"
)
_DROP_CONSENT = Statement(
    "DELETE FROM consents WHERE user_id = {1} AND client_id = {2} RETURNING client_id"
)
_REVOKE_GRANTS = Statement(
    "UPDATE grants SET revoked_at = {3}"
    " WHERE user_id = {1} AND client_id = {2} AND revoked_at IS NULL"
)
_ADD_GRANT = Statement(
    "INSERT INTO grants (id, client_id, user_id, scope, methods, authenticated_at, created_at,"
    " expires_at, sid, claims_request) VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}, {10})"
)
_ADD_CODE = Statement(
    "INSERT INTO codes (key, grant_id, redirect_uri, challenge, nonce, expires_at)"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6})"
)


def _to_consent(row: Row) -> Consent:
    return Consent(
        user_id=row[0],
        client_id=row[1],
        scope=frozenset(row[2].split()),
        granted_at=from_micros(row[3]),
        updated_at=from_micros(row[4]),
    )


class Authorizations(Table):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._request_budget = BudgetChecks(_REQUESTS)

    async def save_request(self, request: StoredRequest, charge: Charge | None = None) -> None:
        values = (
            request.key,
            request.client_id,
            json.dumps(request.parameters),
            to_micros(request.created_at),
            to_micros(request.expires_at),
        )
        await charged(self._database, self._request_budget, _SAVE_REQUEST, values, charge)

    async def request(self, key: bytes) -> StoredRequest | None:
        row = await self._database.one(_REQUEST, key)
        if row is None:
            return None
        return StoredRequest(
            key=row[0],
            client_id=row[1],
            parameters=tuple((name, value) for name, value in json.loads(row[2])),
            created_at=from_micros(row[3]),
            expires_at=from_micros(row[4]),
            claimed_by=row[5],
            answer=row[6],
        )

    async def drop_request(self, key: bytes) -> bool:
        return bool(await self._database.write(execute(_DROP_REQUEST, key)))

    async def claim_request(self, key: bytes, holder: bytes, until: datetime) -> bool:
        claim = execute(_CLAIM_REQUEST, key, holder, to_micros(until))
        return bool(await self._database.write(claim))

    async def answer_request(self, key: bytes, answer: bytes) -> None:
        await self._database.write(execute(_ANSWER_REQUEST, key, answer))

    async def consent(self, user_id: int, client_id: str) -> Consent | None:
        rows = await self._database.rows(_CONSENT, user_id, client_id)
        return _to_consent(rows[0]) if rows else None

    async def consents_of(self, user_id: int) -> Sequence[Consent]:
        return [_to_consent(row) for row in await self._database.list_rows(_CONSENTS_OF, user_id)]

    async def save_consent(self, consent: Consent) -> None:
        def operation() -> Operation[None]:
            yield _HOLD_PERSON, (consent.user_id,)
            rows = yield _CONSENT, (consent.user_id, consent.client_id)
            before = _to_consent(rows[0]).scope if rows else frozenset()
            yield (
                _SAVE_CONSENT,
                (
                    consent.user_id,
                    consent.client_id,
                    " ".join(sorted(consent.scope | before)),
                    to_micros(consent.granted_at),
                    to_micros(consent.updated_at),
                ),
            )

        await self._database.write(operation)

    async def withdraw_consent(self, user_id: int, client_id: str, at: datetime) -> bool:
        def operation() -> Operation[bool]:
            dropped = yield _DROP_CONSENT, (user_id, client_id)
            yield _REVOKE_GRANTS, (user_id, client_id, to_micros(at))
            return bool(dropped)

        return await self._database.write(operation)

    async def save_code(
        self,
        grant: Grant,
        code: AuthorizationCode | None,
        access: AccessToken | None = None,
        logout_recipient: LogoutRecipient | None = None,
    ) -> bool:
        def operation() -> Operation[bool]:
            if grant.sid is not None and not (yield _HOLD_SESSION, (grant.sid,)):
                return False
            allowed = yield _HOLD_CONSENT, (grant.user_id, grant.client_id)
            if not allowed or not grant.scope <= frozenset(allowed[0][0].split()):
                return False
            yield (
                _ADD_GRANT,
                (
                    grant.id,
                    grant.client_id,
                    grant.user_id,
                    " ".join(sorted(grant.scope)),
                    " ".join(grant.methods),
                    to_micros(grant.authenticated_at),
                    to_micros(grant.created_at),
                    to_micros(grant.expires_at),
                    grant.sid,
                    asked_text(grant.claims_request),
                ),
            )
            if code is not None:
                yield (
                    _ADD_CODE,
                    (
                        code.key,
                        code.grant_id,
                        code.redirect_uri,
                        code.challenge,
                        code.nonce,
                        to_micros(code.expires_at),
                    ),
                )
            if access is not None:
                yield ADD_ACCESS_TOKEN, access_token_values(access)
            if logout_recipient is not None:
                yield ADD_LOGOUT_RECIPIENT, logout_recipient_values(logout_recipient)
            return True

        return await self._database.write(operation)
