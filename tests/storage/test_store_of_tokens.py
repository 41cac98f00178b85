"""`TokenStore`: finding, issuing, redeeming, rotating, revoking."""

import asyncio
from datetime import timedelta

import pytest
from samples import (
    LATER,
    NOW,
    SALT,
    SOON,
    Samples,
    access_token,
    access_token_of,
    code_of,
    key,
    refresh_token,
)

from quantimodo.ports.stores import Conflict, Stores


async def test_unknown_codes_and_tokens_are_none(stores: Stores) -> None:
    assert await stores.find_code(key("x")) is None
    assert await stores.find_refresh_token(key("x")) is None
    assert await stores.find_access_token(key("x")) is None


async def test_an_application_s_own_token_comes_back(stores: Stores, samples: Samples) -> None:
    application = await samples.client()
    token = access_token(application.id, "a", scope=frozenset({"basic", "openid"}))
    await stores.issue(token)
    found = await stores.find_access_token(token.key)
    assert found is not None
    assert (found.client_id, found.user, found.family_id) == (application.id, None, None)
    assert (found.scope, found.issued_at, found.expires_at) == (token.scope, NOW, SOON)
    assert found.revoked is False


async def test_a_token_without_scope_comes_back_without(stores: Stores, samples: Samples) -> None:
    token = access_token((await samples.client()).id, "a", scope=frozenset())
    await stores.issue(token)
    found = await stores.find_access_token(token.key)
    assert found is not None
    assert found.scope == frozenset()


async def test_a_key_is_taken_and_the_first_token_stays(stores: Stores, samples: Samples) -> None:
    first, second = await samples.client(), await samples.client()
    await stores.issue(access_token(first.id, "a"))
    with pytest.raises(Conflict):
        await stores.issue(access_token(second.id, "a"))
    found = await stores.find_access_token(key("a"))
    assert found is not None
    assert found.client_id == first.id


async def test_a_bad_token_does_not_fail_those_that_are_issued_with_it(
    stores: Stores, samples: Samples
) -> None:
    application = await samples.client()
    await stores.issue(access_token(application.id, "taken"))
    names = ["taken" if number % 25 == 7 else f"fresh {number}" for number in range(100)]
    outcomes = await asyncio.gather(
        *(stores.issue(access_token(application.id, name)) for name in names),
        return_exceptions=True,
    )
    for name, outcome in zip(names, outcomes, strict=True):
        assert isinstance(outcome, Conflict) == (name == "taken")
        assert await stores.find_access_token(key(name)) is not None


async def test_many_reads_at_once_each_get_their_own(stores: Stores, samples: Samples) -> None:
    applications = [await samples.client() for _ in range(3)]
    for number in range(60):
        await stores.issue(access_token(applications[number % 3].id, f"a{number}"))
    asked = [f"a{number}" for number in range(90)] * 2
    found = await asyncio.gather(*(stores.find_access_token(key(name)) for name in asked))
    for name, token in zip(asked, found, strict=True):
        number = int(name[1:])
        assert (token and token.client_id) == (applications[number % 3].id if number < 60 else None)


