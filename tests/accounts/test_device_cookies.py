"""security.md §23a: what a device cookie is, and what is taken for one."""

from datetime import timedelta

import pytest

from quantimodo.accounts.device_cookies import (
    DEVICE_COOKIE_LIFETIME,
    MOST_DEVICE_COOKIES,
    DeviceCookies,
)
from quantimodo.accounts.errors import DomainError, TooMany
from quantimodo.ports.clock import Clock, Entropy
from support.account_services import AccountServices, MovableClock


@pytest.fixture
def devices(clock: Clock, entropy: Entropy) -> DeviceCookies:
    return DeviceCookies(keys=[b"k" * 32], clock=clock, entropy=entropy)


async def guess(
    services: AccountServices, device_cookies: dict[str, str] | None, times: int = 10
) -> None:
    for number in range(times):
        with pytest.raises(DomainError):
            await services.sign_in(
                password="wrong", address=f"192.0.2.{number}", device_cookies=device_cookies
            )


async def test_it_is_recognised_for_its_person_until_it_expires(
    services: AccountServices, devices: DeviceCookies, clock: MovableClock
) -> None:
    ann, bob = await services.member(), await services.member("bob@example.org")
    issued = devices.mint(ann.id, {})
    held = {issued.name: issued.value.reveal()}
    nonce = devices.device(ann, held)
    assert nonce is not None
    assert devices.device(bob, held) is None
    assert devices.device(None, held) is None
    assert devices.device(bob, {devices.names(bob.id)[0]: issued.value.reveal()}) is None
    clock.advance(DEVICE_COOKIE_LIFETIME - timedelta(seconds=1))
    assert devices.device(ann, held) == nonce
    clock.advance(timedelta(seconds=1))
    assert devices.device(ann, held) is None


async def test_an_unknown_person_has_no_device_even_with_a_cookie(
    devices: DeviceCookies,
) -> None:
    issued = devices.mint(0, {})
    assert devices.device(None, {issued.name: issued.value.reveal()}) is None


async def test_each_part_of_it_is_proved(services: AccountServices, devices: DeviceCookies) -> None:
    ann = await services.member()
    issued = devices.mint(ann.id, {})
    nonce, time, proof = issued.value.reveal().split(".")
    for forged in (
        "",
        "..",
        f"{nonce}.{time}",
        f"{'0' * 32}.{time}.{proof}",
        f"{nonce}.{int(time) + 1}.{proof}",
        f"{nonce}.0{time}.{proof}",
        f"{nonce}.{time}.{'0' * 64}",
        f"{nonce}.{time}.{proof[:-1]}",
        f"{nonce}.{time}.{proof}\n",
        f"{nonce.upper()}x.{time}.{proof}",
        f"{nonce}.{'9' * 5000}.{proof}",
        f"{nonce}.\u0661.{proof}",
        "\udcff",
        "x" * 100_000,
    ):
        assert devices.device(ann, {issued.name: forged}) is None, forged[:80]


async def test_a_new_secret_key_recognises_the_cookies_of_the_old_and_replaces_them(
    services: AccountServices, devices: DeviceCookies, clock: Clock, entropy: Entropy
) -> None:
    ann = await services.member()
    issued = devices.mint(ann.id, {})
    held = {issued.name: issued.value.reveal()}
    rotated = DeviceCookies(keys=[b"n" * 32, b"k" * 32], clock=clock, entropy=entropy)
    assert rotated.device(ann, held) == devices.device(ann, held)
    again = rotated.mint(ann.id, held)
    assert again.name != issued.name
    assert again.replaced == (issued.name,)
    dropped = DeviceCookies(keys=[b"n" * 32], clock=clock, entropy=entropy)
    assert dropped.device(ann, held) is None
    assert dropped.device(ann, {again.name: again.value.reveal()}) is not None


def test_one_browser_keeps_those_of_the_last_few_accounts(
    devices: DeviceCookies, clock: MovableClock
) -> None:
    held = {"x y;": "no name of ours", "f" * 17: "nor this"}
    foreign = set(held)
    for user_id in range(1, MOST_DEVICE_COOKIES + 1):
        issued = devices.mint(user_id, held)
        assert issued.replaced == ()
        held[issued.name] = issued.value.reveal()
        clock.advance(timedelta(minutes=1))
    again = devices.mint(1, held)  # replaces its own
    assert again.replaced == ()
    held[again.name] = again.value.reveal()
    more = devices.mint(99, held)
    assert more.replaced == (devices.names(2)[0],)
    planted = held | {f"{number:016x}": "no value of ours" for number in range(40)}
    evicted = devices.mint(99, planted).replaced
    assert len(evicted) == 40 + 1
    assert not foreign & set(evicted)
    assert devices.names(1)[0] not in evicted


def test_it_prints_no_key(devices: DeviceCookies) -> None:
    assert "kkkk" not in repr(devices)
    issued = devices.mint(1, {})
    assert issued.value.reveal() not in repr(issued)


async def test_guesses_from_elsewhere_leave_a_known_device_alone(
    services: AccountServices,
) -> None:
    ann = await services.member()
    device_cookies = services.device_cookie(ann)
    await guess(services, None)
    with pytest.raises(TooMany):
        await services.sign_in(address="192.0.2.200")
    assert await services.sign_in(address="192.0.2.201", device_cookies=device_cookies)
    with pytest.raises(TooMany):  # that success is nothing to who guesses
        await services.sign_in(address="192.0.2.202")


async def test_guesses_by_a_stolen_cookie_lock_this_cookie_only(
    services: AccountServices, clock: MovableClock
) -> None:
    ann = await services.member()
    stolen, other = services.device_cookie(ann), services.device_cookie(ann)
    await guess(services, stolen)
    with pytest.raises(TooMany):
        await services.sign_in(address="192.0.2.200", device_cookies=stolen)
    assert await services.sign_in(address="192.0.2.201", device_cookies=other)
    assert await services.sign_in(address="192.0.2.202")
    with pytest.raises(TooMany):
        await services.sign_in(address="192.0.2.203", device_cookies=stolen)
    clock.advance(timedelta(minutes=15))
    assert await services.sign_in(address="192.0.2.204", device_cookies=stolen)


async def test_of_a_deleted_account_it_means_nothing(services: AccountServices) -> None:
    ann = await services.member()
    device_cookies = services.device_cookie(ann)
    await services.stores.users.delete_user(ann.id, services.clock.now())
    again = await services.member()
    assert services.devices.device(again, device_cookies) is None


async def test_a_device_cookie_is_the_same_work_and_text_as_none(
    services: AccountServices,
) -> None:
    ann = await services.member()
    found = []
    for email in ("ann@example.org", "unknown@example.org"):
        for device_cookies in (None, services.device_cookie(ann), {"f" * 16: "forged"}):
            with services.doing() as work, pytest.raises(DomainError) as refused:
                await services.sign_in(email, "wrong", device_cookies=device_cookies)
            found.append((work, refused.value.message))
    assert all(each == found[0] for each in found)
