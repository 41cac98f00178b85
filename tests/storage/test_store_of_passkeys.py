"""`PasskeyStore`: passkeys and the challenges that they used."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

import pytest
from samples import (
    ACCEPTED,
    NOW,
    SOON,
    Samples,
    identity,
    key,
    new_passkey,
    session,
    totp_enrolment,
    totp_factor,
    used_challenge,
)

from quantimodo.model.passkeys import Passkey, PasskeyRemoval, PasskeyUse
from quantimodo.model.sign_in_methods import SignInMethods
from quantimodo.model.users import User
from quantimodo.ports.stores import Conflict, Stores

_MOST = 5


async def _person(stores: Stores, samples: Samples) -> User:
    """A person with a session that has the id of the person as its name."""
    person = await samples.user()
    await stores.sessions.add_session(session(str(person.id), person), None)
    return person


async def _add(stores: Stores, person: User, name: str = "passkey", **changes: object) -> Passkey:
    added = new_passkey(person, name, **changes)
    assert await stores.passkeys.add_passkey(added, used_challenge(name), _own(person), _MOST)
    found = await stores.passkeys.passkey(added.credential_id)
    assert found is not None
    return found


def _own(person: User) -> bytes:
    return key(str(person.id))


async def _use(
    stores: Stores, passkey: Passkey, challenge: str, sign_count: int, backed_up: bool = False
) -> PasskeyUse:
    return await stores.passkeys.use_passkey(
        passkey.id,
        used_challenge(challenge),
        sign_count=sign_count,
        backed_up=backed_up,
        at=SOON,
    )


async def test_a_passkey_comes_back_as_it_was_added(stores: Stores, samples: Samples) -> None:
    person, other = await _person(stores, samples), await _person(stores, samples)
    one, two = await _add(stores, person, "one"), await _add(stores, person, "two")
    values = {name: getattr(one, name) for name in new_passkey(person).__dataclass_fields__}
    assert type(new_passkey(person))(**values) == new_passkey(person, "one")
    assert one.used_at is None
    assert list(await stores.passkeys.passkeys_of(person.id)) == [one, two]
    assert list(await stores.passkeys.passkeys_of(other.id)) == []
    assert await stores.passkeys.passkey(key("unknown")) is None


async def test_a_credential_belongs_to_one_person(stores: Stores, samples: Samples) -> None:
    person, other = await _person(stores, samples), await _person(stores, samples)
    await _add(stores, person)
    for each in (person, other):
        with pytest.raises(Conflict):
            await stores.passkeys.add_passkey(
                new_passkey(each), used_challenge("another"), _own(each), _MOST
            )


async def test_none_is_added_by_an_ended_session_above_the_limit_or_with_a_used_challenge(
    stores: Stores, samples: Samples
) -> None:
    person, other = await _person(stores, samples), await _person(stores, samples)
    added = new_passkey(person)
    for ended in (key("ended"), _own(other)):
        assert not await stores.passkeys.add_passkey(added, used_challenge("one"), ended, _MOST)
    assert not await stores.passkeys.add_passkey(added, used_challenge("one"), _own(person), 0)
    await _add(stores, person, "one")
    assert not await stores.passkeys.add_passkey(added, used_challenge("one"), _own(person), _MOST)
    assert len(await stores.passkeys.passkeys_of(person.id)) == 1


async def test_the_limit_holds_for_concurrent_calls(stores: Stores, samples: Samples) -> None:
    person = await _person(stores, samples)
    added = await asyncio.gather(
        *(
            stores.passkeys.add_passkey(
                new_passkey(person, f"{number}"), used_challenge(f"{number}"), _own(person), 3
            )
            for number in range(8)
        )
    )
    assert sum(added) == 3
    assert len(await stores.passkeys.passkeys_of(person.id)) == 3


async def test_a_challenge_is_used_once(stores: Stores, samples: Samples) -> None:
    person = await _person(stores, samples)
    passkey = await _add(stores, person)
    assert await _use(stores, passkey, "passkey", 1) is PasskeyUse.REPLAYED  # that of its addition
    uses = await asyncio.gather(*(_use(stores, passkey, "one", 0) for _ in range(8)))
    assert sorted(use.value for use in uses) == ["replayed"] * 7 + ["used"]


@pytest.mark.parametrize(
    ("stored", "sent", "use"),
    [
        (0, 0, PasskeyUse.USED),
        (0, 1, PasskeyUse.USED),
        (7, 8, PasskeyUse.USED),
        (7, 2**32 - 1, PasskeyUse.USED),
        (7, 7, PasskeyUse.STALE),
        (7, 6, PasskeyUse.STALE),
        (7, 0, PasskeyUse.STALE),
    ],
)
async def test_the_counter_rises_or_stays_zero(
    stores: Stores, samples: Samples, stored: int, sent: int, use: PasskeyUse
) -> None:
    person = await _person(stores, samples)
    passkey = await _add(stores, person, sign_count=stored)
    assert await _use(stores, passkey, "one", sent, backed_up=True) is use
    found = await stores.passkeys.passkey(passkey.credential_id)
    assert found is not None
    used = use is PasskeyUse.USED
    assert found.sign_count == (sent if used else stored)
    assert (found.backed_up, found.used_at) == ((True, SOON) if used else (False, None))


async def test_of_concurrent_uses_with_one_counter_one_counts(
    stores: Stores, samples: Samples
) -> None:
    passkey = await _add(stores, await _person(stores, samples), sign_count=7)
    uses = await asyncio.gather(*(_use(stores, passkey, f"{each}", 8) for each in range(8)))
    assert uses.count(PasskeyUse.USED) == 1


async def test_a_person_renames_their_own(stores: Stores, samples: Samples) -> None:
    person, other = await _person(stores, samples), await _person(stores, samples)
    passkey = await _add(stores, person)
    assert not await stores.passkeys.rename_passkey(other.id, passkey.id, "stolen")
    assert await stores.passkeys.rename_passkey(person.id, passkey.id, "Phone")
    (found,) = await stores.passkeys.passkeys_of(person.id)
    assert found.name == "Phone"


async def _password(stores: Stores, person: User, passkey: Passkey | None) -> None:
    await stores.users.change_email(person.id, f"{person.id}@example.org", NOW)
    await stores.users.set_password(person.id, "hash", NOW)


async def _identity(stores: Stores, person: User, passkey: Passkey) -> None:
    await stores.identities.add_identity(person.id, identity("1"))


async def _identity_at_a_provider_of_before(stores: Stores, person: User, passkey: Passkey) -> None:
    await stores.identities.add_identity(person.id, identity("1", provider="gone"))


async def _other_passkey(stores: Stores, person: User, passkey: Passkey) -> None:
    await _add(stores, person, "other")


async def _passkey_for_another_host(stores: Stores, person: User, passkey: Passkey) -> None:
    await _add(stores, person, "other", rp_id="old.example.org")


async def _nothing(stores: Stores, person: User, passkey: Passkey) -> None:
    pass


@pytest.mark.parametrize(
    ("remains", "dropped"),
    [
        (_password, True),
        (_identity, True),
        (_identity_at_a_provider_of_before, False),
        (_other_passkey, True),
        (_passkey_for_another_host, False),
        (_nothing, False),
    ],
)
async def test_the_last_way_in_stays(
    stores: Stores, samples: Samples, remains: object, dropped: bool
) -> None:
    person, other = await _person(stores, samples), await _person(stores, samples)
    passkey = await _add(stores, person)
    await remains(stores, person, passkey)  # type: ignore[operator]
    for owner, own in ((other, _own(other)), (person, key("ended"))):
        removal = await stores.passkeys.delete_passkey(owner.id, passkey.id, ACCEPTED, own)
        assert removal is not PasskeyRemoval.REMOVED
    own = _own(person)
    removal = await stores.passkeys.delete_passkey(person.id, passkey.id, ACCEPTED, own)
    assert removal is (PasskeyRemoval.REMOVED if dropped else PasskeyRemoval.LAST_METHOD)
    assert (await stores.passkeys.passkey(passkey.credential_id) is None) is dropped


async def test_of_two_passkeys_one_stays_however_they_are_removed(
    stores: Stores, samples: Samples
) -> None:
    person = await _person(stores, samples)
    passkeys = [await _add(stores, person, name) for name in ("one", "two")]
    own = _own(person)
    dropped = await asyncio.gather(
        *(stores.passkeys.delete_passkey(person.id, each.id, ACCEPTED, own) for each in passkeys)
    )
    assert dropped.count(PasskeyRemoval.REMOVED) == 1
    assert dropped.count(PasskeyRemoval.LAST_METHOD) == 1


async def test_of_a_passkey_and_an_identity_one_stays_however_they_are_removed(
    stores: Stores, samples: Samples
) -> None:
    for number in range(10):
        person = await _person(stores, samples)
        passkey = await _add(stores, person, f"passkey {number}")
        linked = await stores.identities.add_identity(person.id, identity(f"{number}"))
        removal, unlinked = await asyncio.gather(
            stores.passkeys.delete_passkey(person.id, passkey.id, ACCEPTED, _own(person)),
            stores.identities.delete_identity(person.id, linked.id, ACCEPTED),
        )
        assert (removal is PasskeyRemoval.REMOVED) is not unlinked
        assert (await stores.users.sign_in_methods(person.id)).sign_in_at(ACCEPTED)


async def test_all_methods_of_a_person_are_read_and_no_others(
    stores: Stores, samples: Samples
) -> None:
    person, other = await _person(stores, samples), await _person(stores, samples)
    assert await stores.users.sign_in_methods(person.id) == SignInMethods()
    passkey = await _add(stores, person)
    await _add(stores, other, "other")
    linked = await stores.identities.add_identity(person.id, identity("1"))
    await stores.identities.add_identity(other.id, identity("2"))
    await _password(stores, person, passkey)
    assert await stores.users.sign_in_methods(person.id) == SignInMethods(
        True, {linked.id: "sample"}, {passkey.id: ACCEPTED.host}
    )


async def test_all_of_a_person_are_dropped_and_no_others(stores: Stores, samples: Samples) -> None:
    person, other = await _person(stores, samples), await _person(stores, samples)
    for name in ("one", "two"):
        await _add(stores, person, name)
    await _add(stores, other, "three")
    assert await stores.passkeys.delete_passkeys(person.id) == 2
    assert await stores.passkeys.delete_passkeys(person.id) == 0
    assert len(await stores.passkeys.passkeys_of(other.id)) == 1


async def test_they_end_with_the_account(stores: Stores, samples: Samples) -> None:
    person = await _person(stores, samples)
    passkey = await _add(stores, person)
    await stores.users.delete_user(person.id, NOW)
    assert await stores.passkeys.passkey(passkey.credential_id) is None
    assert await _use(stores, passkey, "one", 1) is PasskeyUse.STALE


@pytest.mark.parametrize("keep", [True, False])
async def test_the_first_verification_of_an_address_removes_those_of_strangers(
    stores: Stores, samples: Samples, keep: bool
) -> None:
    """security.md §22."""
    person = await _person(stores, samples)
    await stores.users.change_email(person.id, "new@example.org", None)
    await _add(stores, person)
    at = NOW + timedelta(hours=1)
    assert await stores.users.mark_email_verified(
        person.id, "new@example.org", at, keep_credentials=keep
    )
    assert len(await stores.passkeys.passkeys_of(person.id)) == (1 if keep else 0)


_CODES = (key("code"),)


async def test_a_first_passkey_can_be_the_second_factor_at_once(
    stores: Stores, samples: Samples
) -> None:
    person = await _person(stores, samples)
    await _password(stores, person, None)
    add, own = stores.passkeys.add_passkey, _own(person)
    one = new_passkey(person, "one")
    assert not await add(one, used_challenge("1"), key("ended"), _MOST, _CODES)
    assert await stores.second_factors.second_factor_set_up_at(person.id) is None
    assert await add(one, used_challenge("1"), own, _MOST, _CODES)
    assert await stores.second_factors.second_factor_set_up_at(person.id) == NOW
    assert await stores.second_factors.count_recovery_codes(person.id) == 1
    # The first proof alone adds no other one.
    assert not await add(new_passkey(person, "two"), used_challenge("2"), own, _MOST, _CODES)
    assert len(await stores.passkeys.passkeys_of(person.id)) == 1


async def test_nothing_is_set_up_beside_a_factor_or_a_passkey_for_this_host(
    stores: Stores, samples: Samples
) -> None:
    """A parallel set-up must not add a factor to an account that has one by now."""
    person = await _person(stores, samples)
    await _add(stores, person, "elsewhere", rp_id="old.example.org")
    factors, own = stores.second_factors, _own(person)
    await factors.save_totp_enrolment(totp_enrolment(person))
    app = totp_factor(person)
    await _add(stores, person, "here")
    two = new_passkey(person, "two")
    assert not await stores.passkeys.add_passkey(two, used_challenge("2"), own, _MOST, _CODES)
    assert not await factors.confirm_totp_enrolment(app, _CODES, own, first_at=ACCEPTED.host)
    assert await factors.confirm_totp_enrolment(app, _CODES, own, first_at="another.example.org")
    await factors.save_totp_enrolment(totp_enrolment(person, "second"))
    again = totp_factor(person, "second")
    assert not await factors.confirm_totp_enrolment(
        again, _CODES, own, first_at="another.example.org"
    )


async def test_of_concurrent_set_ups_by_app_and_passkey_one_wins(
    stores: Stores, samples: Samples
) -> None:
    person = await _person(stores, samples)
    own = _own(person)
    await stores.second_factors.save_totp_enrolment(totp_enrolment(person))
    done = await asyncio.gather(
        stores.second_factors.confirm_totp_enrolment(
            totp_factor(person), _CODES, own, first_at=ACCEPTED.host
        ),
        *(
            stores.passkeys.add_passkey(
                new_passkey(person, f"{each}"), used_challenge(f"{each}"), own, _MOST, _CODES
            )
            for each in range(4)
        ),
    )
    assert sorted(done) == [False] * 4 + [True]


async def test_passkeys_that_exist_become_the_second_factor_and_one_of_them_stays(
    stores: Stores, samples: Samples
) -> None:
    person, other = await _person(stores, samples), await _person(stores, samples)
    factors, own, host = stores.second_factors, _own(person), ACCEPTED.host
    await _password(stores, person, None)
    old = await _add(stores, person, "old", rp_id="old.example.org")
    assert not await factors.set_up_passkey_factor(person.id, host, _CODES, own, NOW)
    passkeys = [await _add(stores, person, name) for name in ("one", "two")]
    for session_key in (key("ended"), _own(other)):
        assert not await factors.set_up_passkey_factor(person.id, host, _CODES, session_key, NOW)
    assert await factors.set_up_passkey_factor(person.id, host, _CODES, own, NOW)
    assert not await factors.set_up_passkey_factor(person.id, host, _CODES, own, NOW)
    assert await factors.second_factor_set_up_at(person.id) == NOW
    assert await factors.second_factor_set_up_at(other.id) is None

    def drop(passkey: Passkey) -> Awaitable[PasskeyRemoval]:
        return stores.passkeys.delete_passkey(person.id, passkey.id, ACCEPTED, own)

    assert await drop(old) is PasskeyRemoval.REMOVED
    assert sorted((await asyncio.gather(*map(drop, passkeys))), key=str) == [
        PasskeyRemoval.REMOVED,
        PasskeyRemoval.SECOND_FACTOR,
    ]
    (left,) = await stores.passkeys.passkeys_of(person.id)
    await factors.save_totp_enrolment(totp_enrolment(person))
    assert await factors.confirm_totp_enrolment(totp_factor(person), _CODES, own)
    assert await drop(left) is PasskeyRemoval.REMOVED
    assert await factors.delete_second_factors(person.id, own)
    assert await factors.second_factor_set_up_at(person.id) is None
    assert await factors.count_recovery_codes(person.id) == 0
