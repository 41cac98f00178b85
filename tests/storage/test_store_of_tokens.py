"""`TokenStore`: finding, issuing, redeeming, rotating, revoking."""

import asyncio
from datetime import timedelta

import pytest
from samples import (
    LATER,
    NOW,
    SOON,
    SUCCESSOR_NONCE,
    Samples,
    access_token,
    access_token_of,
    code_of,
    key,
    refresh_token,
)

from quantimodo.model.confirmations import Confirmation
from quantimodo.ports.stores import Conflict, Stores


async def test_unknown_codes_and_tokens_are_none(stores: Stores) -> None:
    assert await stores.tokens.authorization_code(key("x")) is None
    assert await stores.tokens.refresh_token(key("x")) is None
    assert await stores.tokens.access_token(key("x")) is None


async def test_an_application_s_own_token_comes_back(stores: Stores, samples: Samples) -> None:
    application = await samples.client()
    token = access_token(application.id, "a", scope=frozenset({"basic", "openid"}))
    await stores.tokens.add_access_token(token)
    found = await stores.tokens.access_token(token.key)
    assert found is not None
    assert (found.client_id, found.user, found.grant_id) == (application.id, None, None)
    assert (found.scope, found.issued_at, found.expires_at) == (token.scope, NOW, SOON)
    assert found.revoked is False


async def test_a_bound_token_comes_back_bound(stores: Stores, samples: Samples) -> None:
    key_of_app, certificate = Confirmation("jkt", "k" * 43), Confirmation("x5t#S256", "c" * 43)
    grant = await samples.unsaved_grant()
    code = code_of(grant, confirmation=key_of_app)
    front = access_token_of(grant, "front", confirmation=certificate)
    assert await stores.authorizations.add_grant(grant, code, front)
    first = refresh_token(grant, "first", confirmation=key_of_app)
    access = access_token_of(grant, "redeemed", confirmation=key_of_app)
    assert await stores.tokens.redeem(code, NOW, access, first)
    second = refresh_token(grant, "second", confirmation=certificate)
    rotated = access_token_of(grant, "rotated", confirmation=certificate)
    assert await stores.tokens.rotate(first, NOW, SUCCESSOR_NONCE, rotated, second)
    own = access_token(grant.client_id, "own", confirmation=certificate)
    await stores.tokens.add_access_token(own)
    found_code = await stores.tokens.authorization_code(code.key)
    assert found_code is not None
    assert found_code.code == code
    for token in (first, second):
        found = await stores.tokens.refresh_token(token.key)
        assert found is not None
        assert found.token == token
    for issued in (front, access, rotated, own):
        live = await stores.tokens.access_token(issued.key)
        assert live is not None
        assert live.confirmation == issued.confirmation


async def test_a_token_keeps_its_own_details(stores: Stores, samples: Samples) -> None:
    grant = await samples.grant()
    own = [access_token_of(grant, name, details=f"details of {name}") for name in "abc"]
    await stores.tokens.add_access_token(own[0])
    code = code_of(grant)
    assert await stores.tokens.redeem(code, NOW, own[1], refresh_token(grant, "r"))
    successor = refresh_token(grant, "s")
    spent = refresh_token(grant, "r")
    assert await stores.tokens.rotate(spent, NOW, SUCCESSOR_NONCE, own[2], successor)
    for token in own:
        found = await stores.tokens.access_token(token.key)
        assert found is not None
        assert (found.token_details, found.details) == (token.details, grant.details)


async def test_a_token_without_scope_comes_back_without(stores: Stores, samples: Samples) -> None:
    token = access_token((await samples.client()).id, "a", scope=frozenset())
    await stores.tokens.add_access_token(token)
    found = await stores.tokens.access_token(token.key)
    assert found is not None
    assert found.scope == frozenset()


