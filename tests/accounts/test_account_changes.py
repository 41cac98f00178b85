"""What people change about their own account (security.md §18)."""

import pytest

from quantimodo.accounts.errors import DomainError, InvalidInput, TooMany
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import Session
from support.account_services import ADDRESS, PASSWORD, AccountServices

FRESH = "the owner's new one"


@pytest.fixture
async def ann(services: AccountServices) -> Session:
    """Ann, signed in."""
    await services.member()
    return await services.session(await services.sign_in())


def right() -> Secret:
    return Secret(PASSWORD)


async def move(
    services: AccountServices, ann: Session, email: str = "moved@example.org"
) -> tuple[Session, str]:
    cookie = await services.accounts.changes.change_email(ann, right(), email)
    return await services.session(cookie), await services.email_token("/verify")


async def test_a_changed_password_is_the_one_that_works(
    services: AccountServices, ann: Session
) -> None:
    await services.accounts.changes.change_password(ann, right(), Secret(FRESH))
    assert await services.sign_in(password=FRESH)
    with pytest.raises(DomainError):
        await services.sign_in(password=PASSWORD)


async def test_a_changed_password_gives_a_new_session_and_leaves_the_others(
    services: AccountServices, ann: Session
) -> None:
    other = await services.sign_in()
    cookie = await services.accounts.changes.change_password(ann, right(), Secret(FRESH))
    renewed = await services.session(cookie)
    assert renewed.key != ann.key
    assert await services.stores.sessions.session(ann.key) is None
    assert await services.is_live(other)
    assert await services.sessions.end_others(renewed) == 1


async def test_a_changed_password_is_announced_and_recorded(
    services: AccountServices, ann: Session
) -> None:
    await services.accounts.changes.change_password(ann, right(), Secret(FRESH))
    assert (await services.emails())[0].subject == "Your password was changed"
    assert "password.changed" in [event.kind for event in await services.events(ann.user)]


async def test_a_changed_password_makes_reset_links_worthless(
    services: AccountServices, ann: Session
) -> None:
    await services.accounts.recovery.request_reset("ann@example.org", address=ADDRESS)
    email_token = await services.email_token("/reset/new")
    await services.accounts.changes.change_password(ann, right(), Secret(FRESH))
    with pytest.raises(DomainError):
        await services.reset(email_token, "another person's one")


async def test_nothing_changes_without_the_current_password(
    services: AccountServices, ann: Session
) -> None:
    wrong = Secret("not the one")
    with pytest.raises(DomainError):
        await services.accounts.changes.change_password(ann, wrong, Secret(FRESH))
    with pytest.raises(DomainError):
        await services.accounts.changes.change_email(ann, wrong, "moved@example.org")
    with pytest.raises(DomainError):
        await services.accounts.deletion.close(ann, wrong)
    assert await services.sign_in()
    assert await services.stores.sessions.session(ann.key) is not None
    assert await services.emails() == []


async def test_a_stolen_session_does_not_help_to_guess_the_password(
    services: AccountServices, ann: Session
) -> None:
    for _ in range(10):
        with pytest.raises(DomainError):
            await services.accounts.deletion.close(ann, Secret("a guess"))
    with pytest.raises(TooMany):
        await services.accounts.deletion.close(ann, right())
    assert await services.sign_in()  # and the owner is not locked out by it


async def test_a_new_password_is_held_to_the_rules(services: AccountServices, ann: Session) -> None:
    with pytest.raises(InvalidInput) as refused:
        await services.accounts.changes.change_password(ann, right(), Secret("password1"))
    assert refused.value.field == "password"
    assert await services.stores.sessions.session(ann.key) is not None


async def test_a_person_without_a_password_sees_what_to_do(
    services: AccountServices, ann: Session
) -> None:
    bob = await services.member("bob@example.org", password=None)
    cookie = await services.sessions.start(bob, methods=(), address="", agent="", replaces=None)
    with pytest.raises(DomainError, match="no password yet"):
        await services.accounts.changes.change_password(
            await services.session(cookie), right(), Secret(FRESH)
        )


