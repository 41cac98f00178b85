"""The tables `users` and `passwords`."""

from collections.abc import Sequence
from datetime import datetime

from quantimodo.model.sign_in_methods import SignInMethods
from quantimodo.model.users import NewUser, User, fold_email
from quantimodo.storage.database import Call, KeyedRead, Operation, Statement, execute
from quantimodo.storage.rows import Column, RowReader, first_value
from quantimodo.storage.tables.bulk_delete import EVENTS_OF_PERSON, OF_PERSON, delete_in_batches
from quantimodo.storage.tables.client_teams import delete_team_invitations, transfer_clients
from quantimodo.storage.tables.event_outbox import report_claims, report_deletion
from quantimodo.storage.tables.invitations import delete_invitations, use_invitation
from quantimodo.storage.tables.revoked_grants import revoke_grants
from quantimodo.storage.tables.session_end import DELETE_TRUSTED_BROWSERS, end_sessions
from quantimodo.storage.tables.sign_in_methods import SIGN_IN_METHODS, sign_in_methods
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import (
    from_micros,
    from_micros_or_none,
    to_micros,
    to_micros_or_none,
)

# Each read selects the row; the value of a row that has not changed comes from the cache.
USER = RowReader(
    User,
    "id",
    "subject",
    "name",
    "email",
    Column("created_at", from_micros),
    Column("updated_at", from_micros),
    Column("email_verified_at", from_micros_or_none),
    Column("administrator", bool),
    Column("disabled_at", from_micros_or_none),
    Column("deletes_at", from_micros_or_none),
    table="u",
    cache=4096,
)
_BY_ID = KeyedRead(f"SELECT {USER.columns} FROM users u WHERE u.id")
_BY_SUBJECT = Statement(f"SELECT {USER.columns} FROM users u WHERE u.subject = {{1}}")
_BY_EMAIL = Statement(f"SELECT {USER.columns} FROM users u WHERE u.email_key = {{1}}")
_PAGE = Statement(
    f"SELECT {USER.columns} FROM users u WHERE u.id > {{1}} ORDER BY u.id LIMIT {{2}}"
)
_ADD = Statement(
    "INSERT INTO users (subject, name, email, email_key, email_verified_at, administrator,"
    " created_at, updated_at) VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {7}) RETURNING id"
)
_RENAME = Statement("UPDATE users SET name = {2}, updated_at = {3} WHERE id = {1} RETURNING id")
_CHANGE_EMAIL = Statement(
    "UPDATE users SET email = {2}, email_key = {3}, email_verified_at = {4},"
    " updated_at = COALESCE({4}, updated_at) WHERE id = {1}"
    " RETURNING id"
)
_VERIFY_EMAIL = Statement(
    "UPDATE users SET email_verified_at = {3}"
    " WHERE id = {1} AND email_key = {2} AND email_verified_at IS NULL RETURNING id"
)
DISABLE = Statement("UPDATE users SET disabled_at = {2} WHERE id = {1} RETURNING id")
_SET_ADMINISTRATOR = Statement("UPDATE users SET administrator = {2} WHERE id = {1} RETURNING id")
_EMAIL_CLAIMS = ("email", "email_verified")
_DUE_NOW = 0  # 1970: logout notifications are due at once
_DELETE = Statement("DELETE FROM users WHERE id = {1} RETURNING id")
_DELETE_EMAIL_TOKENS = Statement(
    "DELETE FROM email_tokens WHERE email = (SELECT email_key FROM users WHERE id = {1})"
)
# Notifications that are due are sent after the person is deleted, without their id.
_RELEASE_LOGOUT_RECIPIENTS = Statement(
    "UPDATE session_clients SET user_id = NULL WHERE user_id = {1} AND due_at IS NOT NULL"
)
_DELETE_LOGOUT_RECIPIENTS = Statement("DELETE FROM session_clients WHERE user_id = {1}")
_DELETE_EVENTS = Statement("DELETE FROM events WHERE user_id = {1}")
_DELETE_GRANTS = Statement("DELETE FROM grants WHERE user_id = {1}")
_PASSWORD = Statement("SELECT hash FROM passwords WHERE user_id = {1}")
FIRST_PASSWORD = Statement(
    "INSERT INTO passwords (user_id, hash, changed_at) VALUES ({1}, {2}, {3})"
)
_SET_PASSWORD = Statement(
    "INSERT INTO passwords (user_id, hash, changed_at, set_by_link) VALUES ({1}, {2}, {3}, 1)"
    " ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at,"
    " set_by_link = 1"
)
_DELETE_PASSWORD = Statement("DELETE FROM passwords WHERE user_id = {1}")
DELETE_LOGIN_CODES = Statement("DELETE FROM login_codes WHERE user_id = {1}")
_DELETE_IDENTITIES = Statement("DELETE FROM identities WHERE user_id = {1}")
HAS_FACTOR = Statement("SELECT user_id FROM second_factors WHERE user_id = {1}")
# The authenticator app and the recovery codes go with it, by foreign key. Passkeys stay.
_DELETE_FACTOR = Statement("DELETE FROM second_factors WHERE user_id = {1} RETURNING user_id")
DELETE_FACTOR_RECOVERY = Statement(
    "DELETE FROM factor_recoveries WHERE user_id = {1} RETURNING user_id"
)
CONFIRM_PASSWORD = Statement(
    "UPDATE passwords SET set_by_link = 0 WHERE user_id = {1} AND set_by_link = 1"
)
_DELETE_TOTP_ENROLMENT = Statement("DELETE FROM totp_enrolments WHERE user_id = {1}")
DELETE_PASSKEYS = Statement("DELETE FROM passkeys WHERE user_id = {1} RETURNING id")
_DELETE_CONSENTS = Statement("DELETE FROM consents WHERE user_id = {1}")
# For operations that end all authorizations of a person.
DELETE_PERSONAL_TOKENS = Statement("DELETE FROM personal_tokens WHERE user_id = {1}")
# A call that adds or deletes a sign-in method locks the person, so that each sees the changes of
# the others. SQLite has one writer.
_PERSON = "SELECT id FROM users WHERE id = {1}"
LOCK_PERSON = Statement(_PERSON, postgres=f"{_PERSON} FOR NO KEY UPDATE")
OWN_SESSION = Statement("SELECT key FROM sessions WHERE user_id = {1} AND key = {2}")
_ADD_PASSWORD = Statement(
    "INSERT INTO passwords (user_id, hash, changed_at) VALUES ({1}, {2}, {3})"
    " ON CONFLICT (user_id) DO NOTHING RETURNING user_id"
)
_REHASH = Statement(
    "UPDATE passwords SET hash = {3} WHERE user_id = {1} AND hash = {2} RETURNING user_id"
)
_REPLACE_PASSWORD = Statement(
    "UPDATE passwords SET hash = {3}, changed_at = {4} WHERE user_id = {1} AND hash = {2}"
    " RETURNING user_id"
)


