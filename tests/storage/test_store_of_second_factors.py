"""`SecondFactorStore`: authenticator apps and recovery codes."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from samples import NOW, SOON, Samples, key, session, totp_enrolment, totp_factor

from quantimodo.model.users import User
from quantimodo.ports.stores import Conflict, Stores

_CODES = tuple(key(f"code {number}") for number in range(10))


async def _enrolled(stores: Stores, person: User, secret: str = "secret") -> None:
    await stores.second_factors.save_totp_enrolment(totp_enrolment(person, secret))
    factor = totp_factor(person, secret)
    assert await stores.second_factors.confirm_totp_enrolment(factor, _CODES, None)


async def test_an_enrolment_is_read_as_added_and_is_not_a_factor(
    stores: Stores, samples: Samples
) -> None:
    person, other = await samples.user(), await samples.user()
    await stores.second_factors.save_totp_enrolment(totp_enrolment(person))
    assert await stores.second_factors.totp_enrolment(person.id) == totp_enrolment(person)
    assert await stores.second_factors.totp_factor(person.id) is None
    assert await stores.second_factors.totp_enrolment(other.id) is None


async def test_a_new_enrolment_replaces_the_earlier_one(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    await stores.second_factors.save_totp_enrolment(totp_enrolment(person, "old"))
    new = replace(
        totp_enrolment(person, "new"),
        holder=key("another browser"),
        created_at=SOON,
        expires_at=SOON + timedelta(hours=1),
    )
    await stores.second_factors.save_totp_enrolment(new)
    assert await stores.second_factors.totp_enrolment(person.id) == new
    old = totp_factor(person, "old")
    assert not await stores.second_factors.confirm_totp_enrolment(old, _CODES, None)
    assert await stores.second_factors.totp_factor(person.id) is None


async def test_a_confirmed_enrolment_is_the_factor(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    await _enrolled(stores, person)
    assert await stores.second_factors.totp_factor(person.id) == totp_factor(person)
    assert await stores.second_factors.totp_enrolment(person.id) is None
    assert await stores.second_factors.count_recovery_codes(person.id) == len(_CODES)


async def test_an_enrolment_is_confirmed_once(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    await stores.second_factors.save_totp_enrolment(totp_enrolment(person))
    confirmed = await asyncio.gather(
        *(
            stores.second_factors.confirm_totp_enrolment(
                totp_factor(person), [key(f"code of {number}")], None
            )
            for number in range(8)
        )
    )
    assert sorted(confirmed) == [False] * 7 + [True]
    assert await stores.second_factors.count_recovery_codes(person.id) == 1


async def test_nothing_is_confirmed_replaced_or_dropped_by_a_session_that_was_ended(
    stores: Stores, samples: Samples
) -> None:
    person, other = await samples.user(), await samples.user()
    await stores.sessions.add_session(session("mine", person), None)
    await stores.sessions.add_session(session("another person's", other), None)
    await stores.second_factors.save_totp_enrolment(totp_enrolment(person))
    factor = totp_factor(person)
    for ended in (key("ended"), key("another person's")):
        assert not await stores.second_factors.confirm_totp_enrolment(factor, _CODES, ended)
    assert await stores.second_factors.totp_enrolment(person.id) is not None
    assert await stores.second_factors.confirm_totp_enrolment(factor, _CODES, key("mine"))
    fresh = [key("fresh")]
    for ended in (key("ended"), key("another person's")):
        assert not await stores.second_factors.replace_recovery_codes(person.id, fresh, ended)
        assert not await stores.second_factors.delete_second_factors(person.id, ended)
    assert await stores.second_factors.count_recovery_codes(person.id) == len(_CODES)
    assert await stores.second_factors.replace_recovery_codes(person.id, fresh, key("mine"))
    assert await stores.second_factors.delete_second_factors(person.id, key("mine"))


async def test_another_app_takes_the_place_of_the_factor_with_new_recovery_codes(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    await _enrolled(stores, person, "old")
    await stores.second_factors.save_totp_enrolment(totp_enrolment(person, "new"))
    assert await stores.second_factors.totp_factor(person.id) == totp_factor(person, "old")
    new = totp_factor(person, "new", last_step=90)
    assert await stores.second_factors.confirm_totp_enrolment(new, [key("fresh")], None)
    assert await stores.second_factors.totp_factor(person.id) == new
    assert not await stores.second_factors.use_totp_step(totp_factor(person, "old"), 200)
    assert not await stores.second_factors.use_recovery_code(person.id, _CODES[0])
    assert await stores.second_factors.use_recovery_code(person.id, key("fresh"))


async def test_a_time_step_is_used_once_and_none_before_it(
    stores: Stores, samples: Samples
) -> None:
    """RFC 6238 §5.2."""
    person, other = await samples.user(), await samples.user()
    await _enrolled(stores, person)
    await _enrolled(stores, other)
    factor = totp_factor(person, last_step=100)
    assert not await stores.second_factors.use_totp_step(factor, 100)
    used = await asyncio.gather(
        *(stores.second_factors.use_totp_step(factor, 102) for _ in range(8))
    )
    assert sorted(used) == [False] * 7 + [True]
    assert not await stores.second_factors.use_totp_step(factor, 101)
    assert await stores.second_factors.use_totp_step(factor, 103)
    assert await stores.second_factors.totp_factor(person.id) == replace(factor, last_step=103)
    assert await stores.second_factors.totp_factor(other.id) == totp_factor(other)


async def test_a_recovery_code_is_used_once_and_by_its_person(
    stores: Stores, samples: Samples
) -> None:
    person, other = await samples.user(), await samples.user()
    await _enrolled(stores, person)
    assert not await stores.second_factors.use_recovery_code(other.id, _CODES[3])
    used = await asyncio.gather(
        *(stores.second_factors.use_recovery_code(person.id, _CODES[3]) for _ in range(8))
    )
    assert sorted(used) == [False] * 7 + [True]
    assert await stores.second_factors.count_recovery_codes(person.id) == len(_CODES) - 1


async def test_new_recovery_codes_end_the_old_ones(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    await _enrolled(stores, person)
    await stores.sessions.add_session(session("s", person), None)
    fresh = [key("fresh 1"), key("fresh 2")]
    assert await stores.second_factors.replace_recovery_codes(person.id, fresh, key("s"))
    assert await stores.second_factors.count_recovery_codes(person.id) == 2
    assert not await stores.second_factors.use_recovery_code(person.id, _CODES[0])


async def test_there_are_no_recovery_codes_without_a_factor(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    await stores.sessions.add_session(session("s", person), None)
    assert not await stores.second_factors.replace_recovery_codes(person.id, _CODES, key("s"))
    assert await stores.second_factors.count_recovery_codes(person.id) == 0


async def test_a_dropped_factor_is_gone_with_its_codes(stores: Stores, samples: Samples) -> None:
    person, other = await samples.user(), await samples.user()
    await _enrolled(stores, person)
    await _enrolled(stores, other)
    await stores.second_factors.save_totp_enrolment(totp_enrolment(person, "another"))
    assert await stores.second_factors.delete_second_factors(person.id)
    assert not await stores.second_factors.delete_second_factors(person.id)
    assert await stores.second_factors.totp_factor(person.id) is None
    assert await stores.second_factors.totp_enrolment(person.id) is None
    assert await stores.second_factors.count_recovery_codes(person.id) == 0
    assert await stores.second_factors.totp_factor(other.id) is not None
    assert await stores.second_factors.count_recovery_codes(other.id) == len(_CODES)


async def test_a_deleted_person_has_none(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    await _enrolled(stores, person)
    await stores.second_factors.save_totp_enrolment(totp_enrolment(person, "another"))
    assert await stores.users.delete_user(person.id, NOW)
    assert await stores.second_factors.totp_factor(person.id) is None
    assert await stores.second_factors.totp_enrolment(person.id) is None
    assert await stores.second_factors.count_recovery_codes(person.id) == 0
    with pytest.raises(Conflict):
        await stores.second_factors.save_totp_enrolment(totp_enrolment(person))


async def test_the_owner_of_an_address_gets_no_factor_of_the_person_before(
    stores: Stores, samples: Samples
) -> None:
    """security.md §22: what was set up before the address was verified is dropped."""
    email = "sample@example.org"
    person = await samples.user(email)
    await _enrolled(stores, person)
    await stores.second_factors.save_totp_enrolment(totp_enrolment(person, "another"))
    assert await stores.users.mark_email_verified(person.id, email, NOW, keep_credentials=False)
    assert await stores.second_factors.totp_factor(person.id) is None
    assert await stores.second_factors.totp_enrolment(person.id) is None
    assert await stores.second_factors.count_recovery_codes(person.id) == 0


async def test_the_owner_s_own_factor_stays_when_the_address_is_verified(
    stores: Stores, samples: Samples
) -> None:
    email = "sample@example.org"
    person = await samples.user(email)
    await _enrolled(stores, person)
    assert await stores.users.mark_email_verified(person.id, email, NOW, keep_credentials=True)
    assert await stores.second_factors.totp_factor(person.id) is not None


async def test_a_secret_is_replaced_by_itself_under_another_key(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    await _enrolled(stores, person)
    factor = totp_factor(person)
    assert await stores.second_factors.reseal_totp(factor, b"under a newer key")
    assert not await stores.second_factors.reseal_totp(factor, b"by a second process")
    found = await stores.second_factors.totp_factor(person.id)
    assert found == replace(factor, sealed_secret=b"under a newer key")
    assert not await stores.second_factors.use_totp_step(factor, factor.last_step + 1)
    step = factor.last_step + 1
    assert await stores.second_factors.use_totp_step(found, step, b"newest")
    assert await stores.second_factors.totp_factor(person.id) == replace(
        factor, sealed_secret=b"newest", last_step=step
    )
    assert await stores.second_factors.count_recovery_codes(person.id) == len(_CODES)


async def test_all_factors_are_read_in_pages(stores: Stores, samples: Samples) -> None:
    people = [await samples.user() for _ in range(3)]
    for person in people:
        await _enrolled(stores, person)
    first = await stores.second_factors.totp_factors(limit=2)
    rest = await stores.second_factors.totp_factors(after=first[-1].user_id, limit=2)
    assert [each.user_id for each in (*first, *rest)] == [each.id for each in people]
