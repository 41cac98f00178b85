"""Whose account a profile opens (security.md §22, §24, §27): the whole truth table, as laws."""

from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from quantimodo.federation.linking import (
    Create,
    Decision,
    Link,
    Refuse,
    RequireSignIn,
    SignIn,
    decide,
)
from quantimodo.model.identities import UpstreamProfile
from quantimodo.model.invitations import Invitation
from quantimodo.model.users import User
from support.account_services import profile_of

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def user_of(number: int, *, verified: bool, disabled: bool, email: str) -> User:
    return User(
        id=number,
        subject=f"s{number}",
        name="Example Person",
        email=email,
        created_at=NOW,
        updated_at=NOW,
        email_verified_at=NOW if verified else None,
        disabled_at=NOW if disabled else None,
    )


def invitation_of(email: str) -> Invitation:
    return Invitation(
        id=1,
        key=b"key",
        email=email,
        name="Ann",
        invited_by=None,
        created_at=NOW,
        sent_at=NOW,
        expires_at=NOW,
    )


def people(number: int) -> st.SearchStrategy[User]:
    return st.builds(
        lambda verified, disabled, email: user_of(
            number, verified=verified, disabled=disabled, email=email
        ),
        st.booleans(),
        st.booleans(),
        st.sampled_from(["ann@example.org", "ben@example.org"]),
    )


profiles = st.builds(
    lambda email, verified, authoritative: profile_of(
        email=email, email_verified=verified, email_authoritative=authoritative
    ),
    st.sampled_from([None, "ann@example.org"]),
    st.booleans(),
    st.booleans(),
)


ADDRESS = "ann@example.org"
PROVEN = profile_of(email=ADDRESS, email_verified=True, email_authoritative=True)
LINKED = (PROVEN, None, user_of(2, verified=True, disabled=False, email=ADDRESS), True)


@st.composite
def cases(draw: st.DrawFn) -> tuple[UpstreamProfile, User | None, User | None, bool]:
    """A namesake is found by the profile's address, so there is none without one."""
    profile = draw(profiles)
    owner = draw(st.none() | people(1))
    namesake = None if profile.email is None else draw(st.none() | people(2))
    return profile, owner, namesake, draw(st.booleans())


def decided(case: tuple[UpstreamProfile, User | None, User | None, bool]) -> Decision:
    profile, owner, namesake, sign_up_open = case
    return decide(profile, owner, namesake, sign_up="open" if sign_up_open else "closed")


@given(cases())
def test_only_the_owner_of_the_identity_decides(
    case: tuple[UpstreamProfile, User | None, User | None, bool],
) -> None:
    _, owner, _, _ = case
    if owner is not None:
        expected = Refuse("disabled", owner) if owner.disabled_at else SignIn(owner)
        assert decided(case) == expected
    else:
        assert not isinstance(decided(case), SignIn)


@given(cases())
@example(LINKED)
def test_an_account_is_linked_only_when_all_three_hold(
    case: tuple[UpstreamProfile, User | None, User | None, bool],
) -> None:
    profile, owner, namesake, _ = case
    decision = decided(case)
    proven = profile.email_verified and profile.email_authoritative
    usable = namesake is not None and namesake.email_verified_at and not namesake.disabled_at
    may_link = proven and usable and owner is None
    linked = decision.user if isinstance(decision, Link) else None
    assert linked is None or (may_link and linked == namesake)


@given(cases())
def test_no_account_is_created_beside_an_equal_address_or_with_sign_up_closed(
    case: tuple[UpstreamProfile, User | None, User | None, bool],
) -> None:
    profile, owner, namesake, sign_up_open = case
    decision = decided(case)
    if isinstance(decision, Create):
        assert owner is None
        assert namesake is None
        assert sign_up_open
        assert decision.email == profile.email
        assert decision.email_verified == (
            profile.email is not None and profile.email_verified and profile.email_authoritative
        )
    elif owner is None and namesake is None:
        assert decision == Refuse("sign_up_closed")


@given(
    profiles,
    st.none() | st.sampled_from(["ann@example.org", "ANN@example.org", "\u00e4nn@example.org"]),
)
def test_an_invitation_makes_an_account_only_for_its_proven_address(
    profile: UpstreamProfile, invited: str | None
) -> None:
    invitation = None if invited is None else invitation_of(invited)
    decision = decide(profile, None, None, sign_up="invited", invitation=invitation)
    proven = profile.email_verified and profile.email_authoritative
    if invited is not None and invited.isascii() and profile.email is not None and proven:
        assert decision == Create(profile.email, True, b"key")
    else:
        assert decision == Refuse("not_invited")
    assert decide(profile, None, None, sign_up="closed", invitation=invitation) == Refuse(
        "sign_up_closed"
    )


@given(cases())
@example(LINKED)
@example((PROVEN, None, user_of(2, verified=True, disabled=True, email=ADDRESS), True))
@example((PROVEN, None, user_of(2, verified=False, disabled=False, email=ADDRESS), True))
def test_everybody_else_with_a_namesake_has_to_sign_in_first(
    case: tuple[UpstreamProfile, User | None, User | None, bool],
) -> None:
    profile, owner, namesake, _ = case
    if owner is not None or namesake is None:
        return
    proven = profile.email_verified and profile.email_authoritative
    same = namesake.email == profile.email
    if not proven or not same or namesake.email_verified_at is None:
        assert decided(case) == RequireSignIn("ann@example.org")
    elif namesake.disabled_at:
        assert decided(case) == Refuse("disabled", namesake)
    else:
        assert decided(case) == Link(namesake)


@given(cases())
@example(LINKED)
@example((PROVEN, None, user_of(2, verified=True, disabled=True, email=ADDRESS), True))
def test_a_disabled_person_is_never_let_in(
    case: tuple[UpstreamProfile, User | None, User | None, bool],
) -> None:
    decision = decided(case)
    assert not isinstance(decision, SignIn | Link) or decision.user.disabled_at is None
