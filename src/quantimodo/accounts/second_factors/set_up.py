"""A person sets up, replaces and removes the second factor of their account.

Owns what must hold before a change: a recent login, by the second factor too if there is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from quantimodo.accounts.errors import AccountDeleted, DomainError, ReauthenticationNeeded
from quantimodo.accounts.second_factors.authenticator_apps import open_secret, seal_secret
from quantimodo.accounts.second_factors.notices import SecondFactorNotices
from quantimodo.accounts.second_factors.recovery_codes import RecoveryCodes
from quantimodo.accounts.second_factors.requirement import SecondFactorRequirement
from quantimodo.accounts.sessions import require_fresh
from quantimodo.accounts.throttle import Throttle
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.crypto.one_time_passwords import matching_step, mint_totp_secret, totp_uri
from quantimodo.model.second_factors import TotpEnrolment, TotpFactor
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import PendingLogin, Session
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.second_factor_store import SecondFactorStore
from quantimodo.ports.stores import Conflict

Mode = Literal["off", "optional", "required"]

_LIFETIME: Final = timedelta(hours=1)
_WRONG_CODE: Final = N_("This code is not right. Enter the one that the app shows now.")
_LOST: Final = N_("This set-up is not valid any more. Start again.")
_CHANGED: Final = N_(
    "Nothing was changed: you were signed out, or it was changed elsewhere just now."
)
_OFF: Final = N_("This server does not offer two-step verification.")
_STAYS: Final = N_(
    "This server requires two-step verification. You can set up another app or passkey instead."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorPolicy:
    """`service` is the name of this server in authenticator apps, `host` the one for which passkeys
    work. `off`: no person can add a second factor; those that exist still count. `required`: a
    person without one adds one at the next sign-in."""

    service: str
    host: str
    mode: Mode = "optional"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the person enters in the authenticator app: the secret, as text or by the address in a
    QR code."""

    secret: Secret
    uri: Secret


