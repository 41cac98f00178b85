"""The tables `login_states` and `login_codes`: sign-ins at upstream providers."""

from datetime import datetime

from quantimodo.model.budgets import Charge
from quantimodo.model.identities import LoginCode, LoginState
from quantimodo.storage.database import Database, KeyedRead, Statement, execute
from quantimodo.storage.rows import Column, RowReader
from quantimodo.storage.tables.budgets import BudgetChecks, BudgetedTable, charged
from quantimodo.storage.tables.retention_rules import DAY, expired
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.texts import to_words, words_text
from quantimodo.storage.timestamps import (
    from_micros,
    from_micros_or_none,
    to_micros,
    to_micros_or_none,
)

_LOGIN_STATE = RowReader(
    LoginState,
    "key",
    "provider",
    "browser",
    "sealed",
    Column("created_at", from_micros),
    Column("expires_at", from_micros),
)
_ADD_LOGIN_STATE = Statement(
    f"INSERT INTO login_states ({_LOGIN_STATE.columns}, network, stored_bytes)"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8})"
)
_LOGIN_STATES = BudgetedTable("login_states")
_FIND_LOGIN_STATE = KeyedRead(f"SELECT {_LOGIN_STATE.columns} FROM login_states WHERE key")
_TAKE_LOGIN_STATE = Statement(
    f"DELETE FROM login_states WHERE key = {{1}} RETURNING {_LOGIN_STATE.columns}"
)


def _to_clients(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else to_words(text)


_LOGIN_CODE = RowReader(
    LoginCode,
    "key",
    "provider",
    "user_id",
    Column("clients", _to_clients),
    "challenge",
    Column("methods", to_words),
    Column("new_user", bool),
    "jti",
    Column("authenticated_at", from_micros),
    Column("expires_at", from_micros),
    Column("redeemed_at", from_micros_or_none),
    "redirect_url",
)
_FIND_LOGIN_CODE = KeyedRead(f"SELECT {_LOGIN_CODE.columns} FROM login_codes WHERE key")
_ADD_LOGIN_CODE = Statement(
    f"INSERT INTO login_codes ({_LOGIN_CODE.columns}, network, stored_bytes)"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}, {10}, {11}, {12}, {13},"
    " {14})"
)
_LOGIN_CODES = BudgetedTable("login_codes")
_REDEEM_LOGIN_CODE = Statement(
    "UPDATE login_codes SET redeemed_at = {2} WHERE key = {1} AND redeemed_at IS NULL RETURNING key"
)


class LoginStates(Table):
    """Implements `LoginStateStore`."""

    retention = (expired("login_states", "key"),)

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
        return _LOGIN_STATE.read_found(await self._database.one(_FIND_LOGIN_STATE, key))

    async def take_login_state(self, key: bytes) -> LoginState | None:
        return _LOGIN_STATE.read_first(await self._database.write(execute(_TAKE_LOGIN_STATE, key)))


class LoginCodes(Table):
    """Implements `LoginCodeStore`."""

    retention = (
        # A used code is kept for a day, so that its second use is seen for what it is.
        expired("login_codes", "key", kept=DAY),
    )

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._login_code_budget = BudgetChecks(_LOGIN_CODES)

    async def add_login_code(self, code: LoginCode, charge: Charge | None = None) -> None:
        values = (
            code.key,
            code.provider,
            code.user_id,
            None if code.clients is None else words_text(code.clients),
            code.challenge,
            words_text(code.methods),
            int(code.new_user),
            code.jti,
            to_micros(code.authenticated_at),
            to_micros(code.expires_at),
            to_micros_or_none(code.redeemed_at),
            code.redirect_url,
        )
        await charged(self._database, self._login_code_budget, _ADD_LOGIN_CODE, values, charge)

    async def login_code(self, key: bytes) -> LoginCode | None:
        return _LOGIN_CODE.read_found(await self._database.one(_FIND_LOGIN_CODE, key))

    async def redeem_login_code(self, key: bytes, at: datetime) -> bool:
        return bool(await self._database.write(execute(_REDEEM_LOGIN_CODE, key, to_micros(at))))