async def test_a_change_that_lost_to_another_is_refused(
    services: AccountServices, ann: Session
) -> None:
    held = await services.stores.users.password_hash(ann.user.id)
    assert held is not None
    await services.accounts.recovery.request_reset("ann@example.org", address=ADDRESS)
    await services.reset(await services.email_token("/reset/new"), FRESH)
    assert not await services.accounts.credentials.replace(ann.user, held, "the slower one's hash")
    assert await services.sign_in(password=FRESH)


async def test_a_name_is_changed(services: AccountServices, ann: Session) -> None:
    await services.accounts.changes.rename(ann, "  Ann   Other ")
    renamed = await services.stores.users.user(ann.user.id)
    assert renamed is not None
    assert renamed.name == "Ann Other"
    with pytest.raises(InvalidInput):
        await services.accounts.changes.rename(ann, "\u202e")


async def test_an_address_changes_when_its_email_is_opened(
    services: AccountServices, ann: Session
) -> None:
    session, email_token = await move(services, ann, "Moved@Example.org")
    assert (await services.emails())[0].to == "Moved@example.org"
    unchanged = await services.stores.users.user(ann.user.id)
    assert unchanged is not None
    assert unchanged.email == "ann@example.org"
    verified = await services.accounts.recovery.confirm_address(email_token, session=session)
    assert verified is not None
    assert verified.user.email == "Moved@example.org"
    assert verified.user.email_verified_at is not None
    assert await services.sign_in("moved@example.org")
    with pytest.raises(DomainError):
        await services.sign_in("ann@example.org")


async def test_the_old_address_is_notified(services: AccountServices, ann: Session) -> None:
    session, email_token = await move(services, ann)
    await services.accounts.recovery.confirm_address(email_token, session=session)
    email = (await services.emails())[0]
    assert (email.to, email.subject) == ("ann@example.org", "Your address was changed")
    assert "moved@example.org" not in email.text


async def test_asking_for_a_move_gives_a_new_session_id(
    services: AccountServices, ann: Session
) -> None:
    session, _ = await move(services, ann)
    assert session.key != ann.key
    assert await services.stores.sessions.session(ann.key) is None


async def test_links_to_the_old_address_die_with_the_move(
    services: AccountServices, ann: Session
) -> None:
    await services.accounts.recovery.request_reset("ann@example.org", address=ADDRESS)
    old = await services.email_token("/reset/new")
    session, email_token = await move(services, ann)
    await services.accounts.recovery.confirm_address(email_token, session=session)
    with pytest.raises(DomainError):
        await services.reset(old, FRESH)


async def test_a_change_of_address_requested_before_a_reset_is_void(
    services: AccountServices, ann: Session
) -> None:
    session, email_token = await move(services, ann)
    await services.accounts.recovery.request_reset("ann@example.org", address=ADDRESS)
    confirmed = await services.reset(await services.email_token("/reset/new"), FRESH)
    owner = await services.session(confirmed.session_cookie)
    assert await services.accounts.recovery.confirm_address(email_token, session=owner) is None
    assert (await services.session(confirmed.session_cookie)).user.email == "ann@example.org"
    assert await services.stores.sessions.session(session.key) is None


async def test_ones_own_address_is_not_a_change(services: AccountServices, ann: Session) -> None:
    with pytest.raises(InvalidInput) as refused:
        await services.accounts.changes.change_email(ann, right(), "ANN@example.org")
    assert refused.value.field == "email"


async def test_an_address_that_was_taken_meanwhile_is_refused(
    services: AccountServices, ann: Session
) -> None:
    session, email_token = await move(services, ann, "soon@example.org")
    await services.member("soon@example.org")
    with pytest.raises(DomainError):
        await services.accounts.recovery.confirm_address(email_token, session=session)
    assert (await services.stores.users.user(ann.user.id)).email == "ann@example.org"  # type: ignore[union-attr]
