"""What people change about their own account (security.md 18)."""

import pytest

from people import ADDRESS, PASSWORD, House
from quantimodo.identity.errors import InvalidInput, Refused, TooMany
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import Session

FRESH = "the owner's new one"


@pytest.fixture
async def ann(house: House) -> Session:
    """Ann, signed in."""
    await house.member()
    return await house.session(await house.sign_in())


def right() -> Secret:
    return Secret(PASSWORD)


async def move(house: House, ann: Session, email: str = "moved@example.org") -> tuple[Session, str]:
    cookie = await house.accounts.change_email(ann, right(), email)
    return await house.session(cookie), await house.ticket("/verify")


async def test_a_changed_password_is_the_one_that_works(house: House, ann: Session) -> None:
    await house.accounts.change_password(ann, right(), Secret(FRESH))
    assert await house.sign_in(password=FRESH)
    with pytest.raises(Refused):
        await house.sign_in(password=PASSWORD)


async def test_a_changed_password_gives_a_new_session_and_leaves_the_others(
    house: House, ann: Session
) -> None:
    other = await house.sign_in()
    cookie = await house.accounts.change_password(ann, right(), Secret(FRESH))
    renewed = await house.session(cookie)
    assert renewed.key != ann.key
    assert await house.stores.session(ann.key) is None
    assert await house.is_live(other)
    assert await house.sessions.end_others(renewed) == 1


async def test_a_changed_password_is_announced_and_recorded(house: House, ann: Session) -> None:
    await house.accounts.change_password(ann, right(), Secret(FRESH))
    assert (await house.letters())[0].subject == "Your password was changed"
    assert "password.changed" in [event.kind for event in await house.events(ann.user)]


async def test_a_changed_password_makes_reset_links_worthless(house: House, ann: Session) -> None:
    await house.accounts.request_reset("ann@example.org", address=ADDRESS)
    ticket = await house.ticket("/reset/new")
    await house.accounts.change_password(ann, right(), Secret(FRESH))
    with pytest.raises(Refused):
        await house.reset(ticket, "somebody else's one")


async def test_nothing_changes_without_the_current_password(house: House, ann: Session) -> None:
    wrong = Secret("not the one")
    with pytest.raises(Refused):
        await house.accounts.change_password(ann, wrong, Secret(FRESH))
    with pytest.raises(Refused):
        await house.accounts.change_email(ann, wrong, "moved@example.org")
    with pytest.raises(Refused):
        await house.accounts.delete(ann, wrong)
    assert await house.sign_in()
    assert await house.stores.session(ann.key) is not None
    assert await house.letters() == []


async def test_who_finds_a_session_does_not_guess_the_password_with_it(
    house: House, ann: Session
) -> None:
    for _ in range(10):
        with pytest.raises(Refused):
            await house.accounts.delete(ann, Secret("a guess"))
    with pytest.raises(TooMany):
        await house.accounts.delete(ann, right())
    assert await house.sign_in()  # and the owner is not locked out by it


async def test_a_new_password_is_held_to_the_rules(house: House, ann: Session) -> None:
    with pytest.raises(InvalidInput) as refused:
        await house.accounts.change_password(ann, right(), Secret("password1"))
    assert refused.value.field == "password"
    assert await house.stores.session(ann.key) is not None


async def test_a_person_without_a_password_is_told_what_to_do(house: House, ann: Session) -> None:
    bob = await house.member("bob@example.org", password=None)
    cookie = await house.sessions.start(bob, methods=(), address="", agent="", replaces=None)
    with pytest.raises(Refused, match="no password yet"):
        await house.accounts.change_password(await house.session(cookie), right(), Secret(FRESH))


async def test_a_change_that_lost_to_another_is_refused(house: House, ann: Session) -> None:
    held = await house.stores.password_hash(ann.user.id)
    assert held is not None
    await house.accounts.request_reset("ann@example.org", address=ADDRESS)
    await house.reset(await house.ticket("/reset/new"), FRESH)
    assert not await house.accounts.credentials.replace(ann.user, held, "the slower one's hash")
    assert await house.sign_in(password=FRESH)


