"""What was revoked, disabled or deleted does not work, with any concurrent operations."""

import asyncio
from dataclasses import replace

import pytest
from samples import (
    NOW,
    SOON,
    SUCCESSOR_NONCE,
    Samples,
    access_token_of,
    code_of,
    key,
    refresh_token,
)

from quantimodo.model.tokens import Grant
from quantimodo.ports.stores import Stores


async def _nothing_works(stores: Stores, grant: Grant, *names: str) -> None:
    """All tokens of this grant are revoked, or were never saved."""
    code = await stores.tokens.authorization_code(code_of(grant).key)
    assert code is None or code.revoked
    for name in names:
        refresh = await stores.tokens.refresh_token(key(name))
        assert refresh is None or refresh.revoked
        access = await stores.tokens.access_token(key(name))
        assert access is None or access.revoked
    assert await stores.tokens.token_status("jti", grant.client_id, grant.id) is None


async def test_a_grant_is_revoked_once_and_all_of_it(stores: Stores, samples: Samples) -> None:
    grant = await samples.grant()
    tokens = access_token_of(grant, "first"), refresh_token(grant, "first")
    assert await stores.tokens.redeem(code_of(grant), NOW, *tokens)
    assert await stores.tokens.revoke_grant(grant.id, NOW)
    assert not await stores.tokens.revoke_grant(grant.id, SOON)
    assert not await stores.tokens.revoke_grant(key("no grant"), NOW)
    await _nothing_works(stores, grant, "first")


async def test_another_grant_of_the_same_person_and_application_stays_valid(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    application = await samples.client()
    ended = await samples.grant(person, application.id)
    living = await samples.grant(person, application.id)
    assert await stores.tokens.revoke_grant(ended.id, NOW)
    assert await stores.tokens.redeem(code_of(living), NOW, access_token_of(living, "a"), None)
    found = await stores.tokens.access_token(key("a"))
    assert found is not None
    assert not found.revoked


async def test_nothing_is_spent_after_revocation(stores: Stores, samples: Samples) -> None:
    grant, unused = await samples.grant(), await samples.grant()
    token = await samples.refresh_token(grant)
    assert await stores.tokens.revoke_grant(grant.id, NOW)
    assert await stores.tokens.revoke_grant(unused.id, NOW)
    successor = access_token_of(grant, "successor"), refresh_token(grant, "successor")
    assert not await stores.tokens.rotate(token, NOW, SUCCESSOR_NONCE, *successor)
    tokens = access_token_of(unused, "child"), refresh_token(unused, "child")
    assert not await stores.tokens.redeem(code_of(unused), NOW, *tokens)
    for name in ("successor", "child"):
        assert await stores.tokens.access_token(key(name)) is None
        assert await stores.tokens.refresh_token(key(name)) is None


@pytest.mark.parametrize("revocation_first", [True, False])
async def test_a_successor_saved_while_its_grant_is_revoked_is_revoked_too(
    stores: Stores, samples: Samples, revocation_first: bool
) -> None:
    for round_ in range(10):
        grant = await samples.grant()
        token = await samples.refresh_token(grant)
        name = f"successor {round_}"
        successor = access_token_of(grant, name), refresh_token(grant, name)
        acts = [
            stores.tokens.revoke_grant(grant.id, NOW),
            stores.tokens.rotate(token, NOW, SUCCESSOR_NONCE, *successor),
        ]
        await asyncio.gather(*(acts if revocation_first else reversed(acts)))
        await _nothing_works(stores, grant, name)


@pytest.mark.parametrize("revocation_first", [True, False])
async def test_tokens_issued_while_their_grant_is_revoked_are_revoked_too(
    stores: Stores, samples: Samples, revocation_first: bool
) -> None:
    for round_ in range(10):
        grant = await samples.grant()
        name = f"child {round_}"
        tokens = access_token_of(grant, name), refresh_token(grant, name)
        acts = [
            stores.tokens.revoke_grant(grant.id, NOW),
            stores.tokens.redeem(code_of(grant), NOW, *tokens),
        ]
        await asyncio.gather(*(acts if revocation_first else reversed(acts)))
        await _nothing_works(stores, grant, name)


@pytest.mark.parametrize("ending", ["withdraw", "delete person", "delete application"])
@pytest.mark.parametrize("end_first", [True, False])
async def test_a_successor_saved_while_its_person_or_application_is_deleted_is_inactive(
    stores: Stores, samples: Samples, ending: str, end_first: bool
) -> None:
    for round_ in range(5):
        grant = await samples.grant()
        token = await samples.refresh_token(grant)
        name = f"successor {round_}"
        successor = access_token_of(grant, name), refresh_token(grant, name)
        end = {
            "withdraw": stores.authorizations.withdraw_consent(grant.user_id, grant.client_id, NOW),
            "delete person": stores.users.delete_user(grant.user_id, NOW),
            "delete application": stores.clients.delete_client(grant.client_id),
        }
        acts = [end.pop(ending), stores.tokens.rotate(token, NOW, SUCCESSOR_NONCE, *successor)]
        for unused in end.values():
            unused.close()
        await asyncio.gather(*(acts if end_first else reversed(acts)))
        await _nothing_works(stores, grant, name)


async def test_a_disabled_person_s_tokens_sleep_and_wake(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    grant, unused = await samples.grant(person), await samples.grant(person)
    tokens = access_token_of(grant, "a"), refresh_token(grant, "a")
    assert await stores.tokens.redeem(code_of(grant), NOW, *tokens)
    for disabled_at in (NOW, None):
        assert await stores.users.set_disabled(person.id, disabled_at)
        found = [
            await stores.tokens.access_token(key("a")),
            await stores.tokens.refresh_token(key("a")),
            await stores.tokens.authorization_code(code_of(unused).key),
        ]
        assert [one is not None and one.revoked for one in found] == [disabled_at is not None] * 3
        token_status = await stores.tokens.token_status("jti", grant.client_id, grant.id)
        assert (token_status is None) == (disabled_at is not None)


async def test_a_disabled_application_s_access_tokens_are_revoked(
    stores: Stores, samples: Samples
) -> None:
    application = await samples.client()
    grant = await samples.grant(client_id=application.id)
    assert await stores.tokens.redeem(code_of(grant), NOW, access_token_of(grant, "a"), None)
    assert await stores.clients.replace_client(replace(application, disabled_at=NOW))
    found = await stores.tokens.access_token(key("a"))
    assert found is not None
    assert found.revoked
    assert await stores.tokens.token_status("jti", application.id, None) is None
    assert await stores.tokens.token_status("jti", application.id, grant.id) is None
