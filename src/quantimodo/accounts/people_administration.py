"""Actions of an administrator, or of a command of the operator, on the account of a person.

Owns which actions are possible for which account. Each one is recorded with its actor and reason
before it is done (`ports/admin_stores.py`).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from quantimodo.accounts.account_deletion import AccountDeletion
from quantimodo.accounts.account_lifecycle import AccountLifecycle
from quantimodo.accounts.emails.account_templates import EmailTemplates
from quantimodo.accounts.errors import DomainError
from quantimodo.accounts.passkeys.passkeys import Passkeys
from quantimodo.accounts.recovery import Recovery
from quantimodo.accounts.second_factors.set_up import SecondFactors
from quantimodo.crypto.digests import digest
from quantimodo.i18n.translation import in_language
from quantimodo.model.admin_actions import Authority
from quantimodo.model.events import Event
from quantimodo.model.sessions import Session
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.ports.admin_stores import AdminLog, PeopleSearchStore

PersonAction = Literal[
    "disable",
    "enable",
    "sign-out",
    "send-confirmation",
    "send-reset",
    "reset-second-factor",
    "reopen",
    "promote",
    "demote",
    "delete",
]

_OWN: Final = N_("This is your own account. Another administrator can do this.")
_ROLE_FIRST: Final = N_("This person is an administrator. First take that role away.")
_LAST: Final = N_("This is the last administrator who can sign in. First appoint another one.")
_NO_SESSION: Final = N_("This session has ended already.")
_NOT_NOW: Final = N_("This does not apply to the account as it is now. Nothing was changed.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleAdministration:
    """An administrator cannot act on their own account here, so none changes their own role."""

    search: PeopleSearchStore
    administration: AccountLifecycle
    recovery: Recovery
    deletion: AccountDeletion
    second_factors: SecondFactors
    passkeys: Passkeys
    admin_log: AdminLog

    def possible_actions(self, user: User, actor_id: int | None) -> Sequence[PersonAction]:
        """The actions that can be done to the account of this person now."""
        return [action for action in _APPLIES if self._refusal(action, user, actor_id) is None]

    async def perform(self, action: PersonAction, user: User, by: Authority) -> None:
        """Record the action, then do it. Raises `DomainError` if it is not possible, and `TooMany`
        for too many e-mails; `user` was read for this request."""
        refusal = self._refusal(action, user, by.actor_id)
        if refusal is not None:
            raise DomainError(refusal)
        done: Mapping[PersonAction, Callable[[User, Authority], Awaitable[None]]] = {
            "disable": self._disable,
            "enable": self._enable,
            "sign-out": self._sign_out,
            "send-confirmation": self._send_confirmation,
            "send-reset": self._send_reset,
            "reset-second-factor": self._reset_second_factor,
            "reopen": self._reopen,
            "promote": self._promote,
            "demote": self._demote,
            "delete": self._delete,
        }
        await self.admin_log.record(by, f"person.{action}", user_id=user.id)
        await done[action](user, by)

    async def appoint(self, user: User, by: Authority) -> None:
        """Record it, then make an account that a command has just made an administrator. Its
        address need not be confirmed yet."""
        await self.admin_log.record(by, "person.promote", user_id=user.id)
        await self._promote(user, by)

    async def sessions(self, user: User) -> Sequence[Session]:
        """The sessions of this person, the last used first."""
        return await self.deletion.sessions.list(user.id)

    async def end_session(self, user: User, number: str, by: Authority) -> None:
        """Record it, then end the session with this `session_number`. Raises `DomainError` if there
        is none any more."""
        found = [each for each in await self.sessions(user) if session_number(each) == number]
        await self.admin_log.record(by, "person.end-session", user_id=user.id)
        if not found or not await self.deletion.sessions.end_one(user.id, found[0].key):
            raise DomainError(_NO_SESSION)

    def _refusal(self, action: PersonAction, user: User, actor_id: int | None) -> str | None:
        if user.id == actor_id:
            return _OWN
        if actor_id is not None and user.administrator and action in ("disable", "delete"):
            return _ROLE_FIRST
        return None if _APPLIES[action](user) else _NOT_NOW

    async def _disable(self, user: User, by: Authority) -> None:
        await self.administration.disable(user.id)

    async def _enable(self, user: User, by: Authority) -> None:
        await self.administration.enable(user.id)

    async def _sign_out(self, user: User, by: Authority) -> None:
        await self.deletion.sessions.end_all(user.id)

    async def _send_confirmation(self, user: User, by: Authority) -> None:
        await self.recovery.send_verification(user)

    async def _send_reset(self, user: User, by: Authority) -> None:
        with in_language(await self.deletion.notifier.language_of(user)):
            await self.recovery.request_reset(user.email or "", address=by.address)

    async def _reset_second_factor(self, user: User, by: Authority) -> None:
        passkeys = await self.passkeys.reset(user)
        if not await self.second_factors.reset(user) and not passkeys:
            raise DomainError(N_("This account has no second factor and no passkey."))

    async def _reopen(self, user: User, by: Authority) -> None:
        now = self.administration.clock.now()
        if not await self.deletion.closings.reopen_account(user.id, now):
            raise DomainError(N_("It is too late to keep this account: it is being deleted."))
        self._record("account.kept", user.id)
        await self.deletion.notifier.notify(user, EmailTemplates.account_kept)

    async def _promote(self, user: User, by: Authority) -> None:
        await self.administration.users.set_administrator(user.id, True)
        self._record("administrator.added", user.id)

    async def _demote(self, user: User, by: Authority) -> None:
        if not await self.search.remove_administrator(user.id):
            raise DomainError(_LAST)
        self._record("administrator.removed", user.id)

    async def _delete(self, user: User, by: Authority) -> None:
        now = self.administration.clock.now()
        await self.administration.users.delete_user(user.id, now)
        # Without the id of the person, which only the log of actions still has.
        self._record("account.deleted", None, "by the operator")

    def _record(self, kind: str, user_id: int | None, detail: str = "") -> None:
        clock, audit = self.administration.clock, self.administration.audit
        audit.record(Event(at=clock.now(), kind=kind, user_id=user_id, detail=detail))


def session_number(session: Session) -> str:
    """The public number of a session, for addresses of pages. It is no credential."""
    return digest(f"session of {session.user.id}: {session.sid}").hex()[:16]


_APPLIES: Final[Mapping[PersonAction, Callable[[User], bool]]] = {
    "disable": lambda user: user.disabled_at is None,
    "enable": lambda user: user.disabled_at is not None,
    "sign-out": lambda user: True,
    "send-confirmation": lambda user: user.email is not None and user.email_verified_at is None,
    "send-reset": lambda user: user.email is not None and user.disabled_at is None,
    "reset-second-factor": lambda user: True,
    "reopen": lambda user: user.closed,
    "promote": lambda user: (
        not user.administrator and user.usable and user.email_verified_at is not None
    ),
    "demote": lambda user: user.administrator,
    "delete": lambda user: True,
}