@dataclass(frozen=True, slots=True)
class SecondFactorStatus:
    """A person's second factor: since when, and how many recovery codes are left. `app`: there is
    an authenticator app; otherwise the passkeys are the factor."""

    since: datetime
    recovery_codes: int
    app: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactors:
    store: SecondFactorStore
    recovery_codes: RecoveryCodes
    envelope: Envelope = field(repr=False)
    notices: SecondFactorNotices
    throttle: Throttle
    policy: SecondFactorPolicy
    requirement: SecondFactorRequirement
    clock: Clock
    entropy: Entropy

    async def status(self, user: User) -> SecondFactorStatus | None:
        """Since when the person has a second factor, and of which kind; None without one."""
        since = await self.store.second_factor_set_up_at(user.id)
        if since is None:
            return None
        left = await self.store.count_recovery_codes(user.id)
        app = await self.store.totp_factor(user.id)
        return SecondFactorStatus(since, left, app is not None)

    async def require_recent_login(self, session: Session) -> None:
        """Raises `ReauthenticationNeeded` (security.md §18). Where the person has a second factor,
        a login without it does not suffice."""
        require_fresh(session, self.clock.now())
        if "mfa" in session.methods:
            return
        if await self._is_set_up(session.user):
            raise ReauthenticationNeeded

    async def require_step_up(self, session: Session) -> None:
        """Raises `ReauthenticationNeeded` for a person who has a second factor, unless the login
        is recent and included it."""
        if await self._is_set_up(session.user):
            await self.require_recent_login(session)

    async def begin(self, session: Session) -> None:
        """Make a new secret for an app of this session's person. An app that is in use stays in
        use until the new one is confirmed."""
        await self.require_recent_login(session)
        await self._begin(session.user, session.key)

    async def begin_pending(self, pending: PendingLogin) -> None:
        """Make a new secret for an app of a person who has to add a second factor before the login
        is completed. Raises `DomainError` if there is one."""
        await self._require_none(pending.user)
        await self._begin(pending.user, pending.key)

    async def enrolment(self, user: User, holder: bytes) -> Enrolment | None:
        """The app whose first code is not entered yet, for the session or pending login that began
        it."""
        found = await self._enrolment(user, holder)
        if found is None:
            return None
        _, secret = found
        account = user.sign_in_name
        return Enrolment(secret, totp_uri(secret, account, self.policy.service))

    async def confirm(self, session: Session, code: Secret) -> Sequence[Secret]:
        """Put the app in use by its first code; the new recovery codes.

        Raises `ReauthenticationNeeded`, `DomainError` and `TooMany`.
        """
        await self.require_recent_login(session)
        replaces = await self.store.totp_factor(session.user.id) is not None
        factor = await self._check(session.user, session.key, code)
        codes, digests = self.mint_recovery_codes(session.user)
        if not await self.store.confirm_totp_enrolment(factor, digests, session.key):
            raise DomainError(_CHANGED)
        notify = self.notices.replaced if replaces else self.notices.added
        await notify(session.user, session.address)
        return codes

    async def check_pending(self, pending: PendingLogin, code: Secret) -> TotpFactor:
        """The app of this pending login, by its first code. It is not in use yet.

        Raises `DomainError` and `TooMany`.
        """
        await self._require_none(pending.user)
        return await self._check(pending.user, pending.key, code)

    async def activate(self, user: User, factor: TotpFactor, session: bytes) -> Sequence[Secret]:
        """Put a checked app in use, as the first factor. Returns the new recovery codes. Raises
        `DomainError` if this session was ended, or the person has a second factor or another app
        meanwhile."""
        codes, digests = self.mint_recovery_codes(user)
        if not await self.store.confirm_totp_enrolment(
            factor, digests, session, first_at=self.policy.host
        ):
            raise DomainError(_CHANGED)
        await self.notices.added(user)
        return codes

    async def set_up_passkey(self, session: Session) -> Sequence[Secret]:
        """Make the passkeys of the person the second factor; the new recovery codes. The caller has
        checked one of them just now.

        Raises `ReauthenticationNeeded` and `DomainError`.
        """
        await self.require_recent_login(session)
        self.require_offered()
        user, host = session.user, self.policy.host
        codes, digests = self.mint_recovery_codes(user)
        if not await self.store.set_up_passkey_factor(
            user.id, host, digests, session.key, self.clock.now()
        ):
            raise DomainError(_CHANGED)
        await self.notices.passkey_added(user, session.address)
        return codes

    def require_offered(self) -> None:
        """Raises `DomainError` where no person can add a second factor."""
        if self.policy.mode == "off":
            raise DomainError(_OFF)

    def mint_recovery_codes(self, user: User) -> tuple[Sequence[Secret], Sequence[bytes]]:
        """New codes for this person, and what is stored of them."""
        codes = self.recovery_codes.mint()
        return codes, self.recovery_codes.digests(user.id, codes)

    async def replace_recovery_codes(self, session: Session) -> Sequence[Secret]:
        """New recovery codes; the earlier ones end. Raises `ReauthenticationNeeded` and
        `DomainError`."""
        await self.require_recent_login(session)
        user = session.user
        codes, digests = self.mint_recovery_codes(user)
        if not await self.store.replace_recovery_codes(user.id, digests, session.key):
            raise DomainError(_CHANGED)
        await self.notices.codes_replaced(user, session.address)
        return codes

    async def delete(self, session: Session) -> None:
        """Raises `ReauthenticationNeeded`, and `DomainError` where a second factor is required."""
        if await self.requirement.applies_to(session.user):
            raise DomainError(_STAYS)
        await self.require_recent_login(session)
        if not await self.store.delete_second_factors(session.user.id, session.key):
            raise DomainError(_CHANGED)
        await self.notices.removed(session.user, session.address)

    async def reset(self, user: User) -> bool:
        """Remove the second factor of this person, for the operator. False if there was none."""
        dropped = await self.store.delete_second_factors(user.id)
        if dropped:
            await self.notices.reset(user)
        return dropped

    async def _require_none(self, user: User) -> None:
        # The first proof alone must not replace a second factor.
        if await self._is_set_up(user):
            raise DomainError(_CHANGED)

    async def _is_set_up(self, user: User) -> bool:
        return await self.store.second_factor_set_up_at(user.id) is not None

    async def _begin(self, user: User, holder: bytes) -> None:
        self.require_offered()
        now = self.clock.now()
        enrolment = TotpEnrolment(
            user_id=user.id,
            sealed_secret=seal_secret(self.envelope, user.id, mint_totp_secret(self.entropy)),
            holder=holder,
            created_at=now,
            expires_at=now + _LIFETIME,
        )
        try:
            await self.store.save_totp_enrolment(enrolment)
        except Conflict:
            raise AccountDeleted from None

    async def _enrolment(self, user: User, holder: bytes) -> tuple[TotpEnrolment, Secret] | None:
        found = await self.store.totp_enrolment(user.id)
        if found is None or found.holder != holder or found.expires_at <= self.clock.now():
            return None
        try:
            return found, open_secret(self.envelope, user.id, found.sealed_secret)
        except DecryptionFailed:  # the secret key was replaced in the meantime
            return None

    async def _check(self, user: User, holder: bytes, code: Secret) -> TotpFactor:
        found = await self._enrolment(user, holder)
        if found is None or self.policy.mode == "off":
            raise DomainError(_LOST)
        enrolment, secret = found
        await self.throttle.count_browser("set_up_codes_per_browser", holder.hex())
        now = self.clock.now()
        step = matching_step(secret, "".join(code.reveal().split()), now)
        if step is None:
            raise DomainError(_WRONG_CODE)
        await self.throttle.reset_browser("set_up_codes_per_browser", holder.hex())
        return TotpFactor(
            user_id=user.id,
            sealed_secret=enrolment.sealed_secret,
            confirmed_at=now,
            last_step=step,
        )
