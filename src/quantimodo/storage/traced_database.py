"""A database whose calls are spans. It is used only if traces are on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from quantimodo.ports.tracing import Tracer
from quantimodo.storage.database import Batch, Database, KeyedRead, Operation, Row, Statement

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TracedDatabase:
    """Implements `Database`. The spans have the kind of the call, and no statement and no value."""

    database: Database
    tracer: Tracer

    async def one(self, read: KeyedRead, key: Any) -> Row | None:
        with self.tracer.call("storage read"):
            return await self.database.one(read, key)

    async def rows(self, statement: Statement, *values: Any) -> Sequence[Row]:
        with self.tracer.call("storage read"):
            return await self.database.rows(statement, *values)

    async def list_rows(self, statement: Statement, *values: Any) -> Sequence[Row]:
        with self.tracer.call("storage list"):
            return await self.database.list_rows(statement, *values)

    async def search(self, statement: Statement, *values: Any) -> Sequence[Row]:
        with self.tracer.call("storage search"):
            return await self.database.search(statement, *values)

    async def write(self, operation: Callable[[], Operation[T]]) -> T:
        with self.tracer.call("storage write"):
            return await self.database.write(operation)

    async def put(self, batch: Batch, values: tuple[Any, ...]) -> bool:
        with self.tracer.call("storage put"):
            return await self.database.put(batch, values)

    async def close(self) -> None:
        await self.database.close()
