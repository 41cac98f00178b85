"""The tables `login_states` and `login_codes`: on the way to providers and back."""

from datetime import datetime

from quantimodo.model.budgets import Charge
from quantimodo.model.identities import LoginCode, LoginState
from quantimodo.storage.database import Database, KeyedRead, Row, Statement, execute
from quantimodo.storage.tables.budgets import BudgetChecks, BudgetedTable, charged
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import (
    from_micros,
    from_micros_or_none,
    to_micros,
    to_micros_or_none,
)

_LOGIN_STATE_COLUMNS = "key, provider, browser, sealed, created_at, expires_at"
_ADD_LOGIN_STATE = Statement(
    f"INSERT INTO login_states ({_LOGIN_STATE_COLUMNS}, network, stored_bytes)"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8})"
)
_LOGIN_STATES = BudgetedTable("login_states")
_LOGIN_STATE = KeyedRead(f"SELECT {_LOGIN_STATE_COLUMNS} FROM login_states WHERE key")
_TAKE_LOGIN_STATE = Statement(
    f"DELETE FROM login_states WHERE key = {{1}} RETURNING {_LOGIN_STATE_COLUMNS}"
)

_LOGIN_CODE_COLUMNS = (
    "key, provider, user_id, clients, challenge, methods, new_user, jti, authenticated_at,"
    " expires_at, redeemed_at, redirect_url"
)
_LOGIN_CODE = KeyedRead(f"SELECT {_LOGIN_CODE_COLUMNS} FROM login_codes WHERE key")
_ADD_LOGIN_CODE = Statement(
    f"INSERT INTO login_codes ({_LOGIN_CODE_COLUMNS}, network, stored_bytes)"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}, {10}, {11}, {12}, {13},"
    " {14})"
)
_LOGIN_CODES = BudgetedTable("login_codes")
_REDEEM_LOGIN_CODE = Statement(
    "UPDATE login_codes SET redeemed_at = {2} WHERE key = {1} AND redeemed_at IS NULL RETURNING key"
)


def _to_login_state(row: Row) -> LoginState:
    return LoginState(
        key=row[0],
        provider=row[1],
        browser=row[2],
        sealed=row[3],
        created_at=from_micros(row[4]),
        expires_at=from_micros(row[5]),
    )


def _to_login_code(row: Row) -> LoginCode:
    return LoginCode(
        key=row[0],
        provider=row[1],
        user_id=row[2],
        clients=None if row[3] is None else tuple(row[3].split()),
        challenge=row[4],
        methods=tuple(row[5].split()),
        new_user=bool(row[6]),
        jti=row[7],
        authenticated_at=from_micros(row[8]),
        expires_at=from_micros(row[9]),
        redeemed_at=from_micros_or_none(row[10]),
        redirect_url=row[11],
    )


class LoginStates(Table):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._login_state_budget = BudgetChecks(_LOGIN_STATES)

    async def add_login_state(self, login_state: LoginState, charge: Charge | None = None) -> None:
        values = (
            login_state.key,
            login_state.provider,
            login_state.browser,
            login_state.sealed,
            to_micros(login_state.created_at),
            to_micros(login_state.expires_at),
        )
        await charged(self._database, self._login_state_budget, _ADD_LOGIN_STATE, values, charge)

    async def login_state(self, key: bytes) -> LoginState | None:
        row = await self._database.one(_LOGIN_STATE, key)
        return None if row is None else _to_login_state(row)

    async def take_login_state(self, key: bytes) -> LoginState | None:
        rows = await self._database.write(execute(_TAKE_LOGIN_STATE, key))
        return _to_login_state(rows[0]) if rows else None


class LoginCodes(Table):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._login_code_budget = BudgetChecks(_LOGIN_CODES)

    async def add_login_code(self, code: LoginCode, charge: Charge | None = None) -> None:
        values = (
            code.key,
            code.provider,
            code.user_id,
            None if code.clients is None else " ".join(code.clients),
            code.challenge,
            " ".join(code.methods),
            int(code.new_user),
            code.jti,
            to_micros(code.authenticated_at),
            to_micros(code.expires_at),
            to_micros_or_none(code.redeemed_at),
            code.redirect_url,
        )
        await charged(self._database, self._login_code_budget, _ADD_LOGIN_CODE, values, charge)

    async def login_code(self, key: bytes) -> LoginCode | None:
        row = await self._database.one(_LOGIN_CODE, key)
        return None if row is None else _to_login_code(row)

    async def redeem_login_code(self, key: bytes, at: datetime) -> bool:
        return bool(await self._database.write(execute(_REDEEM_LOGIN_CODE, key, to_micros(at))))
