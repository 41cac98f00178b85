"""The base class of stores."""

from collections.abc import Sequence
from typing import ClassVar

from quantimodo.storage.database import Database
from quantimodo.storage.tables.retention_rules import RetentionRule


class Table:
    """A store over some tables of one database. `retention` has the rules by which their rows
    expire; rows of a table without a rule stay until people or operators delete them."""

    retention: ClassVar[Sequence[RetentionRule]] = ()

    def __init__(self, database: Database) -> None:
        self._database = database
