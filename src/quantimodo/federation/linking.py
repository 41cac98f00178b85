"""Decides which account a verified profile of a provider signs in to. The decision is a value.

Pure. `social_accounts.py` applies it. The provider's file has verified the profile before.
"""

from dataclasses import dataclass
from typing import Literal

from quantimodo.model.identities import UpstreamProfile
from quantimodo.model.invitations import Invitation, SignUpMode
from quantimodo.model.users import User, is_same_email


@dataclass(frozen=True, slots=True)
class SignIn:
    """The identity is this person's."""

    user: User


@dataclass(frozen=True, slots=True)
class Create:
    """The identity is not linked yet: create a person, with the provider's address if it gave one.
    `invitation` is the key of the invitation that this uses."""

    email: str | None
    email_verified: bool
    invitation: bytes | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """The identity is not linked yet, and this person has proven that it is theirs."""

    user: User


@dataclass(frozen=True, slots=True)
class RequireSignIn:
    """An account with this address exists; only its owner, signed in to it, may link."""

    email: str


@dataclass(frozen=True, slots=True)
class Refuse:
    reason: Literal["disabled", "not_invited", "sign_up_closed"]
    user: User | None = None


Decision = SignIn | Create | Link | RequireSignIn | Refuse


def decide(
    profile: UpstreamProfile,
    owner: User | None,
    namesake: User | None,
    *,
    sign_up: SignUpMode,
    invitation: Invitation | None = None,
) -> Decision:
    """`owner` is the person who has the identity (issuer, subject), `namesake` the one whose
    address has the same `fold_email` as the profile's, which is in the form of
    `addresses.known_email`. `invitation` is one that can be used, whose address has the same
    `fold_email`."""
    # security.md §24: the identity alone decides who signs in, whatever its address is now.
    if owner is not None:
        return Refuse("disabled", owner) if owner.disabled_at else SignIn(owner)
    if namesake is not None and profile.email is not None:
        return _beside(profile, profile.email, namesake)
    match sign_up:
        case "open":
            return Create(profile.email, profile.email is not None and _proves_address(profile))
        case "invited":
            return _invited(profile, invitation)
        case "closed":
            return Refuse("sign_up_closed")


def _invited(profile: UpstreamProfile, invitation: Invitation | None) -> Create | Refuse:
    # The address alone gives the account here, so the conditions of an automatic link have to hold.
    if invitation is None or profile.email is None or not _proves_address(profile):
        return Refuse("not_invited")
    if not is_same_email(profile.email, invitation.email):
        return Refuse("not_invited")
    return Create(profile.email, True, invitation.key)


def _beside(profile: UpstreamProfile, email: str, namesake: User) -> Decision:
    # security.md §23, §27: an address links automatically only if four conditions hold: the
    # provider says that it is verified and is authoritative for it, the account's address is
    # verified, and both are exactly the same.
    verified = namesake.verified_email
    if not _proves_address(profile) or verified is None or not is_same_email(email, verified):
        return RequireSignIn(email)
    return Link(namesake) if namesake.usable else Refuse("disabled", namesake)


def _proves_address(profile: UpstreamProfile) -> bool:
    return profile.email_verified and profile.email_authoritative
