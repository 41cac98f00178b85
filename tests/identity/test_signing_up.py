"""Making an account: nothing is made before the address is shown to be the person's."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest

from people import ADDRESS, AGENT, ISSUER, PASSWORD, House, MovableClock, furnish
from quantimodo.crypto.passwords import HashPolicy
from quantimodo.identity.errors import Busy, InvalidInput, Refused, TooMany
from quantimodo.model.secrets import Secret
from quantimodo.ports.clock import Entropy
from quantimodo.ports.stores import Stores


@pytest.fixture
def closed(stores: Stores, clock: MovableClock, entropy: Entropy) -> Iterator[House]:
    furnished = furnish(stores, clock, entropy, sign_up_open=False)
    yield furnished
    furnished.hasher.close()


async def test_sign_up_confirm_and_be_signed_in(house: House, clock: MovableClock) -> None:
    browser = house.browser()
    await house.sign_up("New.Person@Example.org", browser=browser)
    assert await house.stores.user_by_email("new.person@example.org") is None
    confirmed = await house.confirm(await house.ticket("/confirm"), browser)
    session = await house.session(confirmed.session_cookie)
    assert session.user.email == "New.Person@example.org"
    assert session.user.email_verified_at == clock.now()
    assert session.user.name == "New Person"
    assert not session.user.administrator
    assert confirmed.return_to == "/developers"
    assert await house.sign_in("new.person@example.org")


async def test_the_link_is_in_the_letter_and_only_there(house: House) -> None:
    await house.sign_up("new@example.org")
    (letter,) = await house.letters()
    assert letter.to == "new@example.org"
    assert f"{ISSUER}/confirm?ticket=qmt_" in letter.text
    assert "60 minutes" in letter.text
    assert "New Person" not in letter.text + letter.subject
    assert PASSWORD not in letter.text


async def test_a_link_works_once(house: House) -> None:
    browser = house.browser()
    await house.sign_up(browser=browser)
    ticket = await house.ticket("/confirm")
    await house.confirm(ticket, browser)
    with pytest.raises(Refused):
        await house.confirm(ticket, browser)


async def test_of_many_who_open_a_link_at_once_one_gets_in(house: House) -> None:
    browser = house.browser()
    await house.sign_up(browser=browser)
    ticket = await house.ticket("/confirm")
    tries = [house.confirm(ticket, browser) for _ in range(20)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 19


async def test_a_link_dies_after_an_hour(house: House, clock: MovableClock) -> None:
    browser = house.browser()
    await house.sign_up(browser=browser)
    ticket = await house.ticket("/confirm")
    clock.advance(timedelta(minutes=59))
    assert await house.accounts.pending(ticket, browser) is not None
    clock.advance(timedelta(minutes=1))
    assert await house.accounts.pending(ticket, browser) is None
    with pytest.raises(Refused):
        await house.confirm(ticket, browser)


@pytest.mark.parametrize("ticket", ["", "qmt_", "nonsense", "qmt_" + "A" * 48, "\ud800"])
async def test_what_is_no_link_of_ours_is_refused(house: House, ticket: str) -> None:
    assert await house.accounts.pending(ticket, None) is None
    with pytest.raises(Refused):
        await house.confirm(ticket, None)
    with pytest.raises(Refused):
        await house.reset(ticket, PASSWORD)
    assert await house.accounts.verify(ticket, session=None) is None


async def test_a_link_serves_its_own_purpose_only(house: House) -> None:
    browser = house.browser()
    await house.sign_up(browser=browser)
    signing_up = await house.ticket("/confirm")
    with pytest.raises(Refused):
        await house.reset(signing_up, "another good one")
    assert await house.accounts.verify(signing_up, session=None) is None
    await house.member()
    await house.accounts.request_reset("ann@example.org", address=ADDRESS)
    resetting = await house.ticket("/reset/new")
    with pytest.raises(Refused):
        await house.confirm(resetting, browser, "another good one")
    assert await house.accounts.verify(resetting, session=None) is None


async def test_looking_at_a_link_spends_nothing(house: House) -> None:
    browser = house.browser()
    await house.sign_up(browser=browser)
    ticket = await house.ticket("/confirm")
    for _ in range(3):
        pending = await house.accounts.pending(ticket, browser)
        assert pending is not None
        assert (pending.purpose, pending.email, pending.name) == (
            "sign_up",
            "new@example.org",
            "New Person",
        )
        assert not pending.needs_password
    await house.confirm(ticket, browser)


async def test_an_account_that_appeared_meanwhile_stays_as_it_is(house: House) -> None:
    first, second = house.browser(), house.browser()
    await house.sign_up(browser=first, password="the first of two")
    ticket = await house.ticket("/confirm")
    await house.sign_up(browser=second, password="the second of two")
    await house.confirm(await house.ticket("/confirm"), second)
    with pytest.raises(Refused):
        await house.confirm(ticket, first)
    with pytest.raises(Refused):
        await house.sign_in("new@example.org", "the first of two")
    assert await house.sign_in("new@example.org", "the second of two")


@pytest.mark.parametrize(
    ("email", "name", "password", "field"),
    [
        ("nonsense", "Ann", PASSWORD, "email"),
        ("a@example.org", " ", PASSWORD, "name"),
        ("a@example.org", "Ann", "short", "password"),
        ("a@example.org", "Ann", "password123", "password"),
        ("long.address@example.org", "Ann", "long.address@example.org", "password"),
    ],
)
async def test_bad_input_names_its_field_and_changes_nothing(
    house: House, email: str, name: str, password: str, field: str
) -> None:
    with house.doing() as work, pytest.raises(InvalidInput) as refused:
        await house.accounts.sign_up(
            email=email,
            name=name,
            password=Secret(password),
            browser=house.browser(),
            address=ADDRESS,
            return_to="/",
        )
    assert refused.value.field == field
    assert work == []


async def test_a_path_elsewhere_is_not_gone_to(house: House) -> None:
    browser = house.browser()
    await house.sign_up(browser=browser, return_to="//evil.example/")
    confirmed = await house.confirm(await house.ticket("/confirm"), browser)
    assert confirmed.return_to == "/account"


async def test_nobody_is_sent_letters_without_end(house: House) -> None:
    for number in range(5):
        await house.sign_up("victim@example.org", address=f"192.0.2.{number}")
    with pytest.raises(TooMany):
        await house.sign_up("VICTIM@example.org", address="192.0.2.99")
    assert len(await house.letters()) == 5


async def test_one_address_does_not_sign_up_without_end(house: House) -> None:
    for number in range(50):
        await house.sign_up(f"p{number}@example.org", address="192.0.2.1")
    with pytest.raises(TooMany):
        await house.sign_up("p99@example.org", address="192.0.2.1")


async def test_a_closed_house_makes_no_accounts_but_the_operators(closed: House) -> None:
    with closed.doing() as work, pytest.raises(Refused):
        await closed.sign_up()
    assert work == []
    assert (await closed.member()).email == "ann@example.org"


async def test_a_full_password_pool_asks_to_come_back(
    stores: Stores, clock: MovableClock, entropy: Entropy
) -> None:
    slow = HashPolicy(memory_kib=64 * 1024)
    house = furnish(stores, clock, entropy, hashing=slow, workers=1, waiting=0)
    browsers = [house.browser() for _ in range(8)]
    tries = [
        house.sign_up(f"p{n}@example.org", browser=browser) for n, browser in enumerate(browsers)
    ]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    house.hasher.close()
    refused = [outcome for outcome in outcomes if outcome is not None]
    assert refused
    assert all(isinstance(outcome, Busy) for outcome in refused)
    assert len(await house.letters()) == 8 - len(refused)


async def test_the_account_is_in_the_record(house: House) -> None:
    browser = house.browser()
    await house.sign_up(browser=browser)
    confirmed = await house.confirm(await house.ticket("/confirm"), browser)
    user = (await house.session(confirmed.session_cookie)).user
    assert [event.kind for event in await house.events(user)] == [
        "session.started",
        "account.created",
    ]


async def test_a_session_that_was_here_before_ends(house: House) -> None:
    await house.member()
    anns = await house.sign_in()
    browser = house.browser()
    await house.sign_up(browser=browser)
    await house.accounts.confirm(
        await house.ticket("/confirm"),
        browser=browser,
        password=None,
        address=ADDRESS,
        agent=AGENT,
        replaces=anns,
    )
    assert not await house.is_live(anns)
