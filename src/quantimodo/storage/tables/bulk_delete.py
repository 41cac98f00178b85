"""Deletes the measurements of a person or a variable, and the events of a person, in batches, so
that no transaction keeps other requests waiting for long.

The last batch of measurements is left: it is deleted with its person or variable, by foreign key. A
process that ends in between leaves some rows; the caller can repeat the call.
"""

from typing import Final

from quantimodo.storage.database import Database, Statement, execute

_BATCH: Final = 2_000
_DELETE_SOME: Final = (
    "DELETE FROM measurements WHERE id IN (SELECT id FROM measurements WHERE {owner}"
    " ORDER BY start_at LIMIT {{2}}) AND EXISTS"
    " (SELECT 1 FROM measurements WHERE {owner} LIMIT 1 OFFSET {{2}}) RETURNING 1"
)
OF_PERSON: Final = Statement(_DELETE_SOME.format(owner="user_id = {1}"))
OF_VARIABLE: Final = Statement(_DELETE_SOME.format(owner="variable_id = {1}"))
EVENTS_OF_PERSON: Final = Statement(
    "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE user_id = {1} ORDER BY id"
    " LIMIT {2}) RETURNING 1"
)


async def delete_in_batches(database: Database, statement: Statement, owner_id: int) -> None:
    """Delete batch after batch, until no row is left, or one batch of measurements."""
    while await database.write(execute(statement, owner_id, _BATCH)):
        pass
