"""The e-mail about a sign-in in a browser that the account does not know (issue 16.5)."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from quantimodo.accounts.new_device_notices import NewDeviceNotices
from quantimodo.model.events import Mail
from quantimodo.model.users import User
from quantimodo.pages.account.user_agents import describe
from support.account_services import ADDRESS, AccountServices


@pytest.fixture
def known_devices(services: AccountServices) -> NewDeviceNotices:
    return NewDeviceNotices(
        cookies=services.devices,
        notifier=services.social.notifier,
        throttle=services.throttle,
        describe=describe,
    )


async def member(services: AccountServices, *, verified: bool = True) -> User:
    """A person whose account is a day old."""
    user = await services.member(verified=verified)
    services.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]
    return user


async def sign_in(
    services: AccountServices, known_devices: NewDeviceNotices, held: Mapping[str, str]
) -> dict[str, str]:
    """The device cookies of the browser after the sign-in."""
    session = await services.session(await services.sign_in())
    issued = await known_devices.signed_in(session, held)
    return {issued.name: issued.value.reveal()}


async def notices(services: AccountServices) -> list[Mail]:
    return [mail for mail in await services.emails() if mail.subject == "A new device signed in"]


async def test_a_sign_in_in_a_new_browser_is_mailed_with_its_kind_and_time(
    services: AccountServices, known_devices: NewDeviceNotices
) -> None:
    await member(services)
    await sign_in(services, known_devices, {})
    (mail,) = await notices(services)
    assert mail.to == "ann@example.org"
    assert "before: Some." in mail.text
    assert "24 November 2026 at 12:00 UTC" in mail.text
    assert "/account/sessions" in mail.text
    assert ADDRESS not in mail.text


async def test_a_browser_that_the_account_knows_is_not_mailed(
    services: AccountServices, known_devices: NewDeviceNotices
) -> None:
    await member(services)
    held = await sign_in(services, known_devices, {})
    await sign_in(services, known_devices, held)
    assert len(await notices(services)) == 1


async def test_a_forged_cookie_and_one_of_another_person_do_not_make_a_browser_known(
    services: AccountServices, known_devices: NewDeviceNotices
) -> None:
    user = await member(services)
    name = services.devices.names(user.id)[0]
    forged = f"{'0' * 32}.{int(services.clock.now().timestamp())}.{'0' * 64}"
    await sign_in(services, known_devices, {name: forged})
    other = services.devices.mint(user.id + 1, {})
    await sign_in(services, known_devices, {name: other.value.reveal()})
    assert len(await notices(services)) == 2


async def test_the_first_browser_of_a_new_account_is_not_mailed(
    services: AccountServices, known_devices: NewDeviceNotices
) -> None:
    await services.member()
    await sign_in(services, known_devices, {})
    assert await notices(services) == []


async def test_nothing_goes_to_an_address_that_is_not_verified(
    services: AccountServices, known_devices: NewDeviceNotices
) -> None:
    await member(services, verified=False)
    await sign_in(services, known_devices, {})
    assert await notices(services) == []


async def test_many_sign_ins_in_new_browsers_send_few_emails(
    services: AccountServices, known_devices: NewDeviceNotices
) -> None:
    await member(services)
    for _ in range(8):
        await sign_in(services, known_devices, {})
    assert len(await notices(services)) == 5
    services.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]
    await sign_in(services, known_devices, {})
    assert len(await notices(services)) == 6
