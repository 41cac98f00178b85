"""Brings a database to this version's schema: numbered steps, forward only.

Each step is one file, `migrations/ENGINE/NNNN_name.sql`, recorded with its checksum. All that is
pending runs in one transaction under a lock, so that of several servers that start at once one
migrates and the others wait. A database newer than this server, or one whose old steps are not
the ones that we ship, is refused: `SchemaMismatch` says what to do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Final

from quantimodo.model.users import fold_email


class SchemaMismatch(Exception):
    """The database's schema is not one that this version can serve; the text is for people."""


@dataclass(frozen=True, slots=True)
class Step:
    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Applied:
    number: int
    name: str
    checksum: str


RECORDS = (
    "CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)"
)


EXACT_ADDRESSES: Final = "exact_addresses"
"""The step after which the keys of all addresses beyond ASCII are computed anew."""


def email_keys(rows: Iterable[tuple[int, str]]) -> list[tuple[str, int]]:
    """The keys of these people's addresses, for an `UPDATE`."""
    return [(fold_email(email), user_id) for user_id, email in rows]


def shipped(engine: str) -> list[Step]:
    """The steps of this version, in order."""
    folder = files("quantimodo.storage") / "migrations" / engine
    steps = []
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        number, _, name = file.name.removesuffix(".sql").partition("_")
        if file.name.endswith(".sql"):
            steps.append(Step(int(number), name, file.read_text("utf-8")))
    return steps


def pending(ours: Sequence[Step], applied: Sequence[Applied]) -> list[Step]:
    """What is left to do. Raises `SchemaMismatch` when the two do not share one history."""
    known = {step.number: step for step in ours}
    for record in applied:
        step = known.get(record.number)
        if step is None:
            raise SchemaMismatch(
                f"The database has migration {record.number} ({record.name}), which this version"
                " does not know: it was used by a newer version. Start that version, or restore"
                " a backup made before the upgrade."
            )
        if step.checksum != record.checksum:
            raise SchemaMismatch(
                f"Migration {record.number} ({record.name}) was applied with another text than"
                " this version ships. An applied migration is never changed: reinstall the"
                " release, or restore a backup."
            )
    done = {record.number for record in applied}
    left = [step for step in ours if step.number not in done]
    if left and left[0].number < max(done, default=0):
        raise SchemaMismatch(
            f"Migration {left[0].number} ({left[0].name}) was left out, though later ones were"
            " applied. Restore a backup, or reinstall the release that the database came from."
        )
    return left
