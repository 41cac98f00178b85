"""Checks a response of an authenticator, and uses it once.

Owns the order: each attempt is counted first; the same work is done for a passkey that is not known
(security.md §21); the counter is compared after the signature, so that only the holder of the key
can report a copy.
"""

from dataclasses import dataclass
from typing import Final

from quantimodo.accounts.device_cookies import DeviceCookies
from quantimodo.accounts.errors import PasskeyRefused
from quantimodo.accounts.login import LoginBrowser
from quantimodo.accounts.passkeys.challenges import REPLAYED, PasskeyChallenges, Purpose, replayed
from quantimodo.accounts.passkeys.notices import PasskeyNotices
from quantimodo.accounts.throttle import Throttle
from quantimodo.crypto.digests import compare_digest
from quantimodo.crypto.passkeys import (
    NOT_VERIFIED,
    WRONG_SIGNATURE,
    Assertion,
    InvalidPasskey,
    RelyingParty,
    VerifiedAssertion,
    parse_assertion,
    verify_assertion,
)
from quantimodo.model.passkeys import Passkey, PasskeyUse
from quantimodo.model.secrets import Secret
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.passkey_store import PasskeyStore

_WRONG: Final = N_(
    "This passkey does not sign in here. Use another one, or sign in with your password."
)
_UNVERIFIED: Final = N_(
    "Your device did not check that it is you, by a fingerprint, your face or a PIN. Try again,"
    " or sign in with your password."
)
UNKNOWN: Final = "the passkey is not known"
DISABLED: Final = "the account is disabled"
OTHER_PERSON: Final = "the passkey is that of another person"
COPIED: Final = "the counter did not rise: the passkey may have been copied"
# The public key by which the response of an unknown passkey is verified, so that the work is the
# same. A valid signature is refused too.
_DECOY: Final = bytes.fromhex(
    "a5010203262001215820"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "225820"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyCheck:
    store: PasskeyStore
    users: UserStore
    challenges: PasskeyChallenges
    relying_party: RelyingParty
    throttle: Throttle
    devices: DeviceCookies
    notices: PasskeyNotices
    clock: Clock

    async def use(
        self,
        response: Secret,
        purpose: Purpose,
        holder: str,
        browser: LoginBrowser,
        person: User | None = None,
    ) -> tuple[User, Passkey]:
        """The person who signed in, and by which passkey. With `person`, only theirs are accepted.

        Raises `PasskeyRefused` and `TooMany`.
        """
        await self.throttle.sign_in_from(browser.address)
        try:
            assertion = parse_assertion(response)
        except InvalidPasskey as fault:
            raise self._refusal(None, browser, fault.reason) from None
        passkey = await self.store.passkey(assertion.credential_id)
        user = None if passkey is None else await self.users.user(passkey.user_id)
        device = self.devices.device(user, browser.device_cookies)
        await self.throttle.passkey(assertion.credential_id.hex(), device)
        try:
            challenge = self.challenges.check(assertion.challenge, purpose, holder)
        except PasskeyRefused as refusal:
            self.notices.refused(user, browser.address, refusal.reason)
            raise
        verified = self._verified(assertion, passkey, user, browser)
        if passkey is None or user is None:
            raise self._refusal(None, browser, UNKNOWN)
        if not _is_of(assertion, user) or (person is not None and person.id != user.id):
            raise self._refusal(user, browser, OTHER_PERSON)
        if user.disabled_at is not None:
            raise self._refusal(user, browser, DISABLED)
        use = await self.store.use_passkey(
            passkey.id,
            challenge,
            sign_count=verified.sign_count,
            backed_up=verified.backed_up,
            at=self.clock.now(),
        )
        if use is PasskeyUse.REPLAYED:
            self.notices.refused(user, browser.address, REPLAYED)
            raise replayed()
        if use is PasskeyUse.STALE and await self.store.passkey(passkey.credential_id) is None:
            raise self._refusal(user, browser, UNKNOWN)
        if use is PasskeyUse.STALE:
            await self.notices.copied(user, passkey.name, browser.address)
            raise PasskeyRefused(_WRONG, COPIED)
        await self.throttle.passkey_accepted(passkey.credential_id.hex(), browser.address, device)
        return user, passkey

    def _verified(
        self,
        assertion: Assertion,
        passkey: Passkey | None,
        user: User | None,
        browser: LoginBrowser,
    ) -> VerifiedAssertion:
        key = _DECOY if passkey is None else passkey.public_key
        try:
            return verify_assertion(assertion, key, self.relying_party)
        except InvalidPasskey as fault:
            unknown = passkey is None and fault.reason == WRONG_SIGNATURE
            reason = UNKNOWN if unknown else fault.reason
            raise self._refusal(user, browser, reason) from None

    def _refusal(self, user: User | None, browser: LoginBrowser, reason: str) -> PasskeyRefused:
        self.notices.refused(user, browser.address, reason)
        return PasskeyRefused(_UNVERIFIED if reason == NOT_VERIFIED else _WRONG, reason)


def _is_of(assertion: Assertion, user: User) -> bool:
    """Web Authentication §7.2 step 6: the handle, if there is one, is that of the person."""
    handle = assertion.user_handle
    return not handle or compare_digest(handle, user.subject.encode())
