"""The rules of migrations: numbered steps, forward only.

A step is one file: `migrations/ENGINE/NNNN_name.sql`, or `migrations/both/NNNN_name.sql` where the
SQL is the same for both engines. It is recorded with its checksum. All pending steps run in one
transaction under a lock: of several servers that start at once, one migrates and the others wait.
A database with a history that this version does not know raises `SchemaMismatch`, which says what
to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files


class SchemaMismatch(Exception):
    """This version cannot use the database's schema. The message says what the operator can do."""


@dataclass(frozen=True, slots=True)
class Step:
    """One migration that this version ships."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """The SHA-256 of the SQL: it shows whether a step was changed after it ran."""
        return sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class AppliedStep:
    """One migration that ran on a database, as it was recorded."""

    number: int
    name: str
    checksum: str


RECORDS = (
    "CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)"
)


def shipped(engine: str) -> list[Step]:
    """The steps of this version for `sqlite` or `postgres`, in order."""
    steps = []
    for folder in (engine, "both"):
        for file in (files("quantimodo.storage") / "migrations" / folder).iterdir():
            number, _, name = file.name.removesuffix(".sql").partition("_")
            if file.name.endswith(".sql"):
                steps.append(Step(int(number), name, file.read_text("utf-8")))
    return sorted(steps, key=lambda step: step.number)


def pending(steps: Sequence[Step], applied: Sequence[AppliedStep]) -> list[Step]:
    """The steps that have not run yet. Raises `SchemaMismatch` when the two histories differ."""
    known = {step.number: step for step in steps}
    if any(record.number == 1 and record.name != known[1].name for record in applied):
        raise SchemaMismatch(
            "The database was made by a version before the first release, which this version"
            " cannot migrate: move it away or set another one (setting `database`), and run:"
            " quantimodo database migrate"
        )
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
    left = [step for step in steps if step.number not in done]
    if left and left[0].number < max(done, default=0):
        raise SchemaMismatch(
            f"Migration {left[0].number} ({left[0].name}) was left out, though later ones were"
            " applied. Restore a backup, or reinstall the release that the database came from."
        )
    return left
