"""`AuthorizationStore`: grants with a public id, and what follows them (Grant Management §5)."""

import asyncio

from samples import LATER, SOON, Samples, code_of, key

from quantimodo.model.tokens import Grant
from quantimodo.ports.stores import Stores

SCOPE = frozenset({"basic", "email"})


async def managed(samples: Samples, name: str) -> Grant:
    return await samples.grant(scope=SCOPE, public_id=name)


def following(grant: Grant, number: int) -> Grant:
    return grant._replace(id=key(f"follows {grant.public_id} {number}"), created_at=SOON)


async def test_a_grant_is_found_by_its_public_id(stores: Stores, samples: Samples) -> None:
    grant, other = await managed(samples, "one"), await managed(samples, "two")
    plain = await samples.grant()
    store = stores.authorizations
    for each in (grant, other):
        assert each.public_id is not None
        found = await store.managed_grant(each.public_id)
        assert found is not None
        assert (found.grant, found.revoked_at) == (each, None)
    assert await store.managed_grant("unknown") is None
    code = await stores.tokens.authorization_code(code_of(grant).key)
    assert code is not None
    assert code.grant.public_id == "one"
    code = await stores.tokens.authorization_code(code_of(plain).key)
    assert code is not None
    assert code.grant.public_id is None


async def test_exactly_one_grant_follows(stores: Stores, samples: Samples) -> None:
    grant = await managed(samples, "follow")
    store = stores.authorizations
    after = [following(grant, number) for number in range(4)]
    saved = await asyncio.gather(
        *(store.add_grant(each, code_of(each), follows=grant.id) for each in after)
    )
    assert saved.count(True) == 1
    winner = after[saved.index(True)]
    found = await store.managed_grant("follow")
    assert found is not None
    assert (found.grant, found.revoked_at) == (winner, None)
    code = await stores.tokens.authorization_code(code_of(grant).key)
    assert code is not None
    assert code.revoked
    # The predecessor has ended, and one of another person or client is none.
    other = await managed(samples, "other")
    late = following(grant, 9)
    for predecessor in (grant.id, other.id, key("unknown")):
        assert not await store.add_grant(late, code_of(late), follows=predecessor)
    assert (await store.managed_grant("other")) is not None


async def test_only_its_client_revokes_it(stores: Stores, samples: Samples) -> None:
    grant, other = await managed(samples, "revoke"), await managed(samples, "kept")
    store = stores.authorizations
    assert not await store.revoke_managed_grant("revoke", other.client_id, SOON)
    assert not await store.revoke_managed_grant("unknown", grant.client_id, SOON)
    assert not await store.revoke_managed_grant("revoke", grant.client_id, LATER), "it has expired"
    assert await store.revoke_managed_grant("revoke", grant.client_id, SOON)
    assert not await store.revoke_managed_grant("revoke", grant.client_id, SOON)
    found = await store.managed_grant("revoke")
    assert found is not None
    assert found.revoked_at == SOON
    late = following(grant, 1)
    assert not await store.add_grant(late, code_of(late), follows=grant.id)
    kept = await store.managed_grant("kept")
    assert kept is not None
    assert kept.revoked_at is None


async def test_revocation_and_a_grant_that_follows(stores: Stores, samples: Samples) -> None:
    """Whichever comes first: nothing lives after both."""
    store = stores.authorizations
    for number in range(5):
        grant = await managed(samples, f"race {number}")
        after = following(grant, number)
        _, revoked = await asyncio.gather(
            store.add_grant(after, code_of(after), follows=grant.id),
            store.revoke_managed_grant(f"race {number}", grant.client_id, SOON),
        )
        assert revoked
        found = await store.managed_grant(f"race {number}")
        assert found is not None
        assert found.revoked_at is not None
