"""The table `device_authorizations`: devices that wait for a person (RFC 8628).

`authorizations.py` runs `APPROVE_DEVICE` in the transaction that stores its grant.
"""

import json
from datetime import datetime, timedelta

from quantimodo.model.budgets import Charge
from quantimodo.model.devices import DeviceAuthorization
from quantimodo.storage.database import Database, KeyedRead, Statement, execute
from quantimodo.storage.rows import Column, RowReader
from quantimodo.storage.tables.budgets import BudgetChecks, BudgetedTable, charged
from quantimodo.storage.tables.retention_rules import HOUR, expired
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.texts import confirmation_text, to_confirmation
from quantimodo.storage.timestamps import (
    from_micros,
    from_micros_or_none,
    to_micros,
    to_micros_or_none,
)


def _to_parameters(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in json.loads(text))


def _to_polled_at(micros: int) -> datetime | None:
    return from_micros(micros) if micros else None


def _to_interval(seconds: int) -> timedelta:
    return timedelta(seconds=seconds)


_DEVICE = RowReader(
    DeviceAuthorization,
    "key",
    "user_code",
    "sealed",
    "client_id",
    Column("parameters", _to_parameters),
    Column("confirmation", to_confirmation),
    "address",
    "agent",
    Column("created_at", from_micros),
    Column("expires_at", from_micros),
    Column("polled_at", _to_polled_at),
    Column("interval", _to_interval, sql="poll_seconds"),
    "confirmed_by",
    Column("decided_at", from_micros_or_none),
    Column("approved", bool),
)
_FIND = KeyedRead(f"SELECT {_DEVICE.columns} FROM device_authorizations WHERE key")
# A `KeyedRead` begins with its key, so this is a plain statement.
_FIND_BY_USER_CODE = Statement(
    f"SELECT {_DEVICE.columns} FROM device_authorizations WHERE user_code = {{1}}"
)
_ADD = Statement(
    "INSERT INTO device_authorizations (key, user_code, sealed, client_id, parameters,"
    " confirmation, address, agent, created_at, expires_at, polled_at, poll_seconds, confirmed_by,"
    " decided_at, approved, network, stored_bytes) VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8},"
    " {9}, {10}, {11}, {12}, {13}, {14}, {15}, {16}, {17})"
)
_RECORD_POLL = Statement(
    "UPDATE device_authorizations SET polled_at = {4}, poll_seconds = {5}"
    " WHERE key = {1} AND polled_at = {2} AND poll_seconds = {3} AND decided_at IS NULL"
    " RETURNING key"
)
_CONFIRM = Statement(
    "UPDATE device_authorizations SET confirmed_by = {2} WHERE key = {1}"
    " AND (confirmed_by IS NULL OR confirmed_by = {2}) AND decided_at IS NULL"
    " AND expires_at > {3} RETURNING key"
)
_REFUSE = Statement(
    "UPDATE device_authorizations SET decided_at = {2} WHERE key = {1} AND decided_at IS NULL"
    " RETURNING key"
)
APPROVE_DEVICE = Statement(
    "UPDATE device_authorizations SET decided_at = {2}, approved = 1 WHERE key = {1}"
    " AND decided_at IS NULL AND expires_at > {2} RETURNING key"
)

_DEVICES = BudgetedTable("device_authorizations")


class DeviceAuthorizations(Table):
    """Implements `DeviceAuthorizationStore`."""

    retention = (
        # An hour longer, so that a device that polls too late gets the right error (RFC 8628 §3.5).
        expired("device_authorizations", "key", kept=HOUR),
    )

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._device_budget = BudgetChecks(_DEVICES)

    async def add_device_authorization(
        self, device: DeviceAuthorization, charge: Charge | None = None
    ) -> None:
        values = (
            device.key,
            device.user_code,
            device.sealed,
            device.client_id,
            json.dumps(device.parameters),
            confirmation_text(device.confirmation),
            device.address,
            device.agent,
            to_micros(device.created_at),
            to_micros(device.expires_at),
            *_polled(device),
            device.confirmed_by,
            to_micros_or_none(device.decided_at),
            int(device.approved),
        )
        await charged(self._database, self._device_budget, _ADD, values, charge)

    async def device_authorization(self, key: bytes) -> DeviceAuthorization | None:
        return _DEVICE.read_found(await self._database.one(_FIND, key))

    async def device_of_user_code(self, user_code: bytes) -> DeviceAuthorization | None:
        return _DEVICE.read_first(await self._database.rows(_FIND_BY_USER_CODE, user_code))

    async def record_poll(self, before: DeviceAuthorization, after: DeviceAuthorization) -> bool:
        recorded = execute(_RECORD_POLL, before.key, *_polled(before), *_polled(after))
        return bool(await self._database.write(recorded))

    async def bind_device(self, key: bytes, holder: bytes, at: datetime) -> bool:
        return bool(await self._database.write(execute(_CONFIRM, key, holder, to_micros(at))))

    async def refuse_device(self, key: bytes, at: datetime) -> bool:
        return bool(await self._database.write(execute(_REFUSE, key, to_micros(at))))


def _polled(device: DeviceAuthorization) -> tuple[int, int]:
    """The columns `polled_at` and `poll_seconds`."""
    polled_at = 0 if device.polled_at is None else to_micros(device.polled_at)
    return polled_at, int(device.interval.total_seconds())
