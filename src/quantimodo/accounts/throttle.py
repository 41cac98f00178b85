"""Limits on guesses and e-mails, by account and by address (security.md §20).

Owns what is counted together. The counters are shared by all processes and named by a keyed digest,
so that the table does not reveal who tried. Each attempt is counted before it is made, so
concurrent attempts cannot exceed a limit.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from quantimodo.accounts.errors import TooMany
from quantimodo.accounts.limits import (
    AddressLimit,
    AppLimit,
    BrowserLimit,
    BudgetKind,
    BudgetPolicy,
    Limit,
    ThrottlePolicy,
)
from quantimodo.accounts.networks import network
from quantimodo.crypto.digests import keyed_digest
from quantimodo.model.budgets import Charge
from quantimodo.model.clients import Client
from quantimodo.model.users import fold_email
from quantimodo.ports.account_stores import ThrottleStore
from quantimodo.ports.clock import Clock

NoticeKind = Literal["device", "application", "first read"]

_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
_DEFAULT_BUDGETS = BudgetPolicy()


@dataclass(frozen=True, slots=True)
class Throttle:
    """Each method counts one attempt and raises `TooMany` when it is over the limit.

    The address is counted first: one over its limit does not use up an account's limit.
    """

    store: ThrottleStore
    policy: ThrottlePolicy
    clock: Clock
    key: bytes
    budgets: BudgetPolicy = _DEFAULT_BUDGETS

    def charge(self, kind: BudgetKind, address: str) -> Charge:
        """The budget of a row of this kind that a request from `address` stores."""
        charged_key = keyed_digest(self.key, f"budget {kind}", network(address))
        return Charge(charged_key, self.budgets.of(kind))

    def charge_owner(self, kind: BudgetKind, owner: str) -> Charge:
        """The budget of the rows of this kind that one owner's confidential apps store."""
        charged_key = keyed_digest(self.key, f"budget {kind} of", owner)
        return Charge(charged_key, self.budgets.of(kind))

    def charge_mail(self, recipient: str) -> Charge:
        """The budget of a mail to this address that a person with an account causes."""
        charged_key = keyed_digest(self.key, "budget account_mails", fold_email(recipient))
        return Charge(charged_key, self.budgets.of("account_mails"))

    def charge_replay(self, user_id: int | None) -> Charge:
        """The budget of the audit events of codes and tokens that one person's apps use twice."""
        charged_key = keyed_digest(self.key, "budget replays", str(user_id))
        return Charge(charged_key, self.budgets.of("refused_sign_ins"))

    async def count_address(self, limit: AddressLimit, address: str) -> None:
        """An attempt that counts by network address alone."""
        await self._count(limit, network(address), getattr(self.policy, limit))

    async def undo_address(self, limit: AddressLimit, address: str) -> None:
        """This one attempt does not count; what else is counted for the address stays."""
        await self.store.undo_hit(self._name(limit, network(address)))

    async def count_browser(self, limit: BrowserLimit, browser: str) -> None:
        """An attempt that counts by browser: by its session or pending login, or by its cookie."""
        await self._count(limit, browser, getattr(self.policy, limit))

    async def reset_browser(self, limit: BrowserLimit, browser: str) -> None:
        """Reset the counter of this browser, after a right response."""
        await self.store.reset(self._name(limit, browser))

    async def undo_browser(self, limit: BrowserLimit, browser: str) -> None:
        """This one attempt does not count; what else is counted for the browser stays."""
        await self.store.undo_hit(self._name(limit, browser))

    async def count_app(self, limit: AppLimit, client: Client) -> None:
        """A request of a confidential app, whose people all come from the address of its server:
        counted against the limit that the operator set for this app, or the usual one."""
        if most := client.metadata.requests_per_minute:
            await self._count(f"{limit} in a minute", client.id, Limit(most, _MINUTE))
        else:
            await self._count(limit, client.id, getattr(self.policy, limit))

    async def sign_in_from(self, address: str) -> None:
        """An attempt with a password, for any account; counted before `sign_in`."""
        await self._count("sign-in address", network(address), self.policy.sign_in_per_address)

    async def sign_in(self, account: str, device: str | None) -> None:
        """An attempt with a password for this account. `device`: the nonce of a valid device cookie
        for it; such an attempt is counted for the device and not for the account."""
        if device is None:
            await self._count("sign-in account", account, self.policy.sign_in_per_account)
        else:
            await self._count("sign-in device", device, self.policy.sign_in_per_device)

    async def signed_in(self, account: str, address: str, device: str | None) -> None:
        """Reset the counter of the device or the account in which this attempt was counted. The
        counter of the network address loses this attempt alone."""
        await self.store.undo_hit(self._name("sign-in address", network(address)))
        if device is None:
            await self.clear_failed_sign_ins(account)
        else:
            await self.store.reset(self._name("sign-in device", device))

    async def passkey(self, credential: str, device: str | None) -> None:
        """A sign-in by this passkey, known or not; counted after `sign_in_from`. `device` as in
        `sign_in`."""
        if device is None:
            await self._count("passkey", credential, self.policy.sign_in_per_account)
        else:
            await self._count("passkey device", device, self.policy.sign_in_per_device)

    async def passkey_accepted(self, credential: str, address: str, device: str | None) -> None:
        """As `signed_in`."""
        await self.store.undo_hit(self._name("sign-in address", network(address)))
        what, whose = ("passkey", credential) if device is None else ("passkey device", device)
        await self.store.reset(self._name(what, whose))

    async def clear_failed_sign_ins(self, account: str) -> None:
        """Reset the counter of failed sign-ins of this account."""
        await self.store.reset(self._name("sign-in account", account))

    async def count_tokens(self, client: Client) -> None:
        """A response with tokens, where the operator limits them for this app."""
        if most := client.metadata.tokens_per_minute:
            await self._count("tokens app", client.id, Limit(most, _MINUTE))

    async def sign_up(self, account: str, address: str) -> None:
        """Count a sign-up, by account and by network address. Raises `TooMany`."""
        await self._count("sign-up address", network(address), self.policy.sign_up_per_address)
        await self._count("sign-up account", account, self.policy.sign_up_per_account)

    async def email_code(self, account: str, address: str) -> None:
        """A code for a sign-in that is sent by e-mail."""
        await self._count("email code address", network(address), self.policy.reset_per_address)
        await self._count("email code account", account, self.policy.email_codes_per_account)

    async def email_code_try(self, account: str, login: str) -> None:
        """A code that is typed: counted for the one that was sent, and for the account."""
        limit = self.policy.email_code_tries_per_account
        await self._count("email code login", login, limit)
        await self._count("email code try", account, limit)

    async def email_code_passed(self, account: str) -> None:
        """Reset the counter of wrong codes of this account, after a right one."""
        await self.store.reset(self._name("email code try", account))

    async def reset(self, account: str, address: str) -> None:
        """Count a request for a new password, by account and by network address. Raises
        `TooMany`."""
        await self._count("reset address", network(address), self.policy.reset_per_address)
        await self._count("reset account", account, self.policy.reset_per_account)

    async def send_email(self, account: str) -> None:
        """Count an e-mail to this address that a signed-in person causes."""
        await self._count("email account", account, self.policy.emails_per_account)

    async def send_email_elsewhere(self, user_id: int, account: str) -> None:
        """Count an e-mail that this person causes to an address that may be another person's, so
        that no account sends mass mails."""
        await self._count("email person", str(user_id), self.policy.emails_per_person)
        await self.send_email(account)

    async def reauthenticate(self, user_id: int) -> None:
        """An attempt with the password of the person who is signed in."""
        await self._count("proof", str(user_id), self.policy.proof_per_person)

    async def reauthenticated(self, user_id: int) -> None:
        """Reset the counter of wrong passwords of this person, after a right one."""
        await self.store.reset(self._name("proof", str(user_id)))

    async def start_session(self, user_id: int, address: str) -> None:
        """A sign-in that succeeded, or an account that is closed: it writes a session and an audit
        event. Counted by address, so that an attacker with the password does not lock the person
        out."""
        whose = f"{user_id} {network(address)}"
        await self._count("session", whose, self.policy.sessions_per_person)

    async def change(self, sid: str) -> None:
        """A form that a signed-in person sends: it may write audit events. Counted by session, so
        that a person can end a stolen session."""
        await self._count("change", sid, self.policy.changes_per_session)

    async def export(self, user_id: int) -> None:
        """An export of everything in one account: it reads all of it."""
        await self._count("export", str(user_id), self.policy.exports_per_person)

    async def second_factor(self, user_id: int, login: str, device: str | None) -> None:
        """A response to this person's second factor in a pending login. `device`: the nonce of a
        valid device cookie; such a response is counted for the device and not for the person."""
        limit = self.policy.second_factor_per_person
        await self._count("second factor login", login, limit)
        if device is not None:
            await self._count("second factor device", device, limit)
            return
        whose = str(user_id)
        await self._count("second factor day", whose, self.policy.second_factor_per_day)
        await self._count("second factor", whose, limit)

    async def is_first_notice(self, user_id: int) -> bool:
        """Whether the person was not notified yet, within a day, that a limit of responses was
        reached; of concurrent calls one is the first."""
        name = self._name("second factor notice", str(user_id))
        return await self.store.hit(name, _DAY, self.clock.now()) == 1

    async def is_first_exchange(self, user_id: int, *parties: str) -> bool:
        """Whether this is the first token exchange of these clients and this API for the person
        within a day; of concurrent calls one is the first."""
        name = self._name("exchange", json.dumps([user_id, *parties]))
        return await self.store.hit(name, _DAY, self.clock.now()) == 1

    async def may_notify(self, kind: NoticeKind, user_id: int) -> bool:
        """Whether one more e-mail of this kind goes to the person; each kind is counted apart."""
        name, limit = self._name(f"notice {kind}", str(user_id)), self.policy.notices_per_person
        return await self.store.hit(name, limit.window, self.clock.now()) <= limit.count

    async def second_factor_passed(self, user_id: int, device: str | None) -> None:
        """Reset the counters in which this response was counted."""
        if device is not None:
            await self.store.reset(self._name("second factor device", device))
            return
        for name in ("second factor", "second factor day"):
            await self.store.reset(self._name(name, str(user_id)))

    async def _count(self, what: str, whose: str, limit: Limit) -> None:
        hits = await self.store.hit(self._name(what, whose), limit.window, self.clock.now())
        if hits > limit.count:
            raise TooMany(limit.window)

    def _name(self, what: str, whose: str) -> bytes:
        return keyed_digest(self.key, f"throttle {what}", fold_email(whose))
