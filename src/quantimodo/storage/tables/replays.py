"""The tables `replays` and `data_deletion_requests`. Rows are caused by signed messages of
providers and applications, and are stored until they expire. Their quotas are in `quotas.py`."""

from datetime import datetime
from typing import Final, NamedTuple

from quantimodo.model.budgets import QuotaPolicy, Signer
from quantimodo.model.identities import DataDeletionRequest
from quantimodo.ports.stores import QuotaExceeded
from quantimodo.storage.database import Database, KeyedRead, Operation, Statement
from quantimodo.storage.rows import Column, RowReader
from quantimodo.storage.tables.budgets import ROW_OVERHEAD
from quantimodo.storage.tables.quotas import HELD, QuotaCounter, RowQuota, release, take
from quantimodo.storage.tables.retention_rules import RetentionRule
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import (
    from_micros,
    from_micros_or_none,
    to_micros,
    to_micros_or_none,
)

_LONGEST_KEY: Final = 64
REPLAY_BYTES: Final = ROW_OVERHEAD + _LONGEST_KEY + 3 * 16 + 8  # what one row counts as
# An owner may hold a sixty-fourth of what is free in its group. The free space shrinks by that
# fraction for each owner that uses its share up, and lasts until hundreds have done so.
FREE_SHARE: Final = 64
DELETION_BYTES: Final = ROW_OVERHEAD + 20 + 16 + 3 * 8  # with the name of a provider

_SPENT = KeyedRead("SELECT key FROM replays WHERE key")
_SPEND = Statement(
    "INSERT INTO replays (key, expires_at, signer_quota, group_quota, owner_quota)"
    " VALUES ({1}, {2}, {3}, {4}, {5}) ON CONFLICT (key) DO NOTHING RETURNING key"
)
_DELETE_REPLAYS = Statement(
    "DELETE FROM replays WHERE key IN (SELECT key FROM replays WHERE expires_at <= {1}"
    " ORDER BY expires_at LIMIT {2}) RETURNING signer_quota, group_quota, owner_quota"
)

_REQUEST = RowReader(
    DataDeletionRequest,
    "code",
    "provider",
    Column("requested_at", from_micros),
    Column("done_at", from_micros_or_none),
    Column("expires_at", from_micros),
)
_FIND_REQUEST = KeyedRead(f"SELECT {_REQUEST.columns} FROM data_deletion_requests WHERE code")
_ADD_REQUEST = Statement(
    f"INSERT INTO data_deletion_requests ({_REQUEST.columns})"
    " VALUES ({1}, {2}, {3}, {4}, {5})"
)
_DELETE_REQUESTS = Statement(
    "DELETE FROM data_deletion_requests WHERE code IN (SELECT code FROM data_deletion_requests"
    " WHERE expires_at <= {1} ORDER BY expires_at LIMIT {2}) RETURNING 1"
)
_ALL_REQUESTS: Final = "data deletion requests"


def _delete_expired_replays(now: int, limit: int) -> Operation[int]:
    """Delete expired replay records, and subtract them from their quotas."""
    rows = yield _DELETE_REPLAYS, (now, limit)
    yield from release((name, REPLAY_BYTES) for row in rows for name in row if name is not None)
    return len(rows)


def _delete_expired_requests(now: int, limit: int) -> Operation[int]:
    """Delete expired data deletion requests, and subtract them from their quota."""
    rows = yield _DELETE_REQUESTS, (now, limit)
    yield from release((_ALL_REQUESTS.encode(), DELETION_BYTES) for _ in rows)
    return len(rows)


class _Counters(NamedTuple):
    """The counters of a signer, of its group, and of its owner if it has one."""

    signer: QuotaCounter
    group: QuotaCounter
    owner: QuotaCounter | None


