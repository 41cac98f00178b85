"""What every table's store starts from."""

from quantimodo.storage.database import Database


class Table:
    """A store over some tables of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
