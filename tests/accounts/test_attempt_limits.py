"""security.md 20: limits by account and by address."""

import asyncio
from datetime import timedelta

import pytest

from quantimodo.accounts.errors import TooMany
from quantimodo.accounts.throttle import Limit, Throttle, ThrottlePolicy, network
from quantimodo.ports.stores import Stores
from support.account_services import MovableClock

WINDOW = timedelta(minutes=15)
POLICY = ThrottlePolicy(sign_in_per_account=Limit(3, WINDOW), sign_in_per_address=Limit(5, WINDOW))


@pytest.fixture
def throttle(stores: Stores, clock: MovableClock) -> Throttle:
    return Throttle(stores, POLICY, clock, b"k" * 32)


async def test_one_more_than_the_limit_is_refused_and_told_when(throttle: Throttle) -> None:
    for _ in range(3):
        await throttle.sign_in("ann@example.org", "192.0.2.1")
    with pytest.raises(TooMany) as refused:
        await throttle.sign_in("ann@example.org", "192.0.2.2")
    assert refused.value.retry_after == WINDOW


async def test_the_window_passes(throttle: Throttle, clock: MovableClock) -> None:
    for _ in range(3):
        await throttle.sign_in("ann@example.org", "192.0.2.1")
    clock.advance(WINDOW)
    await throttle.sign_in("ann@example.org", "192.0.2.1")


async def test_an_address_is_limited_over_all_accounts(throttle: Throttle) -> None:
    for number in range(5):
        await throttle.sign_in(f"p{number}@example.org", "192.0.2.1")
    with pytest.raises(TooMany):
        await throttle.sign_in("p9@example.org", "192.0.2.1")
    await throttle.sign_in("p9@example.org", "192.0.2.2")


async def test_success_never_clears_what_failed_from_its_address(throttle: Throttle) -> None:
    for number in range(5):
        await throttle.sign_in("mine@example.org", "192.0.2.1")
        await throttle.signed_in("mine@example.org", "192.0.2.1")
        await throttle.sign_in(f"victim{number}@example.org", "192.0.2.1")
    for who in ("mine@example.org", "victim9@example.org"):
        with pytest.raises(TooMany):
            await throttle.sign_in(who, "192.0.2.1")


async def test_people_who_sign_in_use_up_nothing_of_their_address(throttle: Throttle) -> None:
    # A school, an office: many behind one address.
    for number in range(20):
        await throttle.sign_in(f"p{number}@example.org", "192.0.2.1")
        await throttle.signed_in(f"p{number}@example.org", "192.0.2.1")
    await throttle.sign_in("p99@example.org", "192.0.2.1")


async def test_success_on_one_account_never_clears_another(throttle: Throttle) -> None:
    for _ in range(3):
        await throttle.sign_in("victim@example.org", "192.0.2.1")
    await throttle.signed_in("mine@example.org", "192.0.2.1")
    with pytest.raises(TooMany):
        await throttle.sign_in("victim@example.org", "192.0.2.2")


async def test_an_address_over_its_limit_uses_up_no_account(throttle: Throttle) -> None:
    for number in range(5):
        await throttle.sign_in(f"p{number}@example.org", "192.0.2.1")
    for _ in range(10):
        with pytest.raises(TooMany):
            await throttle.sign_in("victim@example.org", "192.0.2.1")
    await throttle.sign_in("victim@example.org", "192.0.2.2")


async def test_case_and_composition_of_an_address_make_no_new_account(throttle: Throttle) -> None:
    for spelling in ("zo\u00eb@example.org", "ZO\u00cb@example.org", "zoe\u0308@example.org"):
        await throttle.sign_in(spelling, "192.0.2.1")
    with pytest.raises(TooMany):
        await throttle.sign_in("zOe\u0308@example.org", "192.0.2.1")


async def test_guesses_made_at_once_are_all_counted(throttle: Throttle) -> None:
    tries = [throttle.sign_in("ann@example.org", f"192.0.2.{number}") for number in range(50)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 3


async def test_sign_in_sign_up_and_reset_are_counted_apart(throttle: Throttle) -> None:
    for _ in range(3):
        await throttle.sign_in("ann@example.org", "192.0.2.1")
    await throttle.reset("ann@example.org", "192.0.2.1")
    await throttle.sign_up("ann@example.org", "192.0.2.1")


async def test_the_table_names_nobody(throttle: Throttle, stores: Stores) -> None:
    await throttle.sign_in("ann@example.org", "192.0.2.1")
    other = Throttle(stores, POLICY, throttle.clock, b"o" * 32)
    for _ in range(3):  # under another key these are other counters
        await other.sign_in("ann@example.org", "192.0.2.1")


@pytest.mark.parametrize(
    ("address", "fake_provider"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "elsewhere"),
        ("unix:", "elsewhere"),
    ],
)
def test_one_party_is_one_address_of_the_old_internet_or_a_net_of_the_new(
    address: str, fake_provider: str
) -> None:
    assert network(address) == fake_provider
