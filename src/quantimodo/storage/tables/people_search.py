"""Searches of the table `users`, for administrators; and the role of an administrator.

A search reads a limited number of rows in the order of their ids, so that none takes long.
"""

from collections.abc import Sequence
from typing import Final

from quantimodo.model.users import User, fold_email
from quantimodo.ports.admin_stores import Page
from quantimodo.storage.database import Operation, Statement
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.users import USER

_ROWS_OF_A_SEARCH: Final = 20_000
_NEWEST: Final = 2**63 - 1
_READ: Final = "SELECT id, name, email_key FROM users WHERE id < {1} ORDER BY id DESC LIMIT {2}"
_MATCHING = Statement(
    f"SELECT {USER.columns} FROM users u WHERE u.id IN (SELECT id FROM ({_READ}) recent_rows"
    " WHERE name LIKE {3} ESCAPE '!' OR lower(name) LIKE {4} ESCAPE '!'"
    " OR email_key LIKE {5} ESCAPE '!' ORDER BY id DESC LIMIT {6}) ORDER BY u.id DESC"
)
_LAST_READ = Statement(f"SELECT COUNT(*), MIN(id) FROM ({_READ}) recent_rows")
_ADMINISTRATORS = Statement(
    f"SELECT {USER.columns} FROM users u WHERE u.administrator = 1 ORDER BY u.id LIMIT {{1}}"
)
# PostgreSQL: concurrent calls wait for each other. SQLite has one writer.
_ROLE = "SELECT id FROM users WHERE administrator = 1 ORDER BY id"
_LOCK_ROLE = Statement(_ROLE, postgres=f"{_ROLE} FOR NO KEY UPDATE")
_REMOVE_ROLE = Statement(
    "UPDATE users SET administrator = 0 WHERE id = {1} AND administrator = 1 AND EXISTS"
    " (SELECT 1 FROM users o WHERE o.administrator = 1 AND o.id <> {1}"
    " AND o.disabled_at IS NULL AND o.deletes_at IS NULL) RETURNING id"
)
ADD_ROLE = Statement(
    "UPDATE users SET administrator = 1 WHERE id = {1} AND disabled_at IS NULL"
    " AND deletes_at IS NULL AND email_verified_at IS NOT NULL RETURNING id"
)


class PeopleSearch(Table):
    """Implements `PeopleSearchStore`."""

    async def search_people(self, text: str, before: int | None, limit: int) -> Page[User]:
        first = _NEWEST if before is None else before
        patterns = _beginning(text), _beginning(text.lower()), _beginning(fold_email(text))
        people = USER.read_all(
            await self._database.list_rows(_MATCHING, first, _ROWS_OF_A_SEARCH, *patterns, limit)
        )
        if len(people) == limit:
            return Page(people, people[-1].id)
        rows = await self._database.list_rows(_LAST_READ, first, _ROWS_OF_A_SEARCH)
        ((count, oldest),) = rows
        return Page(people, oldest if count == _ROWS_OF_A_SEARCH else None)

    async def administrators(self, limit: int) -> Sequence[User]:
        return USER.read_all(await self._database.list_rows(_ADMINISTRATORS, limit))

    async def remove_administrator(self, user_id: int) -> bool:
        return await self._database.write(lambda: remove_role(user_id))


def remove_role(user_id: int) -> Operation[bool]:
    """Take the role away, unless no other administrator who can sign in would be left."""
    yield _LOCK_ROLE, ()
    return bool((yield _REMOVE_ROLE, (user_id,)))


def _beginning(text: str) -> str:
    """The pattern of texts that begin with this one."""
    escaped = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"{escaped}%"
