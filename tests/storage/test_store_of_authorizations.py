"""`AuthorizationStore`: stored requests, consents, and how an authorization begins."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from samples import (
    LATER,
    NOW,
    SOON,
    Samples,
    access_token_of,
    code_of,
    consent,
    key,
    refresh_token,
)

from quantimodo.model.consents import StoredRequest
from quantimodo.ports.stores import Conflict, Stores

_REQUEST = StoredRequest(
    key=key("request"),
    client_id="c",
    parameters=(("scope", "openid basic"), ("state", 'ünï"\\\0\ud800'), ("prompt", "")),
    created_at=NOW,
    expires_at=SOON,
)


async def test_a_request_comes_back_byte_for_byte(stores: Stores) -> None:
    await stores.authorizations.add_request(_REQUEST)
    assert await stores.authorizations.request(_REQUEST.key) == _REQUEST
    assert await stores.authorizations.request(key("other")) is None


async def test_a_request_is_never_replaced(stores: Stores) -> None:
    await stores.authorizations.add_request(_REQUEST)
    with pytest.raises(Conflict):
        await stores.authorizations.add_request(replace(_REQUEST, client_id="another"))
    assert await stores.authorizations.request(_REQUEST.key) == _REQUEST


async def test_a_request_is_kept_longer_until_it_is_claimed(stores: Stores) -> None:
    store = stores.authorizations
    await store.add_request(_REQUEST)
    for until in (LATER, SOON):
        await store.extend_request(_REQUEST.key, until)
        found = await store.request(_REQUEST.key)
        assert found is not None
        assert found.expires_at == LATER, "never shorter"
    assert await store.claim_request(_REQUEST.key, b"holder", SOON)
    await store.extend_request(_REQUEST.key, LATER)
    claimed = await store.request(_REQUEST.key)
    assert claimed is not None
    assert claimed.expires_at == SOON


async def test_of_many_who_drop_a_request_one_did(stores: Stores) -> None:
    await stores.authorizations.add_request(_REQUEST)
    drops = await asyncio.gather(
        *(stores.authorizations.delete_request(_REQUEST.key) for _ in range(10))
    )
    assert sorted(drops) == [False] * 9 + [True]
    assert await stores.authorizations.request(_REQUEST.key) is None


async def test_of_many_who_claim_a_request_one_did(stores: Stores) -> None:
    await stores.authorizations.add_request(_REQUEST)
    claims = await asyncio.gather(
        *(
            stores.authorizations.claim_request(_REQUEST.key, bytes([n]) * 32, LATER)
            for n in range(10)
        )
    )
    assert sorted(claims) == [False] * 9 + [True]
    found = await stores.authorizations.request(_REQUEST.key)
    assert found is not None
    assert found.claimed_by == bytes([claims.index(True)]) * 32
    assert found.expires_at == LATER
    assert found.response is None
    assert not await stores.authorizations.claim_request(key("other"), b"x" * 32, LATER)
    assert not await stores.authorizations.delete_request(_REQUEST.key), "it is responded to"
    assert await stores.authorizations.request(_REQUEST.key) == found


async def test_the_response_of_a_request_is_kept_with_it(stores: Stores) -> None:
    await stores.authorizations.add_request(_REQUEST)
    await stores.authorizations.claim_request(_REQUEST.key, b"x" * 32, LATER)
    await stores.authorizations.set_response(_REQUEST.key, b"\0sealed\xff")
    found = await stores.authorizations.request(_REQUEST.key)
    assert found is not None
    assert found.response == b"\0sealed\xff"
    assert found.parameters == _REQUEST.parameters
    await stores.authorizations.set_response(key("other"), b"nothing")
    assert await stores.authorizations.request(key("other")) is None


async def test_a_consent_comes_back_as_saved(stores: Stores, samples: Samples) -> None:
    person, application = await samples.user(), await samples.client()
    assert await stores.authorizations.consent(person.id, application.id) is None
    given = consent(person, application.id, "basic", "openid")
    await stores.authorizations.save_consent(given)
    assert await stores.authorizations.consent(person.id, application.id) == given


async def test_a_second_consent_widens_and_never_narrows(stores: Stores, samples: Samples) -> None:
    person, application = await samples.user(), await samples.client()
    await stores.authorizations.save_consent(consent(person, application.id, "basic", "openid"))
    again = replace(
        consent(person, application.id, "readmeasurements"), granted_at=SOON, updated_at=SOON
    )
    await stores.authorizations.save_consent(again)
    found = await stores.authorizations.consent(person.id, application.id)
    assert found is not None
    assert found.scope == {"basic", "openid", "readmeasurements"}
    assert (found.granted_at, found.updated_at) == (NOW, SOON)


@pytest.mark.parametrize("deleted", ["person", "application"])
async def test_nothing_is_consented_for_whom_or_what_was_deleted(
    stores: Stores, samples: Samples, deleted: str
) -> None:
    person, application = await samples.user(), await samples.client()
    if deleted == "person":
        assert await stores.users.delete_user(person.id, NOW)
    else:
        assert await stores.clients.delete_client(application.id)
    with pytest.raises(Conflict):
        await stores.authorizations.save_consent(consent(person, application.id, "basic"))
    assert await stores.authorizations.consent(person.id, application.id) is None


async def test_first_consents_given_at_once_all_count(stores: Stores, samples: Samples) -> None:
    person, application = await samples.user(), await samples.client()
    words = [f"scope{number}" for number in range(8)]
    given = [
        stores.authorizations.save_consent(consent(person, application.id, word)) for word in words
    ]
    await asyncio.gather(*given)
    found = await stores.authorizations.consent(person.id, application.id)
    assert found is not None
    assert found.scope == set(words)


async def test_a_consent_needs_its_person_and_application(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    with pytest.raises(Conflict):
        await stores.authorizations.save_consent(consent(person, "unknown", "basic"))


async def test_consents_are_listed_latest_first(stores: Stores, samples: Samples) -> None:
    person, other = await samples.user(), await samples.user()
    applications = [await samples.client() for _ in range(3)]
    for minutes, application in zip((2, 3, 1), applications, strict=True):
        given = consent(person, application.id, "basic")
        await stores.authorizations.save_consent(
            replace(given, granted_at=NOW + timedelta(minutes=minutes))
        )
    await stores.authorizations.save_consent(consent(other, applications[0].id, "basic"))
    listed = [found.client_id for found in await stores.authorizations.consents_of(person.id)]
    assert listed == [applications[1].id, applications[0].id, applications[2].id]


async def test_withdrawal_forgets_the_consent_and_ends_every_authorization(
    stores: Stores, samples: Samples
) -> None:
    person, application = await samples.user(), await samples.client()
    other_person, other_application = await samples.user(), await samples.client()
    await stores.authorizations.save_consent(consent(person, application.id, "basic"))
    await stores.authorizations.save_consent(consent(person, other_application.id, "basic"))
    unused = await samples.grant(person, application.id)
    used = await samples.grant(person, application.id)
    access, successor = access_token_of(used, "a"), refresh_token(used, "r")
    assert await stores.tokens.redeem(code_of(used), NOW, access, successor)
    others = [
        await samples.grant(other_person, application.id),
        await samples.grant(person, other_application.id),
    ]

    assert await stores.authorizations.withdraw_consent(person.id, application.id, NOW)
    assert await stores.authorizations.consent(person.id, application.id) is None
    for code in (code_of(unused), code_of(used)):
        found = await stores.tokens.authorization_code(code.key)
        assert found is not None
        assert found.revoked
    spent = await stores.tokens.refresh_token(successor.key)
    assert spent is not None
    assert spent.revoked
    token = await stores.tokens.access_token(access.key)
    assert token is not None
    assert token.revoked
    assert not await stores.tokens.redeem(code_of(unused), NOW, None, None)
    assert not await stores.tokens.rotate(successor, NOW, b"s", None, refresh_token(used, "r2"))
    assert await stores.tokens.token_status("jti", application.id, used.id) is None

    assert await stores.authorizations.consent(person.id, other_application.id) is not None
    for grant in others:
        assert await stores.tokens.redeem(code_of(grant), NOW, None, None)


async def test_withdrawing_twice_is_false_and_ends_no_less(
    stores: Stores, samples: Samples
) -> None:
    grant = await samples.grant()
    assert await stores.authorizations.withdraw_consent(grant.user_id, grant.client_id, NOW)
    assert not await stores.authorizations.withdraw_consent(grant.user_id, grant.client_id, NOW)
    assert not await stores.tokens.redeem(code_of(grant), NOW, None, None)


async def test_nothing_begins_without_a_consent_to_all_of_it(
    stores: Stores, samples: Samples
) -> None:
    person, application = await samples.user(), await samples.client()
    grant = await samples.unsaved_grant(person, application.id, scope=frozenset({"basic"}))
    wider = grant._replace(id=key("wider"), scope=frozenset({"basic", "openid"}))
    access = access_token_of(wider, "wider")
    assert not await stores.authorizations.add_grant(wider, code_of(wider), access)
    assert await stores.authorizations.withdraw_consent(person.id, application.id, NOW)
    assert not await stores.authorizations.add_grant(grant, code_of(grant))
    for code in (code_of(wider), code_of(grant)):
        assert await stores.tokens.authorization_code(code.key) is None
    assert await stores.tokens.access_token(access.key) is None
    assert await stores.tokens.token_status("jti", application.id, grant.id) is None


@pytest.mark.parametrize("deleted", ["person", "application"])
async def test_nothing_begins_for_whom_or_what_was_deleted(
    stores: Stores, samples: Samples, deleted: str
) -> None:
    grant = await samples.unsaved_grant()
    if deleted == "person":
        assert await stores.users.delete_user(grant.user_id, NOW)
    else:
        assert await stores.clients.delete_client(grant.client_id)
    assert not await stores.authorizations.add_grant(grant, code_of(grant))


async def test_a_grant_during_the_withdrawal_of_the_consent_is_prevented_or_revoked(
    stores: Stores, samples: Samples
) -> None:
    person, application = await samples.user(), await samples.client()
    for _ in range(20):
        grants = [await samples.unsaved_grant(person, application.id) for _ in range(6)]
        begun = [stores.authorizations.add_grant(grant, code_of(grant)) for grant in grants]
        withdrawal = stores.authorizations.withdraw_consent(person.id, application.id, NOW)
        await asyncio.gather(*begun[:3], withdrawal, *begun[3:])
        for grant in grants:
            found = await stores.tokens.authorization_code(code_of(grant).key)
            assert found is None or found.revoked


async def test_an_authorization_begins_with_code_and_front_channel_token(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    grant = await samples.unsaved_grant(person)
    code, access = code_of(grant), access_token_of(grant, "front")
    assert await stores.authorizations.add_grant(grant, code, access)
    found = await stores.tokens.authorization_code(code.key)
    assert found is not None
    assert (found.code, found.grant, found.user) == (code, grant, person)
    assert (found.redeemed_at, found.revoked) == (None, False)
    token = await stores.tokens.access_token(access.key)
    assert token is not None
    assert token.grant_id == grant.id


async def test_an_authorization_may_begin_without_a_code(stores: Stores, samples: Samples) -> None:
    grant = await samples.unsaved_grant()
    access = access_token_of(grant, "implicit")
    assert await stores.authorizations.add_grant(grant, None, access)
    token = await stores.tokens.access_token(access.key)
    assert token is not None
    assert token.user is not None
    assert token.user.id == grant.user_id
    assert await stores.tokens.token_status("jti", grant.client_id, grant.id) is not None


async def test_a_code_with_nothing_optional_comes_back(stores: Stores, samples: Samples) -> None:
    grant = await samples.unsaved_grant(methods=(), scope=frozenset(), expires_at=LATER)
    code = code_of(grant, redirect_uri=None, challenge=None, nonce=None)
    assert await stores.authorizations.add_grant(grant, code)
    found = await stores.tokens.authorization_code(code.key)
    assert found is not None
    assert (found.code, found.grant) == (code, grant)


async def test_an_authorization_that_cannot_be_saved_leaves_nothing(
    stores: Stores, samples: Samples
) -> None:
    first = await samples.grant()
    second = await samples.unsaved_grant()
    with pytest.raises(Conflict):
        await stores.authorizations.add_grant(
            second, code_of(second)._replace(key=code_of(first).key)
        )
    assert await stores.tokens.token_status("jti", second.client_id, second.id) is None
    assert await stores.authorizations.add_grant(second, code_of(second))  # its id is free
