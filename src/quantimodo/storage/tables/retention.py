"""Which rows are obsolete, table by table. `ops/cleanup.py` says when to look.

Tables whose key begins with the moment of its making are looked at from the oldest row on, a
window at a time: rows of one kind have one lifetime, so the expired ones come first, and no index
by expiry is kept on the hot path. Each statement takes `now` and the most rows to delete. Rows with
a quota are deleted by an operation of their table.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from quantimodo.storage.database import Operation, Statement
from quantimodo.storage.tables.app_events import delete_expired_events
from quantimodo.storage.tables.replays import delete_expired_replays, delete_expired_requests
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import to_micros

_HOUR = 3_600_000_000
_DAY = 24 * _HOUR
_EVENTS_KEPT = 400 * _DAY
_ACCESSES_KEPT = 400 * _DAY
_ADMIN_ACTIONS_KEPT = 400 * _DAY
_REFUSALS_KEPT = 14 * _DAY
_INVITATIONS_KEPT = 14 * _DAY
_ANNOUNCEMENTS_KEPT = 30 * _DAY
_DAYS_KEPT = 40
_DAY_COUNTS_KEPT = 400
_HOUR_COUNTS_KEPT = 72
_MINUTE = 60_000_000
_OUTCOMES_KEPT = 400 * _DAY
_ALERTS_KEPT = 90 * _DAY


def _oldest(table: str, key: str, expired: str) -> Statement:
    return Statement(
        f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM"
        f" (SELECT * FROM {table} ORDER BY {key} LIMIT {{2}}) oldest WHERE {expired}) RETURNING 1"
    )


def _expired(table: str, key: str) -> Statement:
    return Statement(
        f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table}"
        " WHERE expires_at <= {1} ORDER BY expires_at LIMIT {2}) RETURNING 1"
    )


def _counts(unit: str, length: int, kept: int) -> Statement:
    return Statement(
        f"DELETE FROM {unit}_counts WHERE ({unit}, name, label) IN"
        f" (SELECT {unit}, name, label FROM {unit}_counts"
        f" WHERE {unit} < {{1}} / {length} - {kept} ORDER BY {unit} LIMIT {{2}}) RETURNING 1"
    )


Sweep = Callable[[int, int], Operation[int]]

_SWEEPS: Mapping[str, Statement | Sweep] = {
    "sessions": _expired("sessions", "key"),
    "provider_sessions": _expired("provider_sessions", "sid"),
    # A day longer than its session: due notifications are sent by then.
    "session_clients": Statement(
        "DELETE FROM session_clients WHERE (sid, client_id) IN (SELECT sid, client_id"
        f" FROM session_clients WHERE expires_at <= {{1}} - {_DAY}"
        " ORDER BY expires_at LIMIT {2}) RETURNING 1"
    ),
    "pending_logins": _expired("pending_logins", "key"),
    "trusted_browsers": _expired("trusted_browsers", "key"),
    "factor_recoveries": _expired("factor_recoveries", "user_id"),
    "totp_enrolments": _expired("totp_enrolments", "user_id"),
    "used_challenges": _expired("used_challenges", "digest"),
    "email_tokens": _expired("email_tokens", "key"),
    "throttles": Statement(
        "DELETE FROM throttles WHERE key IN (SELECT key FROM throttles WHERE resets_at <= {1}"
        " ORDER BY resets_at LIMIT {2}) RETURNING 1"
    ),
    "authorization_requests": _expired("authorization_requests", "key"),
    # An hour longer, so that a device that polls too late gets the right error (RFC 8628 §3.5).
    "device_authorizations": Statement(
        "DELETE FROM device_authorizations WHERE key IN (SELECT key FROM device_authorizations"
        f" WHERE expires_at <= {{1}} - {_HOUR} ORDER BY expires_at LIMIT {{2}}) RETURNING 1"
    ),
    # A redeemed code is kept for a day, so that its second use is seen for what it is.
    "codes": _oldest("codes", "key", f"expires_at <= {{1}} - {_DAY}"),
    "access_tokens": _oldest("access_tokens", "key", "expires_at <= {1}"),
    # A token that is spent just before its end gives its successor for as long as that one lives
    # (v2-api.md §6), so each row stays for its lifetime once more.
    "refresh_tokens": _oldest("refresh_tokens", "key", "2 * expires_at - issued_at <= {1}"),
    # A token without its grant is inactive too, so no deletion makes one valid again.
    "grants": _oldest("grants", "id", "expires_at <= {1}"),
    "exchanged_tokens": _expired("exchanged_tokens", "key"),
    "personal_tokens": _expired("personal_tokens", "id"),
    "revoked_jwts": _expired("revoked_jwts", "jti"),
    "login_states": _expired("login_states", "key"),
    "ended_sign_ins": _expired("ended_sign_ins", "key"),
    # As with codes: a second use must be seen for what it is.
    "login_codes": Statement(
        "DELETE FROM login_codes WHERE key IN (SELECT key FROM login_codes"
        f" WHERE expires_at <= {{1}} - {_DAY} ORDER BY expires_at LIMIT {{2}}) RETURNING 1"
    ),
    # Applications that registered by themselves and that have no consent; those that
    # have one are proven.
    "clients": Statement(
        "DELETE FROM clients WHERE id IN (SELECT client_id FROM unused_clients u"
        " WHERE expires_at <= {1} AND NOT EXISTS"
        " (SELECT 1 FROM consents c WHERE c.client_id = u.client_id)"
        " ORDER BY expires_at LIMIT {2}) RETURNING 1"
    ),
    "unused_clients": Statement(
        "DELETE FROM unused_clients WHERE client_id IN (SELECT client_id FROM unused_clients u"
        " WHERE expires_at <= {1} AND EXISTS"
        " (SELECT 1 FROM consents c WHERE c.client_id = u.client_id)"
        " ORDER BY expires_at LIMIT {2}) RETURNING 1"
    ),
    "client_invitations": _expired("client_invitations", "key"),
    # Longer than they are valid, so that the operator sees which were not used.
    "account_invitations": Statement(
        "DELETE FROM account_invitations WHERE id IN (SELECT id FROM account_invitations"
        f" WHERE expires_at <= {{1}} - {_INVITATIONS_KEPT} ORDER BY expires_at LIMIT {{2}})"
        " RETURNING 1"
    ),
    "announcements": Statement(
        "DELETE FROM announcements WHERE id IN (SELECT id FROM announcements"
        f" WHERE ends_at <= {{1}} - {_ANNOUNCEMENTS_KEPT} ORDER BY ends_at LIMIT {{2}}) RETURNING 1"
    ),
    "registration_tokens": _expired("registration_tokens", "key"),
    "replays": delete_expired_replays,
    "data_deletion_requests": delete_expired_requests,
    "mails": _expired("mails", "id"),
    "events": _oldest("events", "id", f"at <= {{1}} - {_EVENTS_KEPT}"),
    "accesses": _oldest("accesses", "id", f"last_at <= {{1}} - {_ACCESSES_KEPT}"),
    "admin_actions": _oldest("admin_actions", "id", f"at <= {{1}} - {_ADMIN_ACTIONS_KEPT}"),
    "client_requests": _oldest("client_requests", "id", f"at <= {{1}} - {_REFUSALS_KEPT}"),
    "client_days": Statement(
        "DELETE FROM client_days WHERE (client_id, day) IN (SELECT client_id, day FROM client_days"
        f" WHERE day < {{1}} / {_DAY} - {_DAYS_KEPT} ORDER BY day LIMIT {{2}}) RETURNING 1"
    ),
    "client_usage": Statement(
        "DELETE FROM client_usage WHERE (client_id, day, endpoint, code) IN"
        " (SELECT client_id, day, endpoint, code FROM client_usage"
        f" WHERE day < {{1}} / {_DAY} - {_DAYS_KEPT} ORDER BY day LIMIT {{2}}) RETURNING 1"
    ),
    "hour_counts": _counts("hour", _HOUR, _HOUR_COUNTS_KEPT),
    "day_counts": _counts("day", _DAY, _DAY_COUNTS_KEPT),
    "app_events": delete_expired_events,
    "leases": _expired("leases", "name"),
    "alerts": Statement(
        "DELETE FROM alerts WHERE name IN (SELECT name FROM alerts"
        f" WHERE resolved_at <= {{1}} - {_ALERTS_KEPT} LIMIT {{2}}) RETURNING 1"
    ),
    "provider_outcomes": Statement(
        "DELETE FROM provider_outcomes WHERE provider IN (SELECT provider FROM provider_outcomes"
        f" WHERE COALESCE(succeeded_at, 0) <= {{1}} - {_OUTCOMES_KEPT}"
        f" AND COALESCE(failed_at, 0) <= {{1}} - {_OUTCOMES_KEPT} LIMIT {{2}}) RETURNING 1"
    ),
    "token_minutes": Statement(
        "DELETE FROM token_minutes WHERE minute IN (SELECT minute FROM token_minutes"
        f" WHERE minute < ({{1}} - {_DAY}) / {_MINUTE} ORDER BY minute LIMIT {{2}}) RETURNING 1"
    ),
    "signing_keys": Statement(
        "DELETE FROM signing_keys WHERE kid IN (SELECT kid FROM signing_keys"
        " WHERE retires_at <= {1} ORDER BY retires_at LIMIT {2}) RETURNING 1"
    ),
}


class Retention(Table):
    """Implements `RetentionStore`."""

    @property
    def expiring_tables(self) -> Sequence[str]:
        return tuple(_SWEEPS)

    async def delete_expired(self, table: str, now: datetime, limit: int) -> int:
        sweep, at = _SWEEPS[table], to_micros(now)

        def operation() -> Operation[int]:
            if isinstance(sweep, Statement):
                return len((yield sweep, (at, limit)))
            return (yield from sweep(at, limit))

        return await self._database.write(operation)