async def test_redeeming_saves_both_tokens(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    family = await samples.family(person)
    access, refresh = access_token_of(family, "a"), refresh_token(family, "r")
    assert await stores.redeem(code_of(family), SOON, access, refresh)

    code = await stores.find_code(code_of(family).key)
    assert code is not None
    assert code.redeemed_at == SOON
    found = await stores.find_refresh_token(refresh.key)
    assert found is not None
    assert (found.token, found.family, found.user) == (refresh, family, person)
    assert (found.spent_at, found.salt, found.revoked) == (None, None, False)
    token = await stores.find_access_token(access.key)
    assert token is not None
    assert (token.user, token.family_id, token.revoked) == (person, family.id, False)


@pytest.mark.parametrize("with_access", [True, False])
@pytest.mark.parametrize("with_refresh", [True, False])
async def test_redeeming_saves_what_there_is(
    stores: Stores, samples: Samples, with_access: bool, with_refresh: bool
) -> None:
    family = await samples.family()
    access = access_token_of(family, "a") if with_access else None
    refresh = refresh_token(family, "r") if with_refresh else None
    assert await stores.redeem(code_of(family), NOW, access, refresh)
    assert (await stores.find_access_token(key("a")) is not None) == with_access
    assert (await stores.find_refresh_token(key("r")) is not None) == with_refresh


async def test_a_code_is_redeemed_once_and_the_loser_leaves_nothing(
    stores: Stores, samples: Samples
) -> None:
    family = await samples.family()
    assert await stores.redeem(code_of(family), NOW, access_token_of(family, "a"), None)
    lost = access_token_of(family, "lost"), refresh_token(family, "lost")
    assert not await stores.redeem(code_of(family), SOON, *lost)
    assert await stores.find_access_token(key("lost")) is None
    assert await stores.find_refresh_token(key("lost")) is None
    code = await stores.find_code(code_of(family).key)
    assert code is not None
    assert code.redeemed_at == NOW


async def test_an_unknown_code_is_not_redeemed(stores: Stores, samples: Samples) -> None:
    family = await samples.unsaved_family()
    assert not await stores.redeem(code_of(family), NOW, access_token_of(family, "a"), None)
    assert await stores.find_access_token(key("a")) is None


async def test_of_many_who_redeem_one_code_one_wins(stores: Stores, samples: Samples) -> None:
    family = await samples.family()
    tries = [
        stores.redeem(
            code_of(family), NOW, access_token_of(family, f"a{n}"), refresh_token(family, f"r{n}")
        )
        for n in range(50)
    ]
    won = await asyncio.gather(*tries)
    assert won.count(True) == 1
    for number, winner in enumerate(won):
        assert (await stores.find_access_token(key(f"a{number}")) is not None) == winner
        assert (await stores.find_refresh_token(key(f"r{number}")) is not None) == winner


async def test_a_redemption_that_cannot_be_kept_leaves_the_code_usable(
    stores: Stores, samples: Samples
) -> None:
    family = await samples.family()
    await stores.issue(access_token_of(family, "taken"))
    with pytest.raises(Conflict):
        await stores.redeem(
            code_of(family), NOW, access_token_of(family, "taken"), refresh_token(family, "r")
        )
    code = await stores.find_code(code_of(family).key)
    assert code is not None
    assert code.redeemed_at is None
    assert await stores.find_refresh_token(key("r")) is None
    assert await stores.redeem(code_of(family), NOW, None, refresh_token(family, "r"))


async def test_rotating_spends_and_saves_the_heir(stores: Stores, samples: Samples) -> None:
    family = await samples.family()
    first = await samples.refresh_token(family)
    heir = refresh_token(family, "heir", issued_at=SOON, expires_at=LATER + timedelta(days=1))
    assert await stores.rotate(first, SOON, SALT, access_token_of(family, "a"), heir)
    spent = await stores.find_refresh_token(first.key)
    assert spent is not None
    assert (spent.spent_at, spent.salt, spent.revoked) == (SOON, SALT, False)
    found = await stores.find_refresh_token(heir.key)
    assert found is not None
    assert (found.token, found.spent_at, found.family) == (heir, None, family)
    assert await stores.find_access_token(key("a")) is not None


async def test_a_rotation_may_come_without_an_access_token(
    stores: Stores, samples: Samples
) -> None:
    family = await samples.family()
    first = await samples.refresh_token(family)
    assert await stores.rotate(first, NOW, SALT, None, refresh_token(family, "heir"))
    assert await stores.find_refresh_token(key("heir")) is not None


async def test_a_refresh_token_is_spent_once_and_the_loser_leaves_nothing(
    stores: Stores, samples: Samples
) -> None:
    family = await samples.family()
    first = await samples.refresh_token(family)
    assert await stores.rotate(first, NOW, SALT, None, refresh_token(family, "heir"))
    lost = access_token_of(family, "lost"), refresh_token(family, "lost")
    assert not await stores.rotate(first, SOON, b"another salt", *lost)
    assert await stores.find_access_token(key("lost")) is None
    assert await stores.find_refresh_token(key("lost")) is None
    spent = await stores.find_refresh_token(first.key)
    assert spent is not None
    assert (spent.spent_at, spent.salt) == (NOW, SALT)


async def test_of_many_who_rotate_one_token_one_wins(stores: Stores, samples: Samples) -> None:
    family = await samples.family()
    first = await samples.refresh_token(family)
    heirs = [refresh_token(family, f"heir {number}") for number in range(50)]
    salts = [number.to_bytes(16, "big") for number in range(50)]
    won = await asyncio.gather(
        *(
            stores.rotate(first, NOW, salt, None, heir)
            for salt, heir in zip(salts, heirs, strict=True)
        )
    )
    assert won.count(True) == 1
    spent = await stores.find_refresh_token(first.key)
    assert spent is not None
    assert spent.salt == salts[won.index(True)]
    for heir, winner in zip(heirs, won, strict=True):
        assert (await stores.find_refresh_token(heir.key) is not None) == winner


async def test_rotations_of_different_tokens_at_once_all_win(
    stores: Stores, samples: Samples
) -> None:
    tokens = [await samples.refresh_token() for _ in range(10)]
    heirs = [token._replace(key=key(token.key.hex())) for token in tokens]
    won = await asyncio.gather(
        *(
            stores.rotate(token, NOW, SALT, None, heir)
            for token, heir in zip(tokens, heirs, strict=True)
        )
    )
    assert all(won)
    assert all([await stores.find_refresh_token(heir.key) for heir in heirs])


async def test_a_rotation_that_cannot_be_kept_leaves_the_token_unspent(
    stores: Stores, samples: Samples
) -> None:
    family = await samples.family()
    first = await samples.refresh_token(family)
    taken = await samples.refresh_token()
    with pytest.raises(Conflict):
        await stores.rotate(
            first, NOW, SALT, access_token_of(family, "a"), taken._replace(family_id=family.id)
        )
    unspent = await stores.find_refresh_token(first.key)
    assert unspent is not None
    assert unspent.spent_at is None
    assert await stores.find_access_token(key("a")) is None


async def test_an_access_token_is_revoked_once(stores: Stores, samples: Samples) -> None:
    await stores.issue(access_token((await samples.client()).id, "a"))
    assert await stores.revoke_access_token(key("a"))
    assert not await stores.revoke_access_token(key("a"))
    assert await stores.find_access_token(key("a")) is None


async def test_a_signed_token_stands_on_its_person(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    family = await samples.family(person)
    standing = await stores.standing("jti", family.client_id, family.id)
    assert standing is not None
    assert standing.user == person


async def test_an_application_s_signed_token_stands_on_it_alone(
    stores: Stores, samples: Samples
) -> None:
    application = await samples.client()
    standing = await stores.standing("jti", application.id, None)
    assert standing is not None
    assert standing.user is None


async def test_a_signed_token_of_nobody_does_not_stand(stores: Stores, samples: Samples) -> None:
    family = await samples.family()
    assert await stores.standing("jti", "nobody", None) is None
    assert await stores.standing("jti", "nobody", family.id) is None
    assert await stores.standing("jti", family.client_id, key("no family")) is None
    assert await stores.standing("j\0ti", family.client_id, family.id) is None


async def test_a_revoked_jti_does_not_stand_and_others_do(stores: Stores, samples: Samples) -> None:
    application = await samples.client()
    await stores.revoke_jwt("one", LATER)
    await stores.revoke_jwt("one", LATER)
    assert await stores.standing("one", application.id, None) is None
    assert await stores.standing("two", application.id, None) is not None


async def test_a_revoked_jwt_is_known_as_such(stores: Stores) -> None:
    assert not await stores.is_revoked_jwt("one")
    await stores.revoke_jwt("one", LATER)
    assert await stores.is_revoked_jwt("one")
    for other in ("two", "ONE", "", "one\0", "\ud800"):
        assert not await stores.is_revoked_jwt(other)
