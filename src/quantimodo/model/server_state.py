"""The state of what keeps a server running, as its operator watches it: measured at one moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

QueueName = Literal["mail", "webhooks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """A queue in the database. `waiting` counts up to 100,000. `oldest_at` is since when its oldest
    entry waits: an e-mail since it was written, a webhook since it was due; None without one."""

    name: QueueName
    waiting: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderState:
    """How requests to a sign-in provider end. `failures` are those since the last success."""

    provider: str
    succeeded_at: datetime | None
    failed_at: datetime | None
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyState:
    """The signing key of an algorithm. `active_at` is None without one. `overdue`: it signs longer
    than it may, and no successor waits; or there is none."""

    algorithm: str
    active_at: datetime | None
    overdue: bool


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """The file system with the SQLite database, in bytes."""

    free: int
    size: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of the database and its write-ahead log, in bytes; None where it cannot be read."""

    database: int | None
    log: int | None


@dataclass(frozen=True, slots=True)
class TokenRequests:
    """Requests to the token endpoint in a stretch of time, and how many of them were refused."""

    total: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """`disk` is None for PostgreSQL, whose disk is another machine's. `token_requests` are those
    of the last fifteen minutes, at all processes."""

    at: datetime
    keys: Sequence[KeyState]
    last_backup_at: datetime | None
    disk: DiskSpace | None
    sizes: Sizes
    queues: Sequence[QueueState]
    providers: Sequence[ProviderState]
    token_requests: TokenRequests