async def test_a_name_is_changed(house: House, ann: Session) -> None:
    await house.accounts.rename(ann, "  Ann   Other ")
    renamed = await house.stores.user(ann.user.id)
    assert renamed is not None
    assert renamed.name == "Ann Other"
    with pytest.raises(InvalidInput):
        await house.accounts.rename(ann, "\u202e")


async def test_an_address_changes_when_its_letter_is_opened(house: House, ann: Session) -> None:
    session, ticket = await move(house, ann, "Moved@Example.org")
    assert (await house.letters())[0].to == "Moved@example.org"
    unchanged = await house.stores.user(ann.user.id)
    assert unchanged is not None
    assert unchanged.email == "ann@example.org"
    verified = await house.accounts.verify(ticket, session=session)
    assert verified is not None
    assert verified.user.email == "Moved@example.org"
    assert verified.user.email_verified_at is not None
    assert await house.sign_in("moved@example.org")
    with pytest.raises(Refused):
        await house.sign_in("ann@example.org")


async def test_the_old_address_is_told(house: House, ann: Session) -> None:
    session, ticket = await move(house, ann)
    await house.accounts.verify(ticket, session=session)
    letter = (await house.letters())[0]
    assert (letter.to, letter.subject) == ("ann@example.org", "Your address was changed")
    assert "moved@example.org" not in letter.text


async def test_asking_for_a_move_gives_a_new_session_id(house: House, ann: Session) -> None:
    session, _ = await move(house, ann)
    assert session.key != ann.key
    assert await house.stores.session(ann.key) is None


async def test_links_to_the_old_address_die_with_the_move(house: House, ann: Session) -> None:
    await house.accounts.request_reset("ann@example.org", address=ADDRESS)
    old = await house.ticket("/reset/new")
    session, ticket = await move(house, ann)
    await house.accounts.verify(ticket, session=session)
    with pytest.raises(Refused):
        await house.reset(old, FRESH)


async def test_a_move_that_was_asked_for_before_a_reset_is_dead(house: House, ann: Session) -> None:
    session, ticket = await move(house, ann)
    await house.accounts.request_reset("ann@example.org", address=ADDRESS)
    confirmed = await house.reset(await house.ticket("/reset/new"), FRESH)
    owner = await house.session(confirmed.session_cookie)
    assert await house.accounts.verify(ticket, session=owner) is None
    assert (await house.session(confirmed.session_cookie)).user.email == "ann@example.org"
    assert await house.stores.session(session.key) is None


async def test_ones_own_address_is_no_move(house: House, ann: Session) -> None:
    with pytest.raises(InvalidInput) as refused:
        await house.accounts.change_email(ann, right(), "ANN@example.org")
    assert refused.value.field == "email"


async def test_an_address_that_was_taken_meanwhile_is_refused(house: House, ann: Session) -> None:
    session, ticket = await move(house, ann, "soon@example.org")
    await house.member("soon@example.org")
    with pytest.raises(Refused):
        await house.accounts.verify(ticket, session=session)
    assert (await house.stores.user(ann.user.id)).email == "ann@example.org"  # type: ignore[union-attr]


async def test_a_deleted_account_is_gone_with_its_sessions(house: House, ann: Session) -> None:
    other = await house.sign_in()
    await house.accounts.delete(ann, right())
    assert await house.stores.user(ann.user.id) is None
    assert not await house.is_live(other)
    with pytest.raises(Refused):
        await house.sign_in()
    assert (await house.letters())[0].subject == "Your account was deleted"
    assert "account.deleted" in [event.kind for event in await house.events(ann.user)]


async def test_a_deleted_address_can_begin_anew(house: House, ann: Session) -> None:
    await house.accounts.delete(ann, right())
    again = await house.member()
    assert again.id != ann.user.id
    assert again.subject != ann.user.subject
