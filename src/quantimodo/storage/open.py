"""Opens the stores of a database address.

`sqlite:///relative.db`, `sqlite:////absolute.db`, `postgresql://…`.
"""

from datetime import datetime
from pathlib import Path

from quantimodo.model.budgets import DEFAULT_QUOTAS, QuotaPolicy
from quantimodo.ports.stores import Stores
from quantimodo.ports.tracing import Tracer
from quantimodo.storage.database import DEFAULT_SEARCHES, Database, SearchPolicy
from quantimodo.storage.migrate import SchemaMismatch, Step, shipped
from quantimodo.storage.postgres.database import PostgresDatabase
from quantimodo.storage.postgres.schema import migrate_postgres, pending_on_postgres
from quantimodo.storage.sqlite.database import SqliteDatabase
from quantimodo.storage.sqlite.schema import migrate_sqlite, pending_on_sqlite
from quantimodo.storage.stores import build_stores
from quantimodo.storage.traced_database import TracedDatabase

__all__ = [
    "SchemaMismatch",
    "SearchPolicy",
    "Step",
    "is_new",
    "migrate",
    "newest_step",
    "open_stores",
    "pending_steps",
    "sqlite_path",
]


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite address; None for PostgreSQL. Raises `ValueError` for anything else."""
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        return Path(url.removeprefix("sqlite:///"))
    if url.startswith(("postgresql://", "postgres://")):
        return None
    raise ValueError("a database address begins with sqlite:/// or postgresql://")


async def migrate(url: str, now: datetime) -> list[Step]:
    """Run what is pending, under a lock; the steps that ran."""
    path = sqlite_path(url)
    if path is None:
        return await migrate_postgres(url, now)
    return migrate_sqlite(path, now)


async def pending_steps(url: str) -> list[Step]:
    """The migrations that did not run yet at this address; changes nothing. Raises `SchemaMismatch`
    and `Unavailable`."""
    path = sqlite_path(url)
    return await pending_on_postgres(url) if path is None else pending_on_sqlite(path)


async def is_new(url: str) -> bool:
    """Whether no migration ran at this address yet. Raises `SchemaMismatch` and `Unavailable`."""
    return await pending_steps(url) == shipped(_engine(url))


def newest_step(url: str) -> str:
    """The name of the last migration of this version."""
    newest = shipped(_engine(url))[-1]
    return f"{newest.number:04}_{newest.name}"


def _engine(url: str) -> str:
    return "postgres" if sqlite_path(url) is None else "sqlite"


async def open_stores(
    url: str,
    searches: SearchPolicy = DEFAULT_SEARCHES,
    quotas: QuotaPolicy = DEFAULT_QUOTAS,
    tracer: Tracer | None = None,
) -> Stores:
    """The stores over this database; the schema is current, or `SchemaMismatch` is raised. `tracer`
    records the calls; None: they are not recorded."""
    if await pending_steps(url):
        raise SchemaMismatch(
            "The database's schema is older than this version. Run: quantimodo database migrate"
        )
    path = sqlite_path(url)
    database: Database
    if path is None:
        database = await PostgresDatabase.connect(url, searches)
    else:
        database = SqliteDatabase(path, searches)
    return build_stores(database if tracer is None else TracedDatabase(database, tracer), quotas)
