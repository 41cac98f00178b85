"""People who came through a provider change their account, too (security.md §18, §22)."""

from datetime import timedelta

import pytest

from quantimodo.accounts.errors import DomainError, InvalidInput, LinkNeeded, ReauthenticationNeeded
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import Session
from support.account_services import ADDRESS, PASSWORD, AccountServices, MovableClock, profile_of

NOTHING = Secret("")
NEW = Secret(PASSWORD)
TOO_LATE = timedelta(minutes=10, microseconds=1)


@pytest.fixture
async def ann(services: AccountServices) -> Session:
    return await services.session(await services.by_provider())


async def test_an_account_without_a_password_accepts_none(
    services: AccountServices, ann: Session
) -> None:
    for password in ("", PASSWORD):
        with pytest.raises(DomainError):
            await services.sign_in(password=password)


async def test_a_first_password_is_set_and_signs_in(
    services: AccountServices, ann: Session
) -> None:
    assert not await services.accounts.credentials.has_password(ann.user.id)
    cookie = await services.accounts.changes.set_first_password(ann, NEW)
    assert await services.accounts.credentials.has_password(ann.user.id)
    assert await services.stores.sessions.session(ann.key) is None
    assert await services.is_live(cookie)
    assert await services.sign_in()
    assert (await services.emails())[0].subject == "A password was set"
    assert "password.set" in [event.kind for event in await services.events(ann.user)]
    with pytest.raises(DomainError):
        await services.accounts.changes.set_first_password(
            await services.session(cookie), Secret("quite another long password")
        )
    assert await services.sign_in()


async def test_a_first_password_needs_an_address_and_the_rules(
    services: AccountServices, ann: Session
) -> None:
    with pytest.raises(InvalidInput):
        await services.accounts.changes.set_first_password(ann, Secret("password1"))
    nameless = await services.session(await services.by_provider(profile_of("2", email=None)))
    with pytest.raises(DomainError, match="e-mail address"):
        await services.accounts.changes.set_first_password(nameless, NEW)
    assert not await services.accounts.credentials.has_password(nameless.user.id)


async def test_setting_it_does_not_make_an_old_sign_in_young(
    services: AccountServices, ann: Session, clock: MovableClock
) -> None:
    clock.advance(timedelta(minutes=9))
    cookie = await services.accounts.changes.change_email(ann, NOTHING, "new@example.org")
    renewed = await services.session(cookie)
    assert renewed.authenticated_at == ann.authenticated_at
    clock.advance(timedelta(minutes=2))
    with pytest.raises(ReauthenticationNeeded):
        await services.accounts.changes.set_first_password(renewed, NEW)


async def test_after_ten_minutes_nothing_is_changed(
    services: AccountServices, ann: Session, clock: MovableClock
) -> None:
    clock.advance(TOO_LATE)
    with pytest.raises(ReauthenticationNeeded):
        await services.accounts.changes.set_first_password(ann, NEW)
    with pytest.raises(ReauthenticationNeeded):
        await services.accounts.changes.change_email(ann, NOTHING, "new@example.org")
    with pytest.raises(ReauthenticationNeeded):
        await services.accounts.deletion.close(ann, NOTHING)
    with pytest.raises(ReauthenticationNeeded):
        await services.accounts.changes.change_password(ann, NOTHING, NEW)
    assert await services.emails() == []
    assert await services.stores.users.user(ann.user.id) == ann.user
    assert await services.stores.sessions.session(ann.key) is not None


async def test_an_account_with_a_password_needs_it_even_after_a_fresh_sign_in(
    services: AccountServices,
) -> None:
    await services.member()
    session = await services.session(await services.by_provider())
    for wrong in (NOTHING, Secret("a guess")):
        with pytest.raises(DomainError):
            await services.accounts.deletion.close(session, wrong)
        with pytest.raises(DomainError):
            await services.accounts.changes.change_email(session, wrong, "new@example.org")
    with pytest.raises(DomainError, match="there is a password"):
        await services.accounts.changes.set_first_password(session, Secret("a stranger's choice"))
    assert await services.sign_in()


async def test_an_address_is_changed_by_its_email(services: AccountServices, ann: Session) -> None:
    cookie = await services.accounts.changes.change_email(ann, NOTHING, "new@example.org")
    session = await services.session(cookie)
    verified = await services.accounts.recovery.confirm_address(
        await services.email_token("/verify"), session=session
    )
    assert verified is not None
    assert verified.user.email == "new@example.org"
    assert verified.user.email_verified_at is not None
    # Elsewhere the account is known as before.
    again = await services.social.admit(profile_of(), address=ADDRESS)
    assert again.user.id == ann.user.id


