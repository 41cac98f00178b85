"""Accounts and their identities at providers: sign-in, linking and unlinking.

Owns the rules between an identity and the account and sessions of its person. `linking.py` decides
which account it is, `new_identities.py` what is stored of a profile, and
`security_event_handler.py` has the events that a provider sends later. The provider's file has
verified the profile.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from quantimodo.accounts.emails.account_templates import EmailTemplates
from quantimodo.accounts.emails.notifier import AccountNotifier
from quantimodo.accounts.errors import DomainError, LinkNeeded
from quantimodo.accounts.login import IdentityProof, Login, LoginBrowser, LoginResult
from quantimodo.accounts.sessions import SIGNED_OUT_SINCE, require_fresh
from quantimodo.accounts.sign_up import NO_SIGN_UP
from quantimodo.accounts.throttle import Throttle
from quantimodo.crypto.envelope import Envelope
from quantimodo.federation.linking import Create, Link, Refuse, RequireSignIn, SignIn, decide
from quantimodo.federation.new_accounts import NewAccounts
from quantimodo.federation.new_identities import (
    new_identity,
    normalized,
    provider_session,
    sealed_refresh_token,
)
from quantimodo.model.identities import Identity, NewIdentity, UpstreamProfile
from quantimodo.model.provider_sessions import ProviderSession
from quantimodo.model.sessions import Session
from quantimodo.model.sign_in_methods import AcceptedMethods
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.federation_stores import IdentityStore
from quantimodo.ports.stores import Conflict, SignInEnded

_TRIES: Final = 5
_REASONS: Final = {
    "disabled": N_("This account is disabled. Contact the operator of this server."),
    "not_invited": NO_SIGN_UP["invited"],
    "sign_up_closed": NO_SIGN_UP["closed"],
}
_LAST: Final = N_(
    "This is the last way to sign in to your account. Set a password, add a passkey or link another"
    " account first."
)
_OF_ANOTHER_ACCOUNT: Final = N_(
    "This is linked to another account here. Sign in with it to see which one, and unlink it"
    " there first."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """The person who signed in through a provider, and the identity. `new_user`: created now.
    `session` is the one there, if it is recorded."""

    user: User
    identity: Identity
    new_user: bool
    session: ProviderSession | None = None

    def proof(self, methods: tuple[str, ...]) -> IdentityProof:
        """The proof by this identity, with these `amr` values, for a session or a code."""
        known = self.identity
        return IdentityProof(
            known.issuer, known.subject, known.signed_out_at, methods, self.session
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SocialAccounts:
    """Every `UpstreamProfile` that is passed in was verified by its provider's file."""

    users: UserStore
    store: IdentityStore
    login: Login
    throttle: Throttle
    notifier: AccountNotifier
    envelope: Envelope
    accepted: AcceptedMethods
    new_accounts: NewAccounts
    clock: Clock

    async def admit(self, profile: UpstreamProfile, *, address: str) -> Admitted:
        """The person whose account this profile signs in to, created or linked by the rules.

        Of concurrent first logins of one identity one creates the person, and all return it.
        Raises `LinkNeeded`, `DomainError` (disabled, not invited, sign-up closed), `TooMany`.
        """
        await self.throttle.count_address("social_per_address", address)
        profile = normalized(profile)
        for _ in range(_TRIES):
            try:
                admitted = await self._admit(profile, address)
                session = provider_session(profile, self.clock.now(), self.envelope)
                return replace(admitted, session=session)
            except Conflict:  # a concurrent change: decide again by the present state
                continue
            except SignInEnded:
                raise self._ended(profile, None, address) from None
        raise DomainError(N_("This could not be done just now. Try again."))

    async def begin_session(
        self, admitted: Admitted, methods: tuple[str, ...], browser: LoginBrowser
    ) -> LoginResult:
        """Sign in the person who was admitted. Raises `DomainError`."""
        return await self.login.complete_login(admitted.user, admitted.proof(methods), browser)

    async def stands(self, admitted: Admitted) -> bool:
        """Whether the identity is still this person's, and was not signed out meanwhile."""
        return await self.login.is_valid(admitted.user, admitted.proof(()))

    async def link(self, session: Session, profile: UpstreamProfile) -> Identity:
        """Add this identity to the account of a recently authenticated session.

        Raises `DomainError` when another account has it, and `ReauthenticationNeeded`.
        """
        require_fresh(session, self.clock.now())
        profile = normalized(profile)
        try:
            identity = await self.store.add_identity(
                session.user.id, self._new_identity(profile), session.key
            )
        except Conflict:
            return await self._linked_before(session, profile)
        except SignInEnded:
            raise self._ended(profile, session.user.id, session.address) from None
        await self._linked(session.user, profile, session.address)
        return identity

    async def unlink(self, session: Session, identity_id: int) -> None:
        """Raises `DomainError` for the last sign-in method, and `ReauthenticationNeeded`."""
        require_fresh(session, self.clock.now())
        identities = await self.store.identities_of(session.user.id)
        identity = next((one for one in identities if one.id == identity_id), None)
        if identity is None:
            raise DomainError(N_("This is not linked to your account any more."))
        if not await self.store.delete_identity(session.user.id, identity_id, self.accepted):
            raise DomainError(_LAST)
        self.notifier.record(
            "identity.unlinked", session.user.id, session.address, identity.provider
        )
        await self.notifier.notify(session.user, EmailTemplates.identity_unlinked)

    async def identities(self, user_id: int) -> Sequence[Identity]:
        """The identities of this person, oldest first."""
        return await self.store.identities_of(user_id)

    async def removable(self, user_id: int) -> Collection[int]:
        """The ids of the identities without which the person can still sign in."""
        held = await self.users.sign_in_methods(user_id)
        return [
            each
            for each in held.identities
            if held.without_identity(each).sign_in_at(self.accepted)
        ]

    async def _admit(self, profile: UpstreamProfile, address: str) -> Admitted:
        identity = await self.store.identity(profile.issuer, profile.subject)
        owner = None if identity is None else await self.users.user(identity.user_id)
        same_email = invitation = None
        if owner is None and profile.email is not None:
            same_email = await self.users.user_by_email(profile.email)
            invitation = await self.new_accounts.invitation(profile.email)
        mode = self.new_accounts.mode
        match decide(profile, owner, same_email, sign_up=mode, invitation=invitation):
            case SignIn(user) if identity is not None:  # an owner has the identity
                return await self._signed_in(user, identity, profile, address)
            case Link(user):
                return await self._link(user, profile, address)
            case Create() as creation:
                return await self._create(profile, creation, address)
            case RequireSignIn(email):
                raise LinkNeeded(email)
            case Refuse(reason, user):
                self.notifier.record(
                    "identity.refused", user.id if user else None, address, profile.provider
                )
                raise DomainError(_REASONS[reason])
            case SignIn():
                raise Conflict("the identity was dropped meanwhile")

    async def _signed_in(
        self, user: User, identity: Identity, profile: UpstreamProfile, address: str
    ) -> Admitted:
        now = self.clock.now()
        if _is_stale(profile, identity):
            raise self._ended(profile, user.id, address)
        await self.store.record_identity_use(
            identity.id,
            now,
            name=profile.name,
            email=profile.email,
            sealed=sealed_refresh_token(profile, self.envelope),
        )
        self.notifier.record("identity.used", user.id, address, profile.provider)
        used = replace(identity, name=profile.name, email=profile.email, used_at=now)
        return Admitted(user=user, identity=used, new_user=False)

    async def _link(self, user: User, profile: UpstreamProfile, address: str) -> Admitted:
        identity = await self.store.add_identity(user.id, self._new_identity(profile))
        await self._linked(user, profile, address)
        return Admitted(user=user, identity=identity, new_user=False)

    async def _create(self, profile: UpstreamProfile, creation: Create, address: str) -> Admitted:
        new = self._new_identity(profile)
        user, identity = await self.new_accounts.add(profile.name, creation, new)
        self.notifier.record("account.created", user.id, address, profile.provider)
        return Admitted(user=user, identity=identity, new_user=True)

    def _ended(self, profile: UpstreamProfile, user_id: int | None, address: str) -> DomainError:
        self.notifier.record("identity.refused", user_id, address, profile.provider)
        return DomainError(SIGNED_OUT_SINCE)

    async def _linked_before(self, session: Session, profile: UpstreamProfile) -> Identity:
        found = await self.store.identity(profile.issuer, profile.subject)
        if found is None:
            raise DomainError(N_("You were signed out meanwhile. Sign in, then link it again."))
        if found.user_id != session.user.id:
            raise DomainError(_OF_ANOTHER_ACCOUNT)
        return found

    async def _linked(self, user: User, profile: UpstreamProfile, address: str) -> None:
        self.notifier.record("identity.linked", user.id, address, profile.provider)
        await self.notifier.notify(user, EmailTemplates.identity_linked)

    def _new_identity(self, profile: UpstreamProfile) -> NewIdentity:
        return new_identity(profile, self.clock.now(), self.envelope)


def _is_stale(profile: UpstreamProfile, identity: Identity) -> bool:
    """Whether the profile is from before the provider signed its account out."""
    if profile.stated_at is None or identity.signed_out_at is None:
        return False
    return profile.stated_at <= identity.signed_out_at
