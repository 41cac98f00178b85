"""`ExchangedTokenStore`: a token ends with all that it stands on (RFC 8693)."""

from dataclasses import replace

import pytest
from samples import NOW, SOON, Samples, access_token_of, exchanged_token, key

from quantimodo.model.confirmations import Confirmation
from quantimodo.model.exchanged_tokens import ExchangedToken
from quantimodo.model.tokens import Grant
from quantimodo.ports.stores import Conflict, Stores


async def _add(stores: Stores, grant: Grant, name: str, **changes: object) -> ExchangedToken:
    token = exchanged_token(grant, name, **changes)
    await stores.exchanged_tokens.add_exchanged_token(token)
    return token


async def _is_live(stores: Stores, token: ExchangedToken) -> bool:
    found = await stores.exchanged_tokens.exchanged_token(token.key)
    return found is not None and not found.revoked


async def test_a_token_is_found_with_its_grant_and_both_clients(
    stores: Stores, samples: Samples
) -> None:
    grant, actor = await samples.grant(details="[]"), await samples.client()
    await stores.tokens.add_access_token(access_token_of(grant, "subject"))
    bound_to = Confirmation("jkt", "fake-thumbprint")
    more = {"client_id": actor.id, "confirmation": bound_to, "details": "[]"}
    token = await _add(stores, grant, "subject", **more)
    found = await stores.exchanged_tokens.exchanged_token(token.key)
    assert found is not None
    assert found.user is not None
    assert (found.client_id, found.granted_to) == (actor.id, grant.client_id)
    assert (found.user.id, found.grant_id) == (grant.user_id, grant.id)
    assert (found.scope, found.confirmation) == (token.scope, bound_to)
    assert (found.details, found.token_details) == ("[]", "[]")
    assert (found.issued_at, found.expires_at, found.revoked) == (NOW, SOON, False)
    assert await stores.tokens.grant(grant.id) == grant
    assert await stores.tokens.grant(key("unknown")) is None
    assert await stores.exchanged_tokens.delete_exchanged_token(token.key)
    assert not await stores.exchanged_tokens.delete_exchanged_token(token.key)
    assert await stores.exchanged_tokens.exchanged_token(token.key) is None


async def test_it_ends_with_the_token_that_was_exchanged(stores: Stores, samples: Samples) -> None:
    grant = await samples.grant()
    await stores.tokens.add_access_token(access_token_of(grant, "subject"))
    opaque = await _add(stores, grant, "subject")
    signed = {"subject_key": None, "subject_jti": "fake-jti"}
    jwt = await _add(stores, grant, "jwt", **signed)
    assert await _is_live(stores, opaque)
    assert await _is_live(stores, jwt)
    await stores.tokens.revoke_access_token(key("subject"))
    assert not await _is_live(stores, opaque)
    assert await _is_live(stores, jwt)
    await stores.tokens.revoke_jwt("fake-jti", SOON)
    assert not await _is_live(stores, jwt)


async def test_it_ends_with_its_grant_person_and_clients(stores: Stores, samples: Samples) -> None:
    for end in (
        "grant",
        "consent",
        "person",
        "deleted-person",
        "client",
        "deleted-client",
        "actor",
    ):
        grant, actor = await samples.grant(), await samples.client()
        await stores.tokens.add_access_token(access_token_of(grant, end))
        token = await _add(stores, grant, end, client_id=actor.id)
        assert await _is_live(stores, token)
        application = await stores.clients.client(grant.client_id)
        assert application is not None
        match end:
            case "grant":
                await stores.tokens.revoke_grant(grant.id, NOW)
            case "consent":
                await stores.authorizations.withdraw_consent(grant.user_id, grant.client_id, NOW)
            case "person":
                await stores.users.set_disabled(grant.user_id, NOW)
            case "deleted-person":
                await stores.users.delete_user(grant.user_id, NOW)
            case "client":
                await stores.clients.replace_client(replace(application, disabled_at=NOW))
            case "deleted-client":
                await stores.clients.delete_client(application.id)
            case _:
                await stores.clients.replace_client(replace(actor, disabled_at=NOW))
        assert not await _is_live(stores, token), end


async def test_a_token_that_was_exchanged_again_ends_with_its_parent_and_what_that_stands_on(
    stores: Stores, samples: Samples
) -> None:
    for end in ("parent", "subject", "grant"):
        grant, actor = await samples.grant(), await samples.client()
        await stores.tokens.add_access_token(access_token_of(grant, end))
        parent = await _add(stores, grant, end, client_id=actor.id)
        chain = (actor.id, grant.client_id)
        more = {"key": key(f"{end}-child"), "subject_key": None, "parent_key": parent.key}
        child = await _add(stores, grant, end, client_id=actor.id, actors=chain, **more)
        found = await stores.exchanged_tokens.exchanged_token(child.key)
        assert found is not None
        assert (found.actors, found.exchanged_key, found.revoked) == (chain, child.key, False)
        more = {"key": key(f"{end}-grandchild"), "subject_key": None, "parent_key": child.key}
        grandchild = await _add(stores, grant, end, client_id=actor.id, **more)
        match end:
            case "parent":
                assert await stores.exchanged_tokens.delete_exchanged_token(parent.key)
            case "subject":
                await stores.tokens.revoke_access_token(key(end))
            case _:
                await stores.tokens.revoke_grant(grant.id, NOW)
        for each in (child, grandchild):
            assert not await _is_live(stores, each), end
    with pytest.raises(Conflict):  # a parent that was deleted meanwhile
        await _add(stores, grant, "late", subject_key=None, parent_key=key("unknown"))


async def test_a_token_ends_with_each_client_of_its_chain(stores: Stores, samples: Samples) -> None:
    for end in ("disabled", "deleted"):
        grant, actor = await samples.grant(), await samples.client()
        earlier, other = await samples.client(), await samples.client()
        await stores.tokens.add_access_token(access_token_of(grant, end))
        chain = (actor.id, earlier.id, grant.client_id)
        token = await _add(stores, grant, end, client_id=actor.id, actors=chain)
        await stores.clients.replace_client(replace(other, disabled_at=NOW))
        assert await _is_live(stores, token)
        if end == "disabled":
            await stores.clients.replace_client(replace(earlier, disabled_at=NOW))
        else:
            await stores.clients.delete_client(earlier.id)
        assert not await _is_live(stores, token)
