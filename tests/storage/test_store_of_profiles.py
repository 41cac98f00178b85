"""`ProfileStore` and `SubjectStore`: the profile and the subject identifiers of a person."""

import asyncio
from dataclasses import replace

import pytest
from samples import NOW, SOON, Samples

from quantimodo.model.user_profiles import Address, Profile
from quantimodo.ports.stores import Conflict, Stores

SOME = Profile(given_name="Ann ‮", birthdate="0000-01-31", phone_number_verified=True)


async def test_a_profile_comes_back_as_saved_and_is_replaced_whole(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    assert await stores.profiles.profile(person.id) is None
    await stores.profiles.save_profile(person.id, SOME, NOW)
    assert await stores.profiles.profile(person.id) == replace(SOME, updated_at=NOW)
    other = Profile(address=Address(country="XX", street_address="1\n2"))
    await stores.profiles.save_profile(person.id, other, SOON)
    assert await stores.profiles.profile(person.id) == replace(other, updated_at=SOON)


async def test_a_profile_goes_with_its_person(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    await stores.profiles.save_profile(person.id, SOME, NOW)
    await stores.subjects.add_pairwise_subject(person.id, "app.example.org", "s1")
    await stores.users.delete_user(person.id, NOW)
    assert await stores.profiles.profile(person.id) is None
    assert await stores.subjects.pairwise_subject(person.id, "app.example.org") is None
    with pytest.raises(Conflict):
        await stores.profiles.save_profile(person.id, SOME, NOW)


async def test_of_many_names_for_one_person_the_first_stays(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    given = await asyncio.gather(
        *(stores.subjects.add_pairwise_subject(person.id, "a.example", f"s{n}") for n in range(8))
    )
    assert len(set(given)) == 1
    assert await stores.subjects.pairwise_subject(person.id, "a.example") == given[0]
    assert await stores.subjects.add_pairwise_subject(person.id, "b.example", "t") == "t"
    assert await stores.subjects.pairwise_subject(person.id, "c.example") is None
