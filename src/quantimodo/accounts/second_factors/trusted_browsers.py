"""Browsers in which a person signs in without the second factor for a while.

The cookie replaces the second factor at a plain sign-in only. A login that it shortened has no
`mfa`, so it meets no `acr` of 3 and opens no page that needs a recent login with both proofs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from quantimodo.accounts.sessions import printable
from quantimodo.crypto.tokens import Kind, key_of, mint
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import PendingLogin
from quantimodo.model.trusted_browsers import TrustedBrowser
from quantimodo.model.users import User
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.trusted_browser_store import TrustedBrowserStore


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedBrowsers:
    """`lifetime`: 0 if the operator allows none; then earlier ones are not accepted either."""

    store: TrustedBrowserStore
    lifetime: timedelta
    clock: Clock
    entropy: Entropy

    async def trusts(self, user: User, cookie: Secret | None) -> bool:
        """Whether this cookie replaces the second factor of this person."""
        key = None if cookie is None else key_of(Kind.TRUSTED_BROWSER, cookie.reveal())
        found = None if key is None else await self.store.trusted_browser(key)
        return found is not None and found.user_id == user.id and self._counts(found)

    async def add(self, pending: PendingLogin, address: str, agent: str) -> Secret | None:
        """The cookie for the browser of a login that was completed just now; None if that is not
        allowed, or the password or the factor was changed since the login began."""
        if not self.lifetime:
            return None
        now = self.clock.now()
        minted = mint(Kind.TRUSTED_BROWSER, now, self.entropy)
        browser = TrustedBrowser(
            key=minted.key,
            user_id=pending.user.id,
            created_at=now,
            expires_at=now + self.lifetime,
            address=printable(address, 64),
            agent=printable(agent, 300),
        )
        stored = await self.store.add_trusted_browser(browser, pending.created_at)
        return minted.raw if stored else None

    async def list(self, user: User) -> Sequence[TrustedBrowser]:
        """The trusted browsers of this person, the newest first."""
        return [each for each in await self.store.trusted_browsers(user.id) if self._counts(each)]

    async def delete(self, user: User, key: bytes) -> bool:
        """Stop trusting a browser of this person; False if it is not theirs."""
        return await self.store.delete_trusted_browser(user.id, key)

    def _counts(self, browser: TrustedBrowser) -> bool:
        # The operator may have shortened the time since.
        ends_at = min(browser.expires_at, browser.created_at + self.lifetime)
        return self.clock.now() < ends_at