def insert_user(user: NewUser) -> Call:
    """The call that inserts a person; it returns the id."""
    return (
        _ADD,
        (
            user.subject,
            user.name,
            user.email,
            None if user.email is None else fold_email(user.email),
            to_micros_or_none(user.email_verified_at),
            int(user.administrator),
            to_micros(user.created_at),
        ),
    )


def new_user(user_id: int, user: NewUser) -> User:
    """The person who was inserted with this id."""
    return User(
        id=user_id,
        subject=user.subject,
        name=user.name,
        email=user.email,
        created_at=user.created_at,
        updated_at=user.created_at,
        email_verified_at=user.email_verified_at,
        administrator=user.administrator,
    )


def delete_factor(user_id: int) -> Operation[bool]:
    """Delete the second factor of a person, and what depends on it; whether there was one."""
    yield _DELETE_TOTP_ENROLMENT, (user_id,)
    yield DELETE_TRUSTED_BROWSERS, (user_id,)
    yield DELETE_FACTOR_RECOVERY, (user_id,)
    return bool((yield _DELETE_FACTOR, (user_id,)))


class Users(Table):
    """Implements `UserStore`."""

    async def user(self, user_id: int) -> User | None:
        return USER.read_found(await self._database.one(_BY_ID, user_id))

    async def user_by_subject(self, subject: str) -> User | None:
        return USER.read_first(await self._database.rows(_BY_SUBJECT, subject))

    async def user_by_email(self, email: str) -> User | None:
        return USER.read_first(await self._database.rows(_BY_EMAIL, fold_email(email)))

    async def users(self, *, after: int = 0, limit: int = 100) -> Sequence[User]:
        return USER.read_all(await self._database.list_rows(_PAGE, after, limit))

    async def add_user(
        self, user: NewUser, password_hash: str | None, invitation: bytes | None = None
    ) -> User:
        def operation() -> Operation[int]:
            if invitation is not None:
                yield from use_invitation(invitation, user.created_at)
            user_id: int = first_value((yield insert_user(user)))
            if password_hash is not None:
                first = (user_id, password_hash, to_micros(user.created_at))
                yield FIRST_PASSWORD, first
            return user_id

        return new_user(await self._database.write(operation), user)

    async def rename_user(self, user_id: int, name: str, at: datetime) -> bool:
        moment = to_micros(at)

        def operation() -> Operation[bool]:
            renamed = yield _RENAME, (user_id, name, moment)
            yield from report_claims(user_id, ("name",), moment)
            return bool(renamed)

        return await self._database.write(operation)

    async def change_email(self, user_id: int, email: str, verified_at: datetime | None) -> bool:
        at = to_micros_or_none(verified_at)

        def operation() -> Operation[bool]:
            changed = yield _CHANGE_EMAIL, (user_id, email, fold_email(email), at)
            if at is not None:
                yield from report_claims(user_id, _EMAIL_CLAIMS, at)
            return bool(changed)

        return await self._database.write(operation)

    async def mark_email_verified(
        self, user_id: int, email: str, at: datetime, *, keep_credentials: bool
    ) -> bool:
        def operation() -> Operation[bool]:
            verified = yield _VERIFY_EMAIL, (user_id, fold_email(email), to_micros(at))
            if verified and not keep_credentials:
                yield _DELETE_PASSWORD, (user_id,)
                yield _DELETE_IDENTITIES, (user_id,)
                yield from delete_factor(user_id)
                yield DELETE_PASSKEYS, (user_id,)
                yield from end_sessions(user_id, to_micros(at))
                yield DELETE_LOGIN_CODES, (user_id,)
                yield _DELETE_CONSENTS, (user_id,)
                yield from revoke_grants(user_id, to_micros(at))
                yield DELETE_PERSONAL_TOKENS, (user_id,)
            if verified:
                yield from report_claims(user_id, _EMAIL_CLAIMS, to_micros(at))
            return bool(verified)

        return await self._database.write(operation)

    async def set_disabled(self, user_id: int, at: datetime | None) -> bool:
        return bool(await self._database.write(execute(DISABLE, user_id, to_micros_or_none(at))))

    async def set_administrator(self, user_id: int, administrator: bool) -> bool:
        change = execute(_SET_ADMINISTRATOR, user_id, int(administrator))
        return bool(await self._database.write(change))

    async def delete_user(self, user_id: int, at: datetime) -> bool:
        def operation() -> Operation[bool]:
            yield from transfer_clients(user_id)
            yield LOCK_PERSON, (user_id,)
            yield from end_sessions(user_id, _DUE_NOW)
            yield from report_deletion(user_id, to_micros(at))
            # Passwords, passkeys, second factors, identities, e-mail tokens, consents, personal
            # tokens, own clients, memberships and events for applications go by foreign key.
            yield _DELETE_GRANTS, (user_id,)
            yield DELETE_LOGIN_CODES, (user_id,)
            yield _DELETE_EMAIL_TOKENS, (user_id,)
            yield from delete_invitations(user_id)
            yield from delete_team_invitations(user_id)
            yield _RELEASE_LOGOUT_RECIPIENTS, (user_id,)
            yield _DELETE_LOGOUT_RECIPIENTS, (user_id,)
            deleted = bool((yield _DELETE, (user_id,)))
            # Events that were stored after the batches below; none of the person follows.
            yield _DELETE_EVENTS, (user_id,)
            return deleted

        await delete_in_batches(self._database, OF_PERSON, user_id)
        await delete_in_batches(self._database, EVENTS_OF_PERSON, user_id)
        return await self._database.write(operation)

    async def password_hash(self, user_id: int) -> str | None:
        password_hash: str | None = first_value(await self._database.rows(_PASSWORD, user_id))
        return password_hash

    async def sign_in_methods(self, user_id: int) -> SignInMethods:
        return sign_in_methods(await self._database.list_rows(SIGN_IN_METHODS, user_id))

    async def set_password(self, user_id: int, password_hash: str, at: datetime) -> None:
        def operation() -> Operation[None]:
            yield LOCK_PERSON, (user_id,)
            yield _SET_PASSWORD, (user_id, password_hash, to_micros(at))
            yield DELETE_TRUSTED_BROWSERS, (user_id,)

        await self._database.write(operation)

    async def add_password(
        self, user_id: int, password_hash: str, at: datetime, session: bytes
    ) -> bool:
        def operation() -> Operation[bool]:
            yield LOCK_PERSON, (user_id,)
            if not (yield OWN_SESSION, (user_id, session)):
                return False
            return bool((yield _ADD_PASSWORD, (user_id, password_hash, to_micros(at))))

        return await self._database.write(operation)

    async def rehash_password(self, user_id: int, expected: str, password_hash: str) -> bool:
        return bool(await self._database.write(execute(_REHASH, user_id, expected, password_hash)))

    async def replace_password(
        self, user_id: int, expected: str, password_hash: str, at: datetime
    ) -> bool:
        def operation() -> Operation[bool]:
            yield LOCK_PERSON, (user_id,)
            values = (user_id, expected, password_hash, to_micros(at))
            if not (yield _REPLACE_PASSWORD, values):
                return False
            yield DELETE_TRUSTED_BROWSERS, (user_id,)
            return True

        return await self._database.write(operation)
