"""An account is closed at once, can be kept for seven days, and is deleted then."""

from datetime import timedelta

import pytest

from quantimodo.accounts.errors import DomainError
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import Session
from support.account_services import PASSWORD, AccountServices

GRACE = timedelta(days=7)


@pytest.fixture
async def ann(services: AccountServices) -> Session:
    await services.member()
    return await services.session(await services.sign_in())


async def _close(services: AccountServices, session: Session) -> Secret:
    return await services.accounts.deletion.close(session, Secret(PASSWORD))


async def test_every_session_ends_and_the_person_gets_the_date(
    services: AccountServices, ann: Session
) -> None:
    other, now = await services.sign_in(), services.clock.now()
    cookie = await _close(services, ann)
    assert not await services.is_live(other)
    assert await services.sessions.current(cookie.reveal()) is None
    closed = await services.sessions.find(cookie.reveal())
    assert closed is not None
    assert closed.user.deletes_at == now + GRACE
    (mail,) = await services.emails()
    assert mail.subject == "Your account is closed and will be deleted"
    date = now + GRACE
    assert f"On {date.day} {date:%B %Y at %H:%M} UTC it will be deleted" in mail.text
    assert "account.closed" in {event.kind for event in await services.events(ann.user)}


async def test_the_person_signs_in_and_keeps_the_account(
    services: AccountServices, ann: Session
) -> None:
    await _close(services, ann)
    services.clock.advance(GRACE - timedelta(seconds=1))
    cookie = await services.sign_in()
    assert await services.sessions.current(cookie.reveal()) is None
    closed = await services.sessions.find(cookie.reveal())
    assert closed is not None
    kept = await services.accounts.deletion.reopen(closed)
    session = await services.session(kept)
    assert session.user.deletes_at is None
    services.clock.advance(GRACE)
    assert await services.accounts.deletion.delete_due() == 0
    assert await services.stores.users.user(ann.user.id) is not None
    assert (await services.emails())[0].subject == "Your account is kept"


async def test_after_the_grace_period_it_is_gone_and_cannot_be_kept(
    services: AccountServices, ann: Session
) -> None:
    closed = await services.sessions.find((await _close(services, ann)).reveal())
    assert closed is not None
    await services.audit.flush()
    services.clock.advance(GRACE)
    with pytest.raises(DomainError, match="too late"):
        await services.accounts.deletion.reopen(closed)
    assert await services.accounts.deletion.delete_due() == 1
    assert await services.accounts.deletion.delete_due() == 0
    assert await services.stores.users.user(ann.user.id) is None
    assert (await services.emails())[0].subject == "Your account was deleted"
    with pytest.raises(DomainError):
        await services.sign_in()
    assert await services.events(ann.user) == []
    again = await services.member()
    assert again.id != ann.user.id
    assert again.subject != ann.user.subject


async def test_a_deletion_that_was_interrupted_is_finished(
    services: AccountServices, ann: Session
) -> None:
    await _close(services, ann)
    services.clock.advance(GRACE)
    assert await services.stores.closings.claim_deletion(ann.user.id, services.clock.now())
    services.clock.advance(-GRACE)  # another process, whose clock is behind
    assert not await services.stores.closings.reopen_account(ann.user.id, services.clock.now())
    assert await services.accounts.deletion.delete_due() == 1
    assert await services.stores.users.user(ann.user.id) is None


async def test_to_close_it_again_does_not_postpone_it(
    services: AccountServices, ann: Session
) -> None:
    await _close(services, ann)
    services.clock.advance(timedelta(days=3))
    await _close(services, ann)
    services.clock.advance(timedelta(days=4))
    assert await services.accounts.deletion.delete_due() == 1
