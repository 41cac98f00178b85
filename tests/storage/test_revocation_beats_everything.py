"""What was revoked, disabled or deleted does not work, whatever happens at the same time."""

import asyncio
from dataclasses import replace

import pytest
from samples import NOW, SALT, SOON, Samples, access_token_of, code_of, key, refresh_token

from quantimodo.model.tokens import Family
from quantimodo.ports.stores import Stores


async def _nothing_works(stores: Stores, family: Family, *names: str) -> None:
    """All of this family is dead, or was never saved."""
    code = await stores.find_code(code_of(family).key)
    assert code is None or code.revoked
    for name in names:
        refresh = await stores.find_refresh_token(key(name))
        assert refresh is None or refresh.revoked
        access = await stores.find_access_token(key(name))
        assert access is None or access.revoked
    assert await stores.standing("jti", family.client_id, family.id) is None


async def test_a_family_is_revoked_once_and_all_of_it(stores: Stores, samples: Samples) -> None:
    family = await samples.family()
    tokens = access_token_of(family, "first"), refresh_token(family, "first")
    assert await stores.redeem(code_of(family), NOW, *tokens)
    assert await stores.revoke_family(family.id, NOW)
    assert not await stores.revoke_family(family.id, SOON)
    assert not await stores.revoke_family(key("no family"), NOW)
    await _nothing_works(stores, family, "first")


async def test_another_family_of_the_same_person_and_application_lives(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    application = await samples.client()
    ended = await samples.family(person, application.id)
    living = await samples.family(person, application.id)
    assert await stores.revoke_family(ended.id, NOW)
    assert await stores.redeem(code_of(living), NOW, access_token_of(living, "a"), None)
    found = await stores.find_access_token(key("a"))
    assert found is not None
    assert not found.revoked


async def test_nothing_is_spent_after_revocation(stores: Stores, samples: Samples) -> None:
    family, unused = await samples.family(), await samples.family()
    token = await samples.refresh_token(family)
    assert await stores.revoke_family(family.id, NOW)
    assert await stores.revoke_family(unused.id, NOW)
    heir = access_token_of(family, "heir"), refresh_token(family, "heir")
    assert not await stores.rotate(token, NOW, SALT, *heir)
    tokens = access_token_of(unused, "child"), refresh_token(unused, "child")
    assert not await stores.redeem(code_of(unused), NOW, *tokens)
    for name in ("heir", "child"):
        assert await stores.find_access_token(key(name)) is None
        assert await stores.find_refresh_token(key(name)) is None


@pytest.mark.parametrize("revocation_first", [True, False])
async def test_an_heir_saved_while_its_family_is_revoked_is_revoked_too(
    stores: Stores, samples: Samples, revocation_first: bool
) -> None:
    for round_ in range(10):
        family = await samples.family()
        token = await samples.refresh_token(family)
        name = f"heir {round_}"
        heir = access_token_of(family, name), refresh_token(family, name)
        acts = [stores.revoke_family(family.id, NOW), stores.rotate(token, NOW, SALT, *heir)]
        await asyncio.gather(*(acts if revocation_first else reversed(acts)))
        await _nothing_works(stores, family, name)


@pytest.mark.parametrize("revocation_first", [True, False])
async def test_tokens_bought_while_their_family_is_revoked_are_revoked_too(
    stores: Stores, samples: Samples, revocation_first: bool
) -> None:
    for round_ in range(10):
        family = await samples.family()
        name = f"child {round_}"
        tokens = access_token_of(family, name), refresh_token(family, name)
        acts = [stores.revoke_family(family.id, NOW), stores.redeem(code_of(family), NOW, *tokens)]
        await asyncio.gather(*(acts if revocation_first else reversed(acts)))
        await _nothing_works(stores, family, name)


@pytest.mark.parametrize("way", ["withdraw", "delete person", "delete application"])
@pytest.mark.parametrize("end_first", [True, False])
async def test_an_heir_saved_while_its_person_or_application_leaves_is_dead(
    stores: Stores, samples: Samples, way: str, end_first: bool
) -> None:
    for round_ in range(5):
        family = await samples.family()
        token = await samples.refresh_token(family)
        name = f"heir {round_}"
        heir = access_token_of(family, name), refresh_token(family, name)
        end = {
            "withdraw": stores.withdraw_consent(family.user_id, family.client_id, NOW),
            "delete person": stores.delete_user(family.user_id),
            "delete application": stores.delete_client(family.client_id),
        }
        acts = [end.pop(way), stores.rotate(token, NOW, SALT, *heir)]
        for unused in end.values():
            unused.close()
        await asyncio.gather(*(acts if end_first else reversed(acts)))
        await _nothing_works(stores, family, name)


async def test_a_disabled_person_s_tokens_sleep_and_wake(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    family, unused = await samples.family(person), await samples.family(person)
    tokens = access_token_of(family, "a"), refresh_token(family, "a")
    assert await stores.redeem(code_of(family), NOW, *tokens)
    for disabled_at in (NOW, None):
        assert await stores.set_disabled(person.id, disabled_at)
        found = [
            await stores.find_access_token(key("a")),
            await stores.find_refresh_token(key("a")),
            await stores.find_code(code_of(unused).key),
        ]
        assert [one is not None and one.revoked for one in found] == [disabled_at is not None] * 3
        standing = await stores.standing("jti", family.client_id, family.id)
        assert (standing is None) == (disabled_at is not None)


async def test_a_disabled_application_s_access_tokens_are_revoked(
    stores: Stores, samples: Samples
) -> None:
    application = await samples.client()
    family = await samples.family(client_id=application.id)
    assert await stores.redeem(code_of(family), NOW, access_token_of(family, "a"), None)
    assert await stores.replace_client(replace(application, disabled_at=NOW))
    found = await stores.find_access_token(key("a"))
    assert found is not None
    assert found.revoked
    assert await stores.standing("jti", application.id, None) is None
    assert await stores.standing("jti", application.id, family.id) is None
