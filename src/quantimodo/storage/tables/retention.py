"""Deletes rows that have expired, by the rules that the stores state (`retention_rules.py`).
`ops/cleanup.py` says when."""

from collections.abc import Sequence
from datetime import datetime

from quantimodo.storage.database import Database, Operation, Statement
from quantimodo.storage.tables.retention_rules import RetentionRule
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import to_micros


class Retention(Table):
    """Implements `RetentionStore`."""

    def __init__(self, database: Database, rules: Sequence[RetentionRule]) -> None:
        super().__init__(database)
        self._rules = {rule.table: rule.delete for rule in rules}

    @property
    def expiring_tables(self) -> Sequence[str]:
        return tuple(self._rules)

    async def delete_expired(self, table: str, now: datetime, limit: int) -> int:
        delete, at = self._rules[table], to_micros(now)

        def operation() -> Operation[int]:
            if isinstance(delete, Statement):
                return len((yield delete, (at, limit)))
            return (yield from delete(at, limit))

        return await self._database.write(operation)
