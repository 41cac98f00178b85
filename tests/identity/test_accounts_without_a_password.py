"""People who came through a provider change their account, too (security.md 18, 22)."""

from datetime import timedelta

import pytest

from people import ADDRESS, PASSWORD, House, MovableClock, profile_of
from quantimodo.identity.errors import InvalidInput, ReauthenticationNeeded, Refused
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import Session

NOTHING = Secret("")
NEW = Secret(PASSWORD)
TOO_LATE = timedelta(minutes=10, microseconds=1)


@pytest.fixture
async def ann(house: House) -> Session:
    return await house.session(await house.by_provider())


async def test_nobody_signs_in_by_a_password_that_is_not_there(house: House, ann: Session) -> None:
    for password in ("", PASSWORD):
        with pytest.raises(Refused):
            await house.sign_in(password=password)


async def test_a_first_password_is_set_and_signs_in(house: House, ann: Session) -> None:
    assert not await house.accounts.has_password(ann.user.id)
    cookie = await house.accounts.set_first_password(ann, NEW)
    assert await house.accounts.has_password(ann.user.id)
    assert await house.stores.session(ann.key) is None
    assert await house.is_live(cookie)
    assert await house.sign_in()
    assert (await house.letters())[0].subject == "A password was set"
    assert "password.set" in [event.kind for event in await house.events(ann.user)]
    with pytest.raises(Refused):
        await house.accounts.set_first_password(await house.session(cookie), Secret("another " * 3))
    assert await house.sign_in()


async def test_a_first_password_needs_an_address_and_the_rules(house: House, ann: Session) -> None:
    with pytest.raises(InvalidInput):
        await house.accounts.set_first_password(ann, Secret("password1"))
    nameless = await house.session(await house.by_provider(profile_of("2", email=None)))
    with pytest.raises(Refused, match="e-mail address"):
        await house.accounts.set_first_password(nameless, NEW)
    assert not await house.accounts.has_password(nameless.user.id)


async def test_setting_it_does_not_make_an_old_sign_in_young(
    house: House, ann: Session, clock: MovableClock
) -> None:
    clock.advance(timedelta(minutes=9))
    cookie = await house.accounts.change_email(ann, NOTHING, "new@example.org")
    renewed = await house.session(cookie)
    assert renewed.authenticated_at == ann.authenticated_at
    clock.advance(timedelta(minutes=2))
    with pytest.raises(ReauthenticationNeeded):
        await house.accounts.set_first_password(renewed, NEW)


async def test_after_ten_minutes_nothing_is_changed(
    house: House, ann: Session, clock: MovableClock
) -> None:
    clock.advance(TOO_LATE)
    with pytest.raises(ReauthenticationNeeded):
        await house.accounts.set_first_password(ann, NEW)
    with pytest.raises(ReauthenticationNeeded):
        await house.accounts.change_email(ann, NOTHING, "new@example.org")
    with pytest.raises(ReauthenticationNeeded):
        await house.accounts.delete(ann, NOTHING)
    with pytest.raises(ReauthenticationNeeded):
        await house.accounts.change_password(ann, NOTHING, NEW)
    assert await house.letters() == []
    assert await house.stores.user(ann.user.id) == ann.user
    assert await house.stores.session(ann.key) is not None


async def test_who_has_a_password_has_to_give_it_however_fresh_the_sign_in(house: House) -> None:
    await house.member()
    session = await house.session(await house.by_provider())
    for wrong in (NOTHING, Secret("a guess")):
        with pytest.raises(Refused):
            await house.accounts.delete(session, wrong)
        with pytest.raises(Refused):
            await house.accounts.change_email(session, wrong, "new@example.org")
    with pytest.raises(Refused, match="there is a password"):
        await house.accounts.set_first_password(session, Secret("a stranger's choice"))
    assert await house.sign_in()


async def test_an_address_is_changed_by_its_letter(house: House, ann: Session) -> None:
    cookie = await house.accounts.change_email(ann, NOTHING, "new@example.org")
    session = await house.session(cookie)
    verified = await house.accounts.verify(await house.ticket("/verify"), session=session)
    assert verified is not None
    assert verified.user.email == "new@example.org"
    assert verified.user.email_verified_at is not None
    # Elsewhere the account is known as before.
    again = await house.social.admit(profile_of(), address=ADDRESS)
    assert again.user.id == ann.user.id