class Replays(Table):
    """Implements `ReplayStore`."""

    retention = (RetentionRule("replays", _delete_expired_replays),)

    def __init__(self, database: Database, policy: QuotaPolicy) -> None:
        super().__init__(database)
        self._policy = policy

    async def use_once(self, key: bytes, expires_at: datetime, signer: Signer) -> bool:
        if len(key) > _LONGEST_KEY:
            raise ValueError("the key of a replay record is too long")
        by_signer, by_group, by_owner = self._counters(key, signer)
        owner_name = None if by_owner is None else by_owner.name
        values = (key, to_micros(expires_at), by_signer.name, by_group.name, owner_name)
        counters = sorted(filter(None, (by_signer, by_group, by_owner)))

        def operation() -> Operation[bool]:
            if not (yield _SPEND, values):
                return False
            held = {}
            for counter in counters:
                held[counter] = yield from take(counter, REPLAY_BYTES)
                if not held[counter]:
                    raise _replays_full(by_signer=counter is by_signer)
            if by_owner is not None and not _is_fair(held[by_owner], held[by_group], by_group):
                raise _share_used_up()
            return True

        return await self._database.write(operation)

    async def is_used(self, key: bytes) -> bool:
        return await self._database.one(_SPENT, key) is not None

    async def require_space(self, key: bytes, signer: Signer) -> None:
        by_signer, by_group, by_owner = self._counters(key, signer)
        for counter in (by_signer, by_group):
            if await _held(self._database, counter) + REPLAY_BYTES > counter.most:
                raise _replays_full(by_signer=counter is by_signer)
        if by_owner is not None:
            held = await _held(self._database, by_owner) + REPLAY_BYTES
            in_group = await _held(self._database, by_group) + REPLAY_BYTES
            if not _is_fair(held, in_group, by_group):
                raise _share_used_up()

    def _counters(self, key: bytes, signer: Signer) -> _Counters:
        """The counters for the row with this key. Those of the group and of the owner are split
        alike, so that the space in one counter is compared with one counter."""
        policy, owner = self._policy, signer.owner
        of_signer = RowQuota(
            f"{signer.group} {signer.name}", policy.replays_per_signer, REPLAY_BYTES
        ).counter_of(key)
        of_group = RowQuota(signer.group, policy.replays_total, REPLAY_BYTES).counter_of(key)
        if owner is None:
            return _Counters(of_signer, of_group, None)
        of_owner = RowQuota(f"{signer.group} of {owner}", policy.replays_total, REPLAY_BYTES)
        return _Counters(of_signer, of_group, of_owner.counter_of(key))


class DataDeletionRequests(Table):
    """Implements `DataDeletionRequestStore`."""

    retention = (RetentionRule("data_deletion_requests", _delete_expired_requests),)

    def __init__(self, database: Database, policy: QuotaPolicy) -> None:
        super().__init__(database)
        self._counter = QuotaCounter(_ALL_REQUESTS.encode(), policy.data_deletion_requests_total)

    async def add_data_deletion_request(self, data_deletion_request: DataDeletionRequest) -> None:
        values = (
            data_deletion_request.code,
            data_deletion_request.provider,
            to_micros(data_deletion_request.requested_at),
            to_micros_or_none(data_deletion_request.done_at),
            to_micros(data_deletion_request.expires_at),
        )

        def operation() -> Operation[None]:
            yield _ADD_REQUEST, values
            if not (yield from take(self._counter, DELETION_BYTES)):
                raise _requests_full()

        await self._database.write(operation)

    async def data_deletion_request(self, code: str) -> DataDeletionRequest | None:
        return _REQUEST.read_found(await self._database.one(_FIND_REQUEST, code))

    async def require_space(self) -> None:
        if await _held(self._database, self._counter) + DELETION_BYTES > self._counter.most:
            raise _requests_full()


def _replays_full(*, by_signer: bool) -> QuotaExceeded:
    whose = "one signer" if by_signer else "all signers of a group"
    return QuotaExceeded(f"the quota of replay records of {whose} is used up", by_signer=by_signer)


def _share_used_up() -> QuotaExceeded:
    return QuotaExceeded(
        "the share of one owner in the quota of replay records is used up", by_signer=True
    )


def _is_fair(held: int, in_group: int, group: QuotaCounter) -> bool:
    """Whether an owner may hold so many bytes; one record is always allowed."""
    return held <= max(REPLAY_BYTES, (group.most - in_group) // FREE_SHARE)


def _requests_full() -> QuotaExceeded:
    return QuotaExceeded("the quota of data deletion requests is used up")


async def _held(database: Database, counter: QuotaCounter) -> int:
    row = await database.one(HELD, counter.name)
    if row is None:
        return 0
    _, held = row
    return int(held)
