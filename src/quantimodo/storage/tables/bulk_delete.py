"""How the measurements of one go that are too many for one transaction: some at a time, so that
no other request waits for all of them.

What is left when they are few goes with their variable or person, by foreign key. A process that
ends amid it leaves some, and the caller can repeat it.
"""

from typing import Final

from quantimodo.storage.database import Database, Statement, execute

_AT_ONCE: Final = 2_000
_SOME: Final = (
    "DELETE FROM measurements WHERE id IN (SELECT id FROM measurements WHERE {owner}"
    " ORDER BY start_at LIMIT {{2}}) AND EXISTS"
    " (SELECT 1 FROM measurements WHERE {owner} LIMIT 1 OFFSET {{2}}) RETURNING 1"
)
OF_PERSON: Final = Statement(_SOME.format(owner="user_id = {1}"))
OF_VARIABLE: Final = Statement(_SOME.format(owner="variable_id = {1}"))


async def part(database: Database, statement: Statement, owner: int) -> None:
    """Until no more are left than go at once."""
    while await database.write(execute(statement, owner, _AT_ONCE)):
        pass
