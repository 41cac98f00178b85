"""security.md §20: limits by account and by address."""

import asyncio
from dataclasses import fields
from datetime import timedelta
from typing import get_args

import apsw
import pytest

from quantimodo.accounts.errors import TooMany
from quantimodo.accounts.limits import (
    AddressLimit,
    AppLimit,
    BrowserLimit,
    Limit,
    ThrottlePolicy,
)
from quantimodo.accounts.networks import network
from quantimodo.accounts.throttle import Throttle
from quantimodo.ports.stores import Stores
from support.account_services import MovableClock
from support.checks import not_empty

WINDOW = timedelta(minutes=15)
POLICY = ThrottlePolicy(sign_in_per_account=Limit(3, WINDOW), sign_in_per_address=Limit(5, WINDOW))


@pytest.fixture
def throttle(stores: Stores, clock: MovableClock) -> Throttle:
    return Throttle(stores.throttles, POLICY, clock, b"k" * 32)


async def tried(
    throttle: Throttle, account: str, address: str = "192.0.2.1", device: str | None = None
) -> None:
    """What a sign-in counts before it compares the password."""
    await throttle.sign_in_from(address)
    await throttle.sign_in(account, device)


async def test_one_more_than_the_limit_is_refused_with_retry_after(throttle: Throttle) -> None:
    for _ in range(3):
        await tried(throttle, "ann@example.org", "192.0.2.1")
    with pytest.raises(TooMany) as refused:
        await tried(throttle, "ann@example.org", "192.0.2.2")
    assert refused.value.retry_after == WINDOW


async def test_the_window_passes(throttle: Throttle, clock: MovableClock) -> None:
    for _ in range(3):
        await tried(throttle, "ann@example.org", "192.0.2.1")
    clock.advance(WINDOW)
    for _ in range(3):  # all of them again, and no more
        await tried(throttle, "ann@example.org", "192.0.2.1")
    with pytest.raises(TooMany):
        await tried(throttle, "ann@example.org", "192.0.2.1")


async def test_an_address_is_limited_over_all_accounts(throttle: Throttle) -> None:
    for number in range(5):
        await tried(throttle, f"p{number}@example.org", "192.0.2.1")
    with pytest.raises(TooMany):
        await tried(throttle, "p9@example.org", "192.0.2.1")
    await tried(throttle, "p9@example.org", "192.0.2.2")


async def test_success_never_clears_what_failed_from_its_address(throttle: Throttle) -> None:
    for number in range(5):
        await tried(throttle, "mine@example.org", "192.0.2.1")
        await throttle.signed_in("mine@example.org", "192.0.2.1", None)
        await tried(throttle, f"victim{number}@example.org", "192.0.2.1")
    for who in ("mine@example.org", "victim9@example.org"):
        with pytest.raises(TooMany):
            await tried(throttle, who, "192.0.2.1")


async def test_people_who_sign_in_use_up_nothing_of_their_address(throttle: Throttle) -> None:
    # A school, an office: many behind one address.
    for number in range(20):
        await tried(throttle, f"p{number}@example.org", "192.0.2.1")
        await throttle.signed_in(f"p{number}@example.org", "192.0.2.1", None)
    await tried(throttle, "p99@example.org", "192.0.2.1")


async def test_success_on_one_account_never_clears_another(throttle: Throttle) -> None:
    for _ in range(3):
        await tried(throttle, "victim@example.org", "192.0.2.1")
    await throttle.signed_in("mine@example.org", "192.0.2.1", None)
    with pytest.raises(TooMany):
        await tried(throttle, "victim@example.org", "192.0.2.2")


async def test_an_address_over_its_limit_uses_up_no_account(throttle: Throttle) -> None:
    for number in range(5):
        await tried(throttle, f"p{number}@example.org", "192.0.2.1")
    for _ in range(10):
        with pytest.raises(TooMany):
            await tried(throttle, "victim@example.org", "192.0.2.1")
    await tried(throttle, "victim@example.org", "192.0.2.2")