async def test_a_key_is_taken_and_the_first_token_stays(stores: Stores, samples: Samples) -> None:
    first, second = await samples.client(), await samples.client()
    await stores.tokens.add_access_token(access_token(first.id, "a"))
    with pytest.raises(Conflict):
        await stores.tokens.add_access_token(access_token(second.id, "a"))
    found = await stores.tokens.access_token(key("a"))
    assert found is not None
    assert found.client_id == first.id


async def test_a_bad_token_does_not_fail_those_that_are_issued_with_it(
    stores: Stores, samples: Samples
) -> None:
    application = await samples.client()
    await stores.tokens.add_access_token(access_token(application.id, "taken"))
    names = ["taken" if number % 25 == 7 else f"fresh {number}" for number in range(100)]
    outcomes = await asyncio.gather(
        *(stores.tokens.add_access_token(access_token(application.id, name)) for name in names),
        return_exceptions=True,
    )
    for name, outcome in zip(names, outcomes, strict=True):
        assert isinstance(outcome, Conflict) == (name == "taken")
        assert await stores.tokens.access_token(key(name)) is not None


async def test_many_reads_at_once_each_get_their_own(stores: Stores, samples: Samples) -> None:
    applications = [await samples.client() for _ in range(3)]
    for number in range(60):
        await stores.tokens.add_access_token(
            access_token(applications[number % 3].id, f"a{number}")
        )
    claims_request = [f"a{number}" for number in range(90)] * 2
    found = await asyncio.gather(
        *(stores.tokens.access_token(key(name)) for name in claims_request)
    )
    for name, token in zip(claims_request, found, strict=True):
        number = int(name[1:])
        assert (token and token.client_id) == (applications[number % 3].id if number < 60 else None)


