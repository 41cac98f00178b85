"""Writes events for applications, as a part of the operation that they report: both are stored, or
neither is.

For an application that has no endpoint and does not poll, an event costs one statement.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from quantimodo.model.app_events import MOST_EVENTS
from quantimodo.model.consents import Consent
from quantimodo.model.tokens import Grant
from quantimodo.protocol.app_events import grant_id, visible_claims
from quantimodo.protocol.scopes import format_scope
from quantimodo.protocol.subjects import is_pairwise, sector
from quantimodo.storage.database import Operation, Row, Statement
from quantimodo.storage.rows import first_value
from quantimodo.storage.tables.client_rows import CLIENT
from quantimodo.storage.tables.texts import to_scope
from quantimodo.storage.timestamps import to_micros

REVOKED_COLUMNS: Final = "client_id, id, user_id, public_id"
"""What a statement that revokes grants returns, for `report_revoked`."""

# An endpoint that is disabled counts: its owner can replay what it missed.
_WANTED = (
    "(polled = 1 OR EXISTS (SELECT 1 FROM webhook_endpoints w WHERE w.client_id = {1}"
    " AND ' ' || w.kinds || ' ' LIKE '% ' || {2} || ' %'))"
)
# The row is locked until the commit, so that numbers are in the order of commits: an application
# that has read an event has not missed an earlier one.
_NEXT_NUMBER = Statement(
    "UPDATE event_streams SET last_number = last_number + 1"
    f" WHERE client_id = {{1}} AND {_WANTED} RETURNING last_number"
)
NEXT_NUMBER: Final = Statement(
    "UPDATE event_streams SET last_number = last_number + 1 WHERE client_id = {1}"
    " RETURNING last_number"
)
ADD_EVENT: Final = Statement(
    "INSERT INTO app_events (client_id, number, kind, at, user_id, data)"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6}) RETURNING id"
)
_FAN_OUT = Statement(
    "INSERT INTO webhook_deliveries (endpoint_id, event_id, due_at)"
    " SELECT w.id, CAST({3} AS BIGINT), CAST({4} AS BIGINT) FROM webhook_endpoints w"
    " WHERE w.client_id = {1} AND w.disabled_at IS NULL"
    " AND ' ' || w.kinds || ' ' LIKE '% ' || {2} || ' %'"
)
_OLD = "SELECT id FROM app_events WHERE client_id = {1} AND number <= {2}"
_COUNT_DROPPED = Statement(
    "UPDATE webhook_endpoints SET dropped = dropped + (SELECT count(*) FROM webhook_deliveries d"
    " WHERE d.endpoint_id = webhook_endpoints.id AND d.due_at IS NOT NULL"
    f" AND d.event_id IN ({_OLD})) WHERE client_id = {{1}}"
)
_DELETE_OLD = Statement("DELETE FROM app_events WHERE client_id = {1} AND number <= {2}")
_MARK_DROPPED = Statement("UPDATE event_streams SET dropped_number = {2} WHERE client_id = {1}")

_SCOPES_WITH_STREAM = Statement(
    "SELECT c.client_id, c.scope FROM consents c JOIN event_streams s ON s.client_id = c.client_id"
    " WHERE c.user_id = {1} AND (c.expires_at IS NULL OR c.expires_at > {2}) ORDER BY c.client_id"
)
_CLIENTS_WITH_STREAM = Statement(
    f"SELECT {CLIENT.columns} FROM clients WHERE id IN (SELECT c.client_id FROM consents c"
    " JOIN event_streams s ON s.client_id = c.client_id WHERE c.user_id = {1}) ORDER BY id"
)
_SUBJECT = Statement("SELECT subject FROM users WHERE id = {1}")
_PAIRWISE = Statement("SELECT subject FROM pairwise_subjects WHERE user_id = {1} AND sector = {2}")


def report(
    client_id: str, kind: str, at: int, user_id: int | None, data: Mapping[str, Any]
) -> Operation[None]:
    """Add the event, and a delivery for each endpoint that gets its kind."""
    number = first_value((yield _NEXT_NUMBER, (client_id, kind)))
    if number is None:
        return
    text = json.dumps(data, separators=(",", ":"))
    added = yield ADD_EVENT, (client_id, number, kind, at, user_id, text)
    yield _FAN_OUT, (client_id, kind, first_value(added), at)
    yield from delete_old(client_id, number)


def delete_old(client_id: str, number: int) -> Operation[None]:
    """Delete the oldest events beyond `MOST_EVENTS`; `number` is that of the newest."""
    last = number - MOST_EVENTS
    if last > 0:
        yield _COUNT_DROPPED, (client_id, last)
        yield _DELETE_OLD, (client_id, last)
        yield _MARK_DROPPED, (client_id, last)


def report_grant(grant: Grant) -> Operation[None]:
    """Report that the grant was stored."""
    data = {
        "grant_id": grant_id(grant.id, grant.public_id),
        "scope": format_scope(grant.scope),
    }
    at = to_micros(grant.created_at)
    yield from report(grant.client_id, "grant.created", at, grant.user_id, data)


def report_revoked(revoked: Iterable[Row], at: int) -> Operation[None]:
    """Report that these grants, rows of `REVOKED_COLUMNS`, were revoked."""
    # All operations lock the counters of several applications in one order.
    for client_id, internal_id, user_id, public_id in sorted(map(tuple, revoked)):
        data = {"grant_id": grant_id(internal_id, public_id)}
        yield from report(client_id, "grant.revoked", at, user_id, data)


def report_consent(consent: Consent, at: int, *, withdrawn: bool = False) -> Operation[None]:
    """Report that the consent was changed or withdrawn."""
    end = consent.expires_at
    data = {
        "change": "withdrawn" if withdrawn else "changed",
        "scope": format_scope(consent.scope),
        "expires_at": None if end is None else int(end.timestamp()),
    }
    yield from report(consent.client_id, "consent.changed", at, consent.user_id, data)


def report_claims(user_id: int, changed: Sequence[str], at: int) -> Operation[None]:
    """Report that claims of a person were changed: to each application those that it may see."""
    if not changed:
        return
    for client_id, scope in (yield _SCOPES_WITH_STREAM, (user_id, at)):
        claims = visible_claims(changed, to_scope(scope))
        if claims:
            yield from report(client_id, "user.updated", at, user_id, {"claims": claims})


def report_deletion(user_id: int, at: int) -> Operation[None]:
    """Report that the person is about to be deleted. The event has the subject by which the
    application knows the person, and nothing else; an application that never received a subject
    gets no event."""
    for client in CLIENT.read_all((yield _CLIENTS_WITH_STREAM, (user_id,))):
        if is_pairwise(client):
            found = yield _PAIRWISE, (user_id, sector(client))
        else:
            found = yield _SUBJECT, (user_id,)
        subject = first_value(found)
        if subject is not None:
            yield from report(client.id, "user.deleted", at, None, {"subject": subject})