async def test_a_device_is_counted_apart_from_its_account(
    stores: Stores, clock: MovableClock
) -> None:
    limit = Limit(2, WINDOW)
    policy = ThrottlePolicy(sign_in_per_account=limit, sign_in_per_device=limit)
    throttle = Throttle(stores.throttles, policy, clock, b"k" * 32)
    for device in (None, "one"):
        for _ in range(2):
            await tried(throttle, "ann@example.org", device=device)
        with pytest.raises(TooMany) as refused:
            await tried(throttle, "ann@example.org", device=device)
        assert refused.value.retry_after == WINDOW
    await tried(throttle, "ann@example.org", device="another")
    await throttle.signed_in("ann@example.org", "192.0.2.1", "another")
    for device in (None, "one"):
        with pytest.raises(TooMany):
            await tried(throttle, "ann@example.org", device=device)
    await throttle.signed_in("ann@example.org", "192.0.2.1", None)
    await tried(throttle, "ann@example.org")
    with pytest.raises(TooMany):
        await tried(throttle, "ann@example.org", device="one")


async def test_an_address_over_its_limit_uses_up_no_device(throttle: Throttle) -> None:
    for number in range(5):
        await tried(throttle, f"p{number}@example.org")
    for _ in range(20):
        with pytest.raises(TooMany):
            await tried(throttle, "ann@example.org", device="one")
    await tried(throttle, "ann@example.org", "192.0.2.2", "one")


async def test_case_and_composition_of_an_address_make_no_new_account(throttle: Throttle) -> None:
    for spelling in ("zo\u00eb@example.org", "ZO\u00cb@example.org", "zoe\u0308@example.org"):
        await tried(throttle, spelling, "192.0.2.1")
    with pytest.raises(TooMany):
        await tried(throttle, "zOe\u0308@example.org", "192.0.2.1")


async def test_guesses_made_at_once_are_all_counted(throttle: Throttle) -> None:
    tries = [tried(throttle, "ann@example.org", f"192.0.2.{number}") for number in range(50)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 3


async def test_sign_in_sign_up_and_reset_are_counted_apart(throttle: Throttle) -> None:
    for _ in range(3):
        await tried(throttle, "ann@example.org", "192.0.2.1")
    await throttle.reset("ann@example.org", "192.0.2.1")
    await throttle.sign_up("ann@example.org", "192.0.2.1")


async def test_the_table_names_no_person(
    throttle: Throttle, stores: Stores, sqlite_url: str
) -> None:
    await tried(throttle, "ann@example.org", "192.0.2.1")
    file = apsw.Connection(sqlite_url.removeprefix("sqlite:///"))
    rows = not_empty(file.execute("SELECT * FROM throttles"))
    file.close()
    assert "ann" not in repr(rows)
    assert "192.0.2.1" not in repr(rows)
    other = Throttle(stores.throttles, POLICY, throttle.clock, b"o" * 32)
    for _ in range(3):  # under another key these are other counters
        await tried(other, "ann@example.org", "192.0.2.1")


@pytest.mark.parametrize(
    ("address", "client_network"),
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
    address: str, client_network: str
) -> None:
    assert network(address) == client_network


async def test_limits_that_count_alone_are_fields_and_refuse_by_their_names(
    stores: Stores, clock: MovableClock
) -> None:
    names = (*get_args(AddressLimit), *get_args(BrowserLimit), *get_args(AppLimit))
    assert set(names) <= {field.name for field in fields(ThrottlePolicy)}
    policy = ThrottlePolicy(**dict.fromkeys(names, Limit(1, WINDOW)))
    throttle = Throttle(stores.throttles, policy, clock, b"k" * 32)
    for limit in get_args(AddressLimit):
        await throttle.count_address(limit, "192.0.2.1")
        await throttle.count_address(limit, "198.51.100.1")
        with pytest.raises(TooMany):
            await throttle.count_address(limit, "192.0.2.1")
    await throttle.count_browser("user_codes_per_browser", "one")
    await throttle.undo_browser("user_codes_per_browser", "one")
    await throttle.count_browser("user_codes_per_browser", "one")
    with pytest.raises(TooMany):
        await throttle.count_browser("user_codes_per_browser", "one")