async def test_redeeming_saves_both_tokens(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    grant = await samples.grant(person)
    access, refresh = access_token_of(grant, "a"), refresh_token(grant, "r")
    assert await stores.tokens.redeem(code_of(grant), SOON, access, refresh)

    code = await stores.tokens.authorization_code(code_of(grant).key)
    assert code is not None
    assert code.redeemed_at == SOON
    found = await stores.tokens.refresh_token(refresh.key)
    assert found is not None
    assert (found.token, found.grant, found.user) == (refresh, grant, person)
    assert (found.spent_at, found.successor_nonce, found.revoked) == (None, None, False)
    token = await stores.tokens.access_token(access.key)
    assert token is not None
    assert (token.user, token.grant_id, token.revoked) == (person, grant.id, False)


@pytest.mark.parametrize("with_access", [True, False])
@pytest.mark.parametrize("with_refresh", [True, False])
async def test_redeeming_saves_what_there_is(
    stores: Stores, samples: Samples, with_access: bool, with_refresh: bool
) -> None:
    grant = await samples.grant()
    access = access_token_of(grant, "a") if with_access else None
    refresh = refresh_token(grant, "r") if with_refresh else None
    assert await stores.tokens.redeem(code_of(grant), NOW, access, refresh)
    assert (await stores.tokens.access_token(key("a")) is not None) == with_access
    assert (await stores.tokens.refresh_token(key("r")) is not None) == with_refresh


async def test_a_code_is_redeemed_once_and_the_loser_leaves_nothing(
    stores: Stores, samples: Samples
) -> None:
    grant = await samples.grant()
    assert await stores.tokens.redeem(code_of(grant), NOW, access_token_of(grant, "a"), None)
    lost = access_token_of(grant, "lost"), refresh_token(grant, "lost")
    assert not await stores.tokens.redeem(code_of(grant), SOON, *lost)
    assert await stores.tokens.access_token(key("lost")) is None
    assert await stores.tokens.refresh_token(key("lost")) is None
    code = await stores.tokens.authorization_code(code_of(grant).key)
    assert code is not None
    assert code.redeemed_at == NOW


async def test_an_unknown_code_is_not_redeemed(stores: Stores, samples: Samples) -> None:
    grant = await samples.unsaved_grant()
    assert not await stores.tokens.redeem(code_of(grant), NOW, access_token_of(grant, "a"), None)
    assert await stores.tokens.access_token(key("a")) is None


async def test_of_many_who_redeem_one_code_one_wins(stores: Stores, samples: Samples) -> None:
    grant = await samples.grant()
    tries = [
        stores.tokens.redeem(
            code_of(grant), NOW, access_token_of(grant, f"a{n}"), refresh_token(grant, f"r{n}")
        )
        for n in range(50)
    ]
    won = await asyncio.gather(*tries)
    assert won.count(True) == 1
    for number, winner in enumerate(won):
        assert (await stores.tokens.access_token(key(f"a{number}")) is not None) == winner
        assert (await stores.tokens.refresh_token(key(f"r{number}")) is not None) == winner


async def test_a_redemption_that_cannot_be_kept_leaves_the_code_usable(
    stores: Stores, samples: Samples
) -> None:
    grant = await samples.grant()
    await stores.tokens.add_access_token(access_token_of(grant, "taken"))
    with pytest.raises(Conflict):
        await stores.tokens.redeem(
            code_of(grant), NOW, access_token_of(grant, "taken"), refresh_token(grant, "r")
        )
    code = await stores.tokens.authorization_code(code_of(grant).key)
    assert code is not None
    assert code.redeemed_at is None
    assert await stores.tokens.refresh_token(key("r")) is None
    assert await stores.tokens.redeem(code_of(grant), NOW, None, refresh_token(grant, "r"))


async def test_rotation_spends_the_token_and_saves_the_successor(
    stores: Stores, samples: Samples
) -> None:
    grant = await samples.grant()
    first = await samples.refresh_token(grant)
    successor = refresh_token(
        grant, "successor", issued_at=SOON, expires_at=LATER + timedelta(days=1)
    )
    assert await stores.tokens.rotate(
        first, SOON, SUCCESSOR_NONCE, access_token_of(grant, "a"), successor
    )
    spent = await stores.tokens.refresh_token(first.key)
    assert spent is not None
    assert (spent.spent_at, spent.successor_nonce, spent.revoked) == (SOON, SUCCESSOR_NONCE, False)
    found = await stores.tokens.refresh_token(successor.key)
    assert found is not None
    assert (found.token, found.spent_at, found.grant) == (successor, None, grant)
    assert await stores.tokens.access_token(key("a")) is not None


async def test_a_rotation_may_come_without_an_access_token(
    stores: Stores, samples: Samples
) -> None:
    grant = await samples.grant()
    first = await samples.refresh_token(grant)
    assert await stores.tokens.rotate(
        first, NOW, SUCCESSOR_NONCE, None, refresh_token(grant, "successor")
    )
    assert await stores.tokens.refresh_token(key("successor")) is not None


async def test_a_refresh_token_is_spent_once_and_the_loser_leaves_nothing(
    stores: Stores, samples: Samples
) -> None:
    grant = await samples.grant()
    first = await samples.refresh_token(grant)
    assert await stores.tokens.rotate(
        first, NOW, SUCCESSOR_NONCE, None, refresh_token(grant, "successor")
    )
    lost = access_token_of(grant, "lost"), refresh_token(grant, "lost")
    assert not await stores.tokens.rotate(first, SOON, b"another successor_nonce", *lost)
    assert await stores.tokens.access_token(key("lost")) is None
    assert await stores.tokens.refresh_token(key("lost")) is None
    spent = await stores.tokens.refresh_token(first.key)
    assert spent is not None
    assert (spent.spent_at, spent.successor_nonce) == (NOW, SUCCESSOR_NONCE)


async def test_of_many_who_rotate_one_token_one_wins(stores: Stores, samples: Samples) -> None:
    grant = await samples.grant()
    first = await samples.refresh_token(grant)
    successors = [refresh_token(grant, f"successor {number}") for number in range(50)]
    salts = [number.to_bytes(16, "big") for number in range(50)]
    won = await asyncio.gather(
        *(
            stores.tokens.rotate(first, NOW, successor_nonce, None, successor)
            for successor_nonce, successor in zip(salts, successors, strict=True)
        )
    )
    assert won.count(True) == 1
    spent = await stores.tokens.refresh_token(first.key)
    assert spent is not None
    assert spent.successor_nonce == salts[won.index(True)]
    for successor, winner in zip(successors, won, strict=True):
        assert (await stores.tokens.refresh_token(successor.key) is not None) == winner


async def test_rotations_of_different_tokens_at_once_all_win(
    stores: Stores, samples: Samples
) -> None:
    tokens = [await samples.refresh_token() for _ in range(10)]
    successors = [token._replace(key=key(token.key.hex())) for token in tokens]
    won = await asyncio.gather(
        *(
            stores.tokens.rotate(token, NOW, SUCCESSOR_NONCE, None, successor)
            for token, successor in zip(tokens, successors, strict=True)
        )
    )
    assert all(won)
    assert all([await stores.tokens.refresh_token(successor.key) for successor in successors])


async def test_a_rotation_that_cannot_be_kept_leaves_the_token_unspent(
    stores: Stores, samples: Samples
) -> None:
    grant = await samples.grant()
    first = await samples.refresh_token(grant)
    taken = await samples.refresh_token()
    with pytest.raises(Conflict):
        await stores.tokens.rotate(
            first,
            NOW,
            SUCCESSOR_NONCE,
            access_token_of(grant, "a"),
            taken._replace(grant_id=grant.id),
        )
    unspent = await stores.tokens.refresh_token(first.key)
    assert unspent is not None
    assert unspent.spent_at is None
    assert await stores.tokens.access_token(key("a")) is None


async def test_an_access_token_is_revoked_once(stores: Stores, samples: Samples) -> None:
    await stores.tokens.add_access_token(access_token((await samples.client()).id, "a"))
    assert await stores.tokens.revoke_access_token(key("a"))
    assert not await stores.tokens.revoke_access_token(key("a"))
    assert await stores.tokens.access_token(key("a")) is None


async def test_a_signed_token_stands_on_its_person(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    grant = await samples.grant(person)
    token_status = await stores.tokens.token_status("jti", grant.client_id, grant.id)
    assert token_status is not None
    assert token_status.user == person


async def test_an_application_s_signed_token_stands_on_it_alone(
    stores: Stores, samples: Samples
) -> None:
    application = await samples.client()
    token_status = await stores.tokens.token_status("jti", application.id, None)
    assert token_status is not None
    assert token_status.user is None


async def test_a_signed_token_without_a_person_is_inactive(
    stores: Stores, samples: Samples
) -> None:
    grant = await samples.grant()
    assert await stores.tokens.token_status("jti", "unknown", None) is None
    assert await stores.tokens.token_status("jti", "unknown", grant.id) is None
    assert await stores.tokens.token_status("jti", grant.client_id, key("no grant")) is None
    assert await stores.tokens.token_status("j\0ti", grant.client_id, grant.id) is None


async def test_a_revoked_jti_does_not_stand_and_others_do(stores: Stores, samples: Samples) -> None:
    application = await samples.client()
    await stores.tokens.revoke_jwt("one", LATER)
    await stores.tokens.revoke_jwt("one", LATER)
    assert await stores.tokens.token_status("one", application.id, None) is None
    assert await stores.tokens.token_status("two", application.id, None) is not None


async def test_a_revoked_jwt_is_known_as_such(stores: Stores) -> None:
    assert not await stores.tokens.is_revoked_jwt("one")
    await stores.tokens.revoke_jwt("one", LATER)
    assert await stores.tokens.is_revoked_jwt("one")
    for other in ("two", "ONE", "", "one\0", "\ud800"):
        assert not await stores.tokens.is_revoked_jwt(other)
