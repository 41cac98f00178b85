"""The base class of stores."""

from collections.abc import Sequence
from typing import ClassVar

from quantimodo.storage.database import Database
from quantimodo.storage.tables.retention_rules import RetentionRule


class Table:
    """A store over some tables of one database. `retention`: how their rows expire; a table without
    a rule only loses the rows that people or operators delete."""

    retention: ClassVar[Sequence[RetentionRule]] = ()

    def __init__(self, database: Database) -> None:
        self._database = database