async def test_a_person_without_an_address_gives_one(services: AccountServices) -> None:
    session = await services.session(await services.by_provider(profile_of(email=None)))
    cookie = await services.accounts.changes.change_email(session, NOTHING, "new@example.org")
    renewed = await services.session(cookie)
    verified = await services.accounts.recovery.confirm_address(
        await services.email_token("/verify"), session=renewed
    )
    assert verified is not None
    assert verified.user.email == "new@example.org"
    cookie = await services.accounts.changes.set_first_password(await services.session(cookie), NEW)
    assert await services.sign_in("new@example.org")


async def test_a_password_set_since_makes_the_email_worthless(
    services: AccountServices, ann: Session
) -> None:
    cookie = await services.accounts.changes.change_email(ann, NOTHING, "new@example.org")
    email_token = await services.email_token("/verify")
    cookie = await services.accounts.changes.set_first_password(await services.session(cookie), NEW)
    session = await services.session(cookie)
    assert await services.accounts.recovery.confirm_address(email_token, session=session) is None


async def test_an_account_is_deleted_with_its_identities(
    services: AccountServices, ann: Session
) -> None:
    await services.accounts.deletion.close(ann, NOTHING)
    services.clock.advance(timedelta(days=7))
    assert await services.accounts.deletion.delete_due() == 1
    assert await services.stores.users.user(ann.user.id) is None
    assert (
        await services.stores.identities.identity("https://provider.example.org", "elsewhere-1")
        is None
    )
    again = await services.social.admit(profile_of(), address=ADDRESS)
    assert again.new_user
    assert again.user.id != ann.user.id


# ------------------------------------------------------------------- pre-hijacking (security.md
# §22)


async def mallory(services: AccountServices) -> Session:
    """A person whose provider gives out Ann's address without asking her."""
    profile = profile_of("mallory", email_verified=False, email_authoritative=False)
    return await services.session(await services.by_provider(profile))


async def test_the_true_owner_of_an_address_gets_the_account_without_the_stranger_s_way_in(
    services: AccountServices,
) -> None:
    session = await mallory(services)
    await services.accounts.recovery.request_reset("ann@example.org", address=ADDRESS)
    await services.reset(await services.email_token("/reset/new"), PASSWORD)
    assert await services.social.identities(session.user.id) == []
    assert await services.stores.sessions.session(session.key) is None
    assert (await services.session(await services.sign_in())).user.id == session.user.id
    with pytest.raises(LinkNeeded, match="sign in to the existing account"):
        await mallory(services)


async def test_a_password_that_the_stranger_set_goes_too(services: AccountServices) -> None:
    session = await mallory(services)
    strangers = Secret("a stranger's choice")
    cookie = await services.accounts.changes.set_first_password(session, strangers)
    await services.accounts.recovery.send_verification(session.user)
    verified = await services.accounts.recovery.confirm_address(
        await services.email_token("/verify"), session=None
    )
    assert verified is not None
    assert verified.reset_token is not None
    assert not await services.accounts.credentials.has_password(session.user.id)
    assert await services.social.identities(session.user.id) == []
    assert not await services.is_live(cookie)


async def test_an_email_of_the_stranger_has_no_effect_afterwards(
    services: AccountServices,
) -> None:
    session = await mallory(services)
    await services.accounts.changes.change_email(session, NOTHING, "mallory@example.org")
    email_token = await services.email_token("/verify")
    await services.accounts.recovery.request_reset("ann@example.org", address=ADDRESS)
    await services.reset(await services.email_token("/reset/new"), PASSWORD)
    owner = await services.session(await services.sign_in())
    assert await services.accounts.recovery.confirm_address(email_token, session=owner) is None
    found = await services.stores.users.user(session.user.id)
    assert found is not None
    assert found.email == "ann@example.org"


async def test_opening_the_email_in_the_own_session_keeps_the_sign_in_method(
    services: AccountServices,
) -> None:
    profile = profile_of(email_verified=False)
    session = await services.session(await services.by_provider(profile))
    await services.accounts.recovery.send_verification(session.user)
    verified = await services.accounts.recovery.confirm_address(
        await services.email_token("/verify"), session=session
    )
    assert verified is not None
    assert verified.reset_token is None
    assert verified.user.email_verified_at is not None
    assert len(await services.social.identities(session.user.id)) == 1
