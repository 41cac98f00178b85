"""Making an account: nothing is made before the address is shown to be the person's."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest

from quantimodo.accounts.errors import Busy, DomainError, InvalidInput, TooMany
from quantimodo.crypto.passwords import HashPolicy
from quantimodo.model.secrets import Secret
from quantimodo.ports.clock import Entropy
from quantimodo.ports.stores import Stores
from support.account_services import (
    ADDRESS,
    AGENT,
    ISSUER,
    PASSWORD,
    AccountServices,
    MovableClock,
    open_account_services,
)


@pytest.fixture
def closed(stores: Stores, clock: MovableClock, entropy: Entropy) -> Iterator[AccountServices]:
    built = open_account_services(stores, clock, entropy, sign_up="closed")
    yield built
    built.hasher.close()


async def test_sign_up_confirm_and_be_signed_in(
    services: AccountServices, clock: MovableClock
) -> None:
    browser = services.browser()
    await services.sign_up("New.Person@Example.org", browser=browser)
    assert await services.stores.users.user_by_email("new.person@example.org") is None
    confirmed = await services.confirm(await services.email_token("/confirm"), browser)
    session = await services.session(confirmed.session_cookie)
    assert session.user.email == "New.Person@example.org"
    assert session.user.email_verified_at == clock.now()
    assert session.user.name == "New Person"
    assert not session.user.administrator
    assert confirmed.return_to == "/developers"
    assert await services.sign_in("new.person@example.org")


async def test_the_link_is_in_the_email_and_only_there(services: AccountServices) -> None:
    await services.sign_up("new@example.org")
    (email,) = await services.emails()
    assert email.to == "new@example.org"
    assert f"{ISSUER}/confirm?token=qmt_" in email.text
    assert "60 minutes" in email.text
    assert "New Person" not in email.text + email.subject
    assert PASSWORD not in email.text


async def test_a_link_works_once(services: AccountServices) -> None:
    browser = services.browser()
    await services.sign_up(browser=browser)
    email_token = await services.email_token("/confirm")
    await services.confirm(email_token, browser)
    with pytest.raises(DomainError):
        await services.confirm(email_token, browser)


async def test_of_many_who_open_a_link_at_once_one_gets_in(services: AccountServices) -> None:
    browser = services.browser()
    await services.sign_up(browser=browser)
    email_token = await services.email_token("/confirm")
    tries = [services.confirm(email_token, browser) for _ in range(20)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, DomainError) for outcome in outcomes) == 19


async def test_a_link_expires_after_an_hour(services: AccountServices, clock: MovableClock) -> None:
    browser = services.browser()
    await services.sign_up(browser=browser)
    email_token = await services.email_token("/confirm")
    clock.advance(timedelta(minutes=59))
    assert await services.accounts.sign_up.pending(email_token, browser) is not None
    clock.advance(timedelta(minutes=1))
    assert await services.accounts.sign_up.pending(email_token, browser) is None
    with pytest.raises(DomainError):
        await services.confirm(email_token, browser)


@pytest.mark.parametrize("email_token", ["", "qmt_", "nonsense", "qmt_" + "A" * 48, "\ud800"])
async def test_a_link_of_another_site_is_refused(
    services: AccountServices, email_token: str
) -> None:
    assert await services.accounts.sign_up.pending(email_token, None) is None
    with pytest.raises(DomainError):
        await services.confirm(email_token, None)
    with pytest.raises(DomainError):
        await services.reset(email_token, PASSWORD)
    assert await services.accounts.recovery.confirm_address(email_token, session=None) is None


async def test_a_link_serves_its_own_purpose_only(services: AccountServices) -> None:
    browser = services.browser()
    await services.sign_up(browser=browser)
    signing_up = await services.email_token("/confirm")
    with pytest.raises(DomainError):
        await services.reset(signing_up, "another good one")
    assert await services.accounts.recovery.confirm_address(signing_up, session=None) is None
    await services.member()
    await services.accounts.recovery.request_reset("ann@example.org", address=ADDRESS)
    resetting = await services.email_token("/reset/new")
    with pytest.raises(DomainError):
        await services.confirm(resetting, browser, "another good one")
    assert await services.accounts.recovery.confirm_address(resetting, session=None) is None


async def test_looking_at_a_link_spends_nothing(services: AccountServices) -> None:
    browser = services.browser()
    await services.sign_up(browser=browser)
    email_token = await services.email_token("/confirm")
    for _ in range(3):
        pending = await services.accounts.sign_up.pending(email_token, browser)
        assert pending is not None
        assert (pending.purpose, pending.email, pending.name) == (
            "sign_up",
            "new@example.org",
            "New Person",
        )
        assert not pending.needs_password
    await services.confirm(email_token, browser)


async def test_an_account_that_appeared_meanwhile_stays_as_it_is(services: AccountServices) -> None:
    first, second = services.browser(), services.browser()
    await services.sign_up(browser=first, password="the first of two")
    email_token = await services.email_token("/confirm")
    await services.sign_up(browser=second, password="the second of two")
    await services.confirm(await services.email_token("/confirm"), second)
    with pytest.raises(DomainError):
        await services.confirm(email_token, first)
    with pytest.raises(DomainError):
        await services.sign_in("new@example.org", "the first of two")
    assert await services.sign_in("new@example.org", "the second of two")


@pytest.mark.parametrize(
    ("email", "name", "password", "field"),
    [
        ("nonsense", "Ann", PASSWORD, "email"),
        ("a@example.org", " ", PASSWORD, "name"),
        ("a@example.org", "Ann", "short", "password"),
        ("a@example.org", "Ann", "q8-" * 90, "password"),
        ("a@example.org", "Ann", "password123", "password"),
        ("long.address@example.org", "Ann", "long.address@example.org", "password"),
    ],
)
async def test_bad_input_names_its_field_and_changes_nothing(
    services: AccountServices, email: str, name: str, password: str, field: str
) -> None:
    with services.doing() as work, pytest.raises(InvalidInput) as refused:
        await services.accounts.sign_up.request(
            email=email,
            name=name,
            password=Secret(password),
            browser=services.browser(),
            address=ADDRESS,
            return_to="/",
        )
    assert refused.value.field == field
    # Only the check of the strength counts, for the address.
    assert work in ([], ["hit"])


async def test_a_path_elsewhere_is_not_gone_to(services: AccountServices) -> None:
    browser = services.browser()
    await services.sign_up(browser=browser, return_to="//evil.example/")
    confirmed = await services.confirm(await services.email_token("/confirm"), browser)
    assert confirmed.return_to == "/account"


async def test_emails_to_one_person_are_limited(services: AccountServices) -> None:
    for number in range(5):
        await services.sign_up("victim@example.org", address=f"192.0.2.{number}")
    with pytest.raises(TooMany):
        await services.sign_up("VICTIM@example.org", address="192.0.2.99")
    assert len(await services.emails()) == 5


async def test_one_address_does_not_sign_up_without_end(services: AccountServices) -> None:
    for number in range(50):
        await services.sign_up(f"p{number}@example.org", address="192.0.2.1")
    with pytest.raises(TooMany):
        await services.sign_up("p99@example.org", address="192.0.2.1")


async def test_a_closed_server_makes_no_accounts_but_the_operators(closed: AccountServices) -> None:
    with closed.doing() as work, pytest.raises(DomainError):
        await closed.sign_up()
    assert work == []
    assert (await closed.member()).email == "ann@example.org"


async def test_a_full_password_pool_asks_to_come_back(
    stores: Stores, clock: MovableClock, entropy: Entropy
) -> None:
    slow = HashPolicy(memory_kib=64 * 1024)
    services = open_account_services(stores, clock, entropy, hashing=slow, workers=1, waiting=0)
    browsers = [services.browser() for _ in range(8)]
    tries = [
        services.sign_up(f"p{n}@example.org", browser=browser) for n, browser in enumerate(browsers)
    ]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    services.hasher.close()
    refused = [outcome for outcome in outcomes if outcome is not None]
    assert refused
    assert all(isinstance(outcome, Busy) for outcome in refused)
    assert len(await services.emails()) == 8 - len(refused)


async def test_the_account_is_in_the_record(services: AccountServices) -> None:
    browser = services.browser()
    await services.sign_up(browser=browser)
    confirmed = await services.confirm(await services.email_token("/confirm"), browser)
    user = (await services.session(confirmed.session_cookie)).user
    assert [event.kind for event in await services.events(user)] == [
        "session.started",
        "account.created",
    ]


async def test_a_session_that_was_here_before_ends(services: AccountServices) -> None:
    await services.member()
    anns = await services.sign_in()
    browser = services.browser()
    await services.sign_up(browser=browser)
    await services.accounts.sign_up.confirm(
        await services.email_token("/confirm"),
        browser=browser,
        password=None,
        address=ADDRESS,
        agent=AGENT,
        replaces=anns,
    )
    assert not await services.is_live(anns)
