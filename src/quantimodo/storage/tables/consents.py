"""The tables `consents` and `consent_changes`, and the changes of `grants` by a consent."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Literal

from quantimodo.model.consent_details import explicit
from quantimodo.model.consents import Consent, ConsentChange
from quantimodo.protocol.consent_details import from_json_or_none, to_json_or_none
from quantimodo.protocol.consents import allowed_part, merge_consents
from quantimodo.protocol.scopes import health_actions, is_about_health
from quantimodo.storage.database import Database, Operation, Statement
from quantimodo.storage.rows import Column, RowReader
from quantimodo.storage.tables.event_outbox import (
    REVOKED_COLUMNS,
    report_consent,
    report_revoked,
)
from quantimodo.storage.tables.texts import scope_text, to_scope
from quantimodo.storage.tables.users import LOCK_PERSON
from quantimodo.storage.timestamps import (
    from_micros,
    from_micros_or_none,
    to_micros,
    to_micros_or_none,
)

MOST_CHANGES: Final = 100
"""The newest changes of one consent that are kept."""

CONSENT: Final = RowReader(
    Consent,
    "user_id",
    "client_id",
    Column("scope", to_scope),
    Column("granted_at", from_micros),
    Column("updated_at", from_micros),
    Column("details", from_json_or_none),
    Column("expires_at", from_micros_or_none),
    Column("declined_scope", to_scope),
    Column("requested_details", from_json_or_none),
)
_CHANGE = RowReader(
    ConsentChange,
    "id",
    Column("at", from_micros),
    "kind",
    Column("scope", to_scope),
    Column("details", from_json_or_none),
    Column("expires_at", from_micros_or_none),
)
_SELECT_CONSENT = (
    f"SELECT {CONSENT.columns} FROM consents WHERE user_id = {{1}} AND client_id = {{2}}"
)
FIND_CONSENT: Final = Statement(_SELECT_CONSENT)
# Shared by all that begin an authorization, so that a withdrawal or a change that comes after them
# finds the grant.
SHARE_CONSENT: Final = Statement(_SELECT_CONSENT, postgres=f"{_SELECT_CONSENT} FOR KEY SHARE")
_LOCK_CONSENT = Statement(_SELECT_CONSENT, postgres=f"{_SELECT_CONSENT} FOR UPDATE")
_CONSENTS_OF = Statement(
    f"SELECT {CONSENT.columns} FROM consents WHERE user_id = {{1}} ORDER BY granted_at DESC"
)
_SAVE_CONSENT = Statement(
    f"INSERT INTO consents ({CONSENT.columns})"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}) ON CONFLICT (user_id, client_id)"
    " DO UPDATE SET scope = excluded.scope, granted_at = excluded.granted_at,"
    " updated_at = excluded.updated_at, details = excluded.details,"
    " expires_at = excluded.expires_at, declined_scope = excluded.declined_scope,"
    " requested_details = excluded.requested_details"
)
_DELETE_CONSENT = Statement(
    "DELETE FROM consents WHERE user_id = {1} AND client_id = {2} RETURNING client_id"
)
_LIVE = "user_id = {1} AND client_id = {2} AND revoked_at IS NULL"
_REVOKE_GRANTS = Statement(
    f"UPDATE grants SET revoked_at = {{3}} WHERE {_LIVE} RETURNING {REVOKED_COLUMNS}"
)
_LIVE_GRANTS = Statement(f"SELECT DISTINCT scope, details FROM grants WHERE {_LIVE}")
_LIVE_WITH_SCOPE = f"{_LIVE} AND scope = {{3}} AND coalesce(details, '') = {{4}}"
_REVOKE_WITH_SCOPE = Statement(
    f"UPDATE grants SET revoked_at = {{5}} WHERE {_LIVE_WITH_SCOPE} RETURNING {REVOKED_COLUMNS}"
)
_NARROW_WITH_SCOPE = Statement(
    f"UPDATE grants SET scope = {{5}}, details = {{6}} WHERE {_LIVE_WITH_SCOPE}"
)
_SHORTEN_GRANTS = Statement(
    f"UPDATE grants SET expires_at = {{3}} WHERE {_LIVE} AND expires_at > {{3}}"
)
_ADD_CHANGE = Statement(
    "INSERT INTO consent_changes (user_id, client_id, at, kind, scope, details, expires_at)"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7})"
)
_DELETE_OLD_CHANGES = Statement(
    "DELETE FROM consent_changes WHERE user_id = {1} AND client_id = {2} AND id <="
    " (SELECT id FROM consent_changes WHERE user_id = {1} AND client_id = {2}"
    " ORDER BY id DESC LIMIT 1 OFFSET {3})"
)
_CHANGES = Statement(
    f"SELECT {_CHANGE.columns} FROM consent_changes WHERE user_id = {{1}} AND client_id = {{2}}"
    " ORDER BY id DESC"
)


async def find_consent(database: Database, user_id: int, client_id: str) -> Consent | None:
    """The consent of this person to this client; None if there is none."""
    return CONSENT.read_first(await database.rows(FIND_CONSENT, user_id, client_id))


async def consents_of(database: Database, user_id: int) -> Sequence[Consent]:
    """All consents of the person, the newest first."""
    return CONSENT.read_all(await database.list_rows(_CONSENTS_OF, user_id))


async def changes_of(database: Database, user_id: int, client_id: str) -> Sequence[ConsentChange]:
    """The history of one consent, the newest entry first."""
    return _CHANGE.read_all(await database.list_rows(_CHANGES, user_id, client_id))


def save_consent(given: Consent, *, decided: bool) -> Operation[Consent]:
    """The operation that merges a consent with the one on record; returns the result."""
    # The scopes of two concurrent consents are added up. The person is locked because there may be
    # no consent yet.
    yield LOCK_PERSON, (given.user_id,)
    before = CONSENT.read_first((yield _LOCK_CONSENT, (given.user_id, given.client_id)))
    after = merge_consents(before, given, decided=decided)
    yield from _store(before, after)
    return after


def change_consent(
    user_id: int, client_id: str, decide: Callable[[Consent], Consent | None]
) -> Operation[bool]:
    """The operation that replaces a consent by what `decide` makes of it."""
    before = CONSENT.read_first((yield _LOCK_CONSENT, (user_id, client_id)))
    if before is None:
        return False
    after = decide(before)
    if after is not None:
        yield from _store(before, after)
    return True


def withdraw_consent(user_id: int, client_id: str, at: datetime) -> Operation[bool]:
    """The operation that deletes a consent and revokes its grants."""
    before = CONSENT.read_first((yield _LOCK_CONSENT, (user_id, client_id)))
    deleted = yield _DELETE_CONSENT, (user_id, client_id)
    moment = to_micros(at)
    yield from report_revoked((yield _REVOKE_GRANTS, (user_id, client_id, moment)), moment)
    if before is not None and deleted:
        ended = replace(before, scope=frozenset(), details=None, expires_at=None, updated_at=at)
        yield from _add_change(ended, "withdrawn")
        yield from report_consent(ended, moment, withdrawn=True)
    return bool(deleted)


def _store(before: Consent | None, after: Consent) -> Operation[None]:
    yield (
        _SAVE_CONSENT,
        (
            after.user_id,
            after.client_id,
            scope_text(after.scope),
            to_micros(after.granted_at),
            to_micros(after.updated_at),
            to_json_or_none(after.details),
            to_micros_or_none(after.expires_at),
            scope_text(after.declined_scope),
            to_json_or_none(after.requested_details),
        ),
    )
    if before is None:
        yield from _add_change(after, "given")
    elif after.choice != before.choice:
        yield from _add_change(after, "changed")
        yield from _narrow_grants(after)
        yield from report_consent(after, to_micros(after.updated_at))


def _narrow_grants(consent: Consent) -> Operation[None]:
    """No live grant allows more than the consent. A token states its scope, so a grant with an
    identity scope that is gone is revoked; health data is checked by the grant."""
    key = (consent.user_id, consent.client_id)
    for scope_of_grant, details_of_grant in (yield _LIVE_GRANTS, key):
        same = (*key, scope_of_grant, details_of_grant or "")
        scope = to_scope(scope_of_grant)
        narrow, details = allowed_part(consent, scope, from_json_or_none(details_of_grant))
        gone = scope - narrow
        if details is None and (details_of_grant or any(map(is_about_health, gone))):
            # Existing tokens still state the scope that is gone; the details exclude it. A grant
            # that has details keeps them (RFC 9396 §7).
            details = explicit(None, health_actions(narrow))
        if not narrow or not all(map(is_about_health, gone)):
            at = to_micros(consent.updated_at)
            yield from report_revoked((yield _REVOKE_WITH_SCOPE, (*same, at)), at)
        elif (scope_text(narrow), to_json_or_none(details)) != (scope_of_grant, details_of_grant):
            yield _NARROW_WITH_SCOPE, (*same, scope_text(narrow), to_json_or_none(details))
    if consent.expires_at is not None:
        yield _SHORTEN_GRANTS, (*key, to_micros(consent.expires_at))


def _add_change(
    consent: Consent, kind: Literal["given", "changed", "withdrawn"]
) -> Operation[None]:
    key = (consent.user_id, consent.client_id)
    yield (
        _ADD_CHANGE,
        (
            *key,
            to_micros(consent.updated_at),
            kind,
            scope_text(consent.scope),
            to_json_or_none(consent.details),
            to_micros_or_none(consent.expires_at),
        ),
    )
    yield _DELETE_OLD_CHANGES, (*key, MOST_CHANGES)
