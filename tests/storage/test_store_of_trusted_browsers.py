"""`TrustedBrowserStore`: bounded, and ended by what changes how a person signs in."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from samples import NOW, SOON, Samples, key, session, totp_enrolment, totp_factor, trusted_browser

from quantimodo.model.trusted_browsers import TrustedBrowser
from quantimodo.model.users import User
from quantimodo.ports.stores import Stores


def trusted(person: User, number: int = 0) -> TrustedBrowser:
    name = f"browser of {person.id}"
    return trusted_browser(name, person, key=number.to_bytes(7, "big") + key(name))


async def add(stores: Stores, person: User, number: int = 0) -> TrustedBrowser:
    browser = trusted(person, number)
    assert await stores.trusted_browsers.add_trusted_browser(browser, NOW)
    return browser


async def test_it_comes_back_for_its_person(stores: Stores, samples: Samples) -> None:
    person, other = await samples.user(), await samples.user()
    browser = await add(stores, person)
    assert await stores.trusted_browsers.trusted_browser(browser.key) == browser
    assert await stores.trusted_browsers.trusted_browser(key("unknown")) is None
    assert list(await stores.trusted_browsers.trusted_browsers(person.id)) == [browser]
    assert not await stores.trusted_browsers.delete_trusted_browser(other.id, browser.key)
    assert await stores.trusted_browsers.delete_trusted_browser(person.id, browser.key)
    assert await stores.trusted_browsers.trusted_browser(browser.key) is None


async def test_a_person_has_ten_at_most(stores: Stores, samples: Samples) -> None:
    person, other = await samples.user(), await samples.user()
    kept = await add(stores, other)
    added = [await add(stores, person, number) for number in range(12)]
    found = await stores.trusted_browsers.trusted_browsers(person.id)
    assert list(found) == added[:1:-1]
    assert list(await stores.trusted_browsers.trusted_browsers(other.id)) == [kept]


@pytest.mark.parametrize(
    "change", ["replaced", "set", "confirmed", "dropped", "ended", "deleted", "verified"]
)
async def test_it_ends_with_what_changes_the_sign_in(
    stores: Stores, samples: Samples, change: str
) -> None:
    person = await samples.user()
    await stores.users.set_password(person.id, "a hash", NOW)
    await stores.second_factors.save_totp_enrolment(totp_enrolment(person))
    if change == "dropped":
        assert await stores.second_factors.confirm_totp_enrolment(totp_factor(person), [], None)
    if change == "verified":
        await stores.users.change_email(person.id, person.email or "", None)
    browser = trusted(person)
    assert await stores.trusted_browsers.add_trusted_browser(browser, SOON)
    match change:
        case "replaced":
            assert not await stores.users.replace_password(person.id, "another", "new", SOON)
            assert await stores.trusted_browsers.trusted_browser(browser.key) == browser
            assert await stores.users.replace_password(person.id, "a hash", "new", SOON)
        case "set":
            await stores.users.set_password(person.id, "new", SOON)
        case "confirmed":
            factor = totp_factor(person)
            assert await stores.second_factors.confirm_totp_enrolment(factor, [], None)
        case "dropped":
            assert await stores.second_factors.delete_second_factors(person.id)
        case "ended":
            here = session("here", person)
            await stores.sessions.add_session(here, None)
            await stores.sessions.end_sessions(person.id, SOON, here.key)
        case "verified":
            assert await stores.users.mark_email_verified(
                person.id, person.email or "", SOON, keep_credentials=False
            )
        case "deleted":
            assert await stores.users.delete_user(person.id, NOW)
    assert await stores.trusted_browsers.trusted_browser(browser.key) is None


@pytest.mark.parametrize("change", ["password", "factor", "deleted"])
async def test_a_login_that_began_before_a_change_adds_none(
    stores: Stores, samples: Samples, change: str
) -> None:
    person = await samples.user()
    later = NOW + timedelta(seconds=1)
    if change == "password":
        await stores.users.set_password(person.id, "new", later)
    elif change == "factor":
        await stores.second_factors.save_totp_enrolment(totp_enrolment(person))
        factor = replace(totp_factor(person), confirmed_at=later)
        assert await stores.second_factors.confirm_totp_enrolment(factor, [], None)
    else:
        await stores.users.delete_user(person.id, NOW)
    assert not await stores.trusted_browsers.add_trusted_browser(trusted(person), NOW)
    assert list(await stores.trusted_browsers.trusted_browsers(person.id)) == []


async def test_a_change_at_the_same_time_leaves_none(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    later = NOW + timedelta(seconds=1)
    for number in range(10):
        await stores.users.set_password(person.id, f"hash {number}", NOW)
        await asyncio.gather(
            stores.trusted_browsers.add_trusted_browser(trusted(person, number), NOW),
            stores.users.replace_password(person.id, f"hash {number}", "new", later),
        )
        assert list(await stores.trusted_browsers.trusted_browsers(person.id)) == []
