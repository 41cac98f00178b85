"""Revokes all grants of a person, as a part of an operation."""

from quantimodo.storage.database import Operation, Statement
from quantimodo.storage.tables.event_outbox import REVOKED_COLUMNS, report_revoked

_REVOKE_GRANTS = Statement(
    "UPDATE grants SET revoked_at = {2} WHERE user_id = {1} AND revoked_at IS NULL"
    f" RETURNING {REVOKED_COLUMNS}"
)


def revoke_grants(user_id: int, at: int) -> Operation[None]:
    """Revoke them, and notify their applications."""
    yield from report_revoked((yield _REVOKE_GRANTS, (user_id, at)), at)
