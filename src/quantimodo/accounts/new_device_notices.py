"""Sends the e-mail about a sign-in in a new browser: one without a valid device cookie for the
account."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from quantimodo.accounts.device_cookies import DeviceCookies, MintedDeviceCookie
from quantimodo.accounts.emails.notifier import AccountNotifier
from quantimodo.accounts.throttle import Throttle
from quantimodo.model.sessions import Session

_NEW_ACCOUNT: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDeviceNotices:
    """`describe` returns the kind of a browser by its `User-Agent` header, for people."""

    cookies: DeviceCookies
    notifier: AccountNotifier
    throttle: Throttle
    describe: Callable[[str], str]

    async def signed_in(self, session: Session, held: Mapping[str, str]) -> MintedDeviceCookie:
        """The device cookie for the browser in which this session has just started. `held` has the
        device cookies of the browser by name. Without a valid one for the account, the person is
        notified, up to a limit. The sign-ins in the first ten minutes of an account notify no
        person."""
        user = session.user
        known = self.cookies.device(user, held) is not None
        new_account = session.created_at - user.created_at < _NEW_ACCOUNT
        if not known and not new_account and await self.throttle.may_notify("device", user.id):
            device = self.describe(session.agent)
            await self.notifier.notify(
                user, lambda emails, to: emails.new_device(to, device, session.created_at)
            )
        return self.cookies.mint(user.id, held)