async def test_a_person_without_an_address_gives_one(house: House) -> None:
    session = await house.session(await house.by_provider(profile_of(email=None)))
    cookie = await house.accounts.change_email(session, NOTHING, "new@example.org")
    renewed = await house.session(cookie)
    verified = await house.accounts.verify(await house.ticket("/verify"), session=renewed)
    assert verified is not None
    assert verified.user.email == "new@example.org"
    cookie = await house.accounts.set_first_password(await house.session(cookie), NEW)
    assert await house.sign_in("new@example.org")


async def test_a_password_set_since_makes_the_letter_worthless(house: House, ann: Session) -> None:
    cookie = await house.accounts.change_email(ann, NOTHING, "new@example.org")
    ticket = await house.ticket("/verify")
    cookie = await house.accounts.set_first_password(await house.session(cookie), NEW)
    session = await house.session(cookie)
    assert await house.accounts.verify(ticket, session=session) is None


async def test_an_account_is_deleted_with_its_identities(house: House, ann: Session) -> None:
    await house.accounts.delete(ann, NOTHING)
    assert await house.stores.user(ann.user.id) is None
    assert await house.stores.identity("https://provider.example.org", "elsewhere-1") is None
    again = await house.social.admit(profile_of(), address=ADDRESS)
    assert again.new_user
    assert again.user.id != ann.user.id


# ------------------------------------------------------------------- pre-hijacking (security.md 22)


async def mallory(house: House) -> Session:
    """Somebody whose provider gives out Ann's address without asking her."""
    profile = profile_of("mallory", email_verified=False, email_authoritative=False)
    return await house.session(await house.by_provider(profile))


async def test_the_true_owner_of_an_address_gets_the_account_without_the_stranger_s_way_in(
    house: House,
) -> None:
    session = await mallory(house)
    await house.accounts.request_reset("ann@example.org", address=ADDRESS)
    await house.reset(await house.ticket("/reset/new"), PASSWORD)
    assert await house.social.identities(session.user.id) == []
    assert await house.stores.session(session.key) is None
    assert (await house.session(await house.sign_in())).user.id == session.user.id
    with pytest.raises(Exception, match="sign in to the existing account"):
        await mallory(house)


async def test_a_password_that_the_stranger_set_goes_too(house: House) -> None:
    session = await mallory(house)
    strangers = Secret("a stranger's choice")
    cookie = await house.accounts.set_first_password(session, strangers)
    await house.accounts.send_verification(session.user)
    verified = await house.accounts.verify(await house.ticket("/verify"), session=None)
    assert verified is not None
    assert verified.reset_ticket is not None
    assert not await house.accounts.has_password(session.user.id)
    assert await house.social.identities(session.user.id) == []
    assert not await house.is_live(cookie)


async def test_a_letter_that_the_stranger_had_sent_moves_nothing_after_it(house: House) -> None:
    session = await mallory(house)
    await house.accounts.change_email(session, NOTHING, "mallory@example.org")
    ticket = await house.ticket("/verify")
    await house.accounts.request_reset("ann@example.org", address=ADDRESS)
    await house.reset(await house.ticket("/reset/new"), PASSWORD)
    owner = await house.session(await house.sign_in())
    assert await house.accounts.verify(ticket, session=owner) is None
    found = await house.stores.user(session.user.id)
    assert found is not None
    assert found.email == "ann@example.org"


async def test_who_opens_the_letter_in_their_own_session_keeps_their_way_in(house: House) -> None:
    profile = profile_of(email_verified=False)
    session = await house.session(await house.by_provider(profile))
    await house.accounts.send_verification(session.user)
    verified = await house.accounts.verify(await house.ticket("/verify"), session=session)
    assert verified is not None
    assert verified.reset_ticket is None
    assert verified.user.email_verified_at is not None
    assert len(await house.social.identities(session.user.id)) == 1
