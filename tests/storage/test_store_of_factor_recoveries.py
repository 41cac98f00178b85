"""`FactorRecoveryStore`: one request for each person, completed or cancelled, never both."""

import asyncio
from datetime import timedelta

import pytest
from samples import NOW, Samples, totp_enrolment, totp_factor

from quantimodo.model.factor_recoveries import FactorRecovery
from quantimodo.model.users import User
from quantimodo.ports.stores import Stores

DUE, LATE = NOW + timedelta(days=7), NOW + timedelta(days=21)


async def protected(stores: Stores, samples: Samples) -> User:
    person = await samples.user()
    await stores.second_factors.save_totp_enrolment(totp_enrolment(person))
    assert await stores.second_factors.confirm_totp_enrolment(totp_factor(person), [b"c"], None)
    return person


def recovery(person: User, after: timedelta = timedelta()) -> FactorRecovery:
    return FactorRecovery(
        user_id=person.id, requested_at=NOW + after, due_at=DUE + after, expires_at=LATE + after
    )


async def test_the_first_request_stands(stores: Stores, samples: Samples) -> None:
    person, other = await protected(stores, samples), await samples.user()
    store = stores.factor_recoveries
    first = recovery(person)
    assert await store.add_factor_recovery(first)
    assert not await store.add_factor_recovery(recovery(person, timedelta(days=1)))
    assert await store.factor_recovery(person.id) == first
    assert not await store.add_factor_recovery(recovery(other)), "without a factor"
    assert await store.add_factor_recovery(recovery(person, timedelta(days=21))), "it expired"


async def test_it_is_completed_when_due_and_once(stores: Stores, samples: Samples) -> None:
    person = await protected(stores, samples)
    store = stores.factor_recoveries
    await store.add_factor_recovery(recovery(person))
    early = DUE - timedelta(microseconds=1)
    assert not await store.complete_factor_recovery(person.id, early)
    assert not await store.complete_factor_recovery(person.id, LATE)
    assert await stores.second_factors.totp_factor(person.id) is not None
    completed = await asyncio.gather(
        *(store.complete_factor_recovery(person.id, DUE) for _ in range(4))
    )
    assert sorted(completed) == [False, False, False, True]
    assert await stores.second_factors.totp_factor(person.id) is None
    assert await stores.second_factors.count_recovery_codes(person.id) == 0


async def test_of_completion_and_cancellation_one_wins(stores: Stores, samples: Samples) -> None:
    for _ in range(8):
        person = await protected(stores, samples)
        store = stores.factor_recoveries
        await store.add_factor_recovery(recovery(person))
        completed, cancelled, used = await asyncio.gather(
            store.complete_factor_recovery(person.id, DUE),
            store.cancel_factor_recovery(person.id),
            store.record_factor_use(person.id),
        )
        assert [completed, cancelled, used].count(True) == 1
        left = await stores.second_factors.totp_factor(person.id)
        assert (left is None) is completed


@pytest.mark.parametrize(
    "change", ["cancelled", "used", "replaced", "dropped", "verified", "deleted"]
)
async def test_it_ends_with_the_factor(stores: Stores, samples: Samples, change: str) -> None:
    person = await protected(stores, samples)
    store = stores.factor_recoveries
    await store.add_factor_recovery(recovery(person))
    match change:
        case "cancelled":
            assert await store.cancel_factor_recovery(person.id)
        case "used":
            assert await store.record_factor_use(person.id)
        case "replaced":
            await stores.second_factors.save_totp_enrolment(totp_enrolment(person, "new"))
            factor = totp_factor(person, "new")
            assert await stores.second_factors.confirm_totp_enrolment(factor, [], None)
        case "dropped":
            assert await stores.second_factors.delete_second_factors(person.id)
        case "verified":
            await stores.users.change_email(person.id, person.email or "", None)
            assert await stores.users.mark_email_verified(
                person.id, person.email or "", NOW, keep_credentials=False
            )
        case "deleted":
            assert await stores.users.delete_user(person.id, NOW)
    assert await store.factor_recovery(person.id) is None
    assert not await store.complete_factor_recovery(person.id, DUE)


async def test_a_password_from_a_link_blocks_it_until_the_factor_is_used(
    stores: Stores, samples: Samples
) -> None:
    person = await protected(stores, samples)
    store = stores.factor_recoveries
    await stores.users.set_password(person.id, "by a link", NOW)
    assert await store.is_password_from_link(person.id)
    assert not await store.add_factor_recovery(recovery(person))
    assert not await store.record_factor_use(person.id)
    assert not await store.is_password_from_link(person.id)
    assert await store.add_factor_recovery(recovery(person))
    await stores.users.set_password(person.id, "by a link", NOW)
    assert not await store.complete_factor_recovery(person.id, DUE)
    assert await stores.second_factors.totp_factor(person.id) is not None
