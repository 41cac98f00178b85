"""security.md §14, §14c: records of used assertions and messages are never deleted for new ones. A
full quota refuses, and a value that was used stays used."""

from typing import Any

import httpx

from quantimodo.clients.replay_quotas import signer_of
from quantimodo.ports.stores import QuotaExceeded
from support.app import CALLBACK, CHALLENGE, TOKEN, App, AppHarness, OpenHarness
from support.dpop import DPoPKey
from support.fake_provider import AUTHORIZE_TOKEN, FakeUpstream, profile, redeem_login
from support.registered_clients import (
    assertion_of,
    key_set,
    make_key,
    presenting,
    registered,
    signed,
)

SOCIAL = "/api/v2/auth/social"
REGISTER = "/api/v2/oauth2/register"
PUSH = "/api/v2/oauth2/par"
ROWS = 4096 // 376  # of the smallest quota


async def signing_app(harness: AppHarness, **changes: Any) -> tuple[App, Any]:
    key = make_key("ES256")
    metadata = {"token_endpoint_auth_method": "private_key_jwt", "jwks": key_set(key)}
    app = await registered(harness, metadata)
    await harness.register_again(app, **changes)
    return app, key


async def present(harness: AppHarness, signer: tuple[App, Any], jti: str) -> httpx.Response:
    app, key = signer
    assertion = signed(assertion_of(harness, app, jti=jti), key, "ES256")
    fields = presenting(assertion, grant_type="client_credentials")
    return await harness.browser().post(TOKEN, data=fields)


async def fill(harness: AppHarness, signer: tuple[App, Any]) -> None:
    for number in range(ROWS):
        response = await present(harness, signer, f"jti {number}")
        assert response.status_code == 200, response.text


async def test_an_app_that_used_up_its_quota_is_refused_alone(open_harness: OpenHarness) -> None:
    async with open_harness(budgets__replays_per_signer="4096") as harness:
        signer, other = await signing_app(harness), await signing_app(harness)
        await fill(harness, signer)
        refused = await present(harness, signer, "one more")
        assert refused.status_code == 429
        assert refused.json()["error"] == "temporarily_unavailable"
        assert int(refused.headers["retry-after"]) > 0
        assert "one more" not in refused.text
        # What was used stays used, and is refused for another reason than a full quota.
        replayed = await present(harness, signer, "jti 0")
        assert (replayed.status_code, replayed.json()["error"]) == (401, "invalid_client")
        assert (await present(harness, other, "jti 0")).status_code == 200


async def test_strangers_use_up_nothing_of_a_public_app(open_harness: OpenHarness) -> None:
    """A pushed request of a public app needs no credential, so its proof counts by address."""
    async with open_harness(budgets__replays_per_signer="4096") as harness:
        app, key = await harness.app(public=True), DPoPKey()

        async def push(proof: str) -> httpx.Response:
            data = {"client_id": app.id, "redirect_uri": CALLBACK, "response_type": "code"}
            data |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
            return await harness.browser().post(PUSH, data=data, headers={"dpop": proof})

        now = harness.context.clock.now()
        proofs = [key.proof(now, PUSH) for _ in range(ROWS + 1)]
        statuses = [(await push(proof)).status_code for proof in proofs]
        assert statuses == [201] * ROWS + [429]
        assert (await push(proofs[0])).json()["error"] == "invalid_dpop_proof"
        await harness.context.stores.replays.require_space(b"k" * 32, signer_of(app.client))


async def test_records_that_expired_make_space(open_harness: OpenHarness) -> None:
    async with open_harness(budgets__replays_per_signer="4096") as harness:
        signer = await signing_app(harness)
        await fill(harness, signer)
        harness.advance(hours=25)
        retention = harness.context.stores.retention
        assert await retention.delete_expired("replays", harness.context.clock.now(), 500) == ROWS
        assert (await present(harness, signer, "jti 0")).status_code == 200


async def test_apps_of_other_people_use_up_nothing_of_the_operators(
    open_harness: OpenHarness,
) -> None:
    """All apps of one person, or of one network, share one part of what is free."""
    rows = 650  # of which one owner gets 10
    async with open_harness(budgets__replays_total=str(rows * 376)) as harness:
        owner, other = await harness.person(), await harness.person("ben@example.org", "Ben")
        first = await signing_app(harness, owner_id=owner.id)
        second = await signing_app(harness, owner_id=owner.id)
        for number in range(10):
            response = await present(harness, (first, second)[number % 2], f"jti {number}")
            assert response.status_code == 200, response.text
        for app in (first, second, await signing_app(harness, owner_id=owner.id)):
            refused = await present(harness, app, "x")
            assert refused.status_code == 429
            assert refused.json()["error"] == "temporarily_unavailable"
            assert int(refused.headers["retry-after"]) > 0
        assert (await present(harness, first, "jti 0")).status_code == 401, "used before"
        for changes in (
            {"owner_id": other.id},
            {"registration_digest": b"d" * 32, "registered_from": b"one network"},
            {"registration_digest": b"e" * 32, "registered_from": b"another"},
            {"registration_digest": b"f" * 32},
            {},
        ):
            app = await signing_app(harness, **changes)
            assert (await present(harness, app, "x")).status_code == 200, changes


async def test_apps_that_register_from_one_network_have_one_owner(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(registration__mode="open") as harness:
        for name in ("One", "Two"):
            document = {"client_name": name, "redirect_uris": ["https://app.example.org/cb"]}
            response = await harness.browser().post(REGISTER, json=document)
            assert response.status_code == 201, response.text
        stored = await harness.context.stores.clients.clients()
        networks = [client.registered_from for client in stored]
        assert networks[0] is not None
        assert networks[0] == networks[1]


async def test_a_native_token_that_cannot_be_recorded_is_refused(
    open_harness: OpenHarness,
) -> None:
    google = FakeUpstream(people={"sdk-token": profile()}, fault=QuotaExceeded("full"))
    async with open_harness([google]) as harness:
        requested = {"provider": "google", "accessToken": "sdk-token"}
        response = await harness.browser().post(AUTHORIZE_TOKEN, data=requested)
        assert response.status_code == 503
        assert response.json()["error"]["code"] == "temporarily_unavailable"
        assert int(response.headers["retry-after"]) > 0


async def send_event(harness: AppHarness, place: str, number: int) -> httpx.Response:
    event = {"signed": True, "kind": "gone", "subject": "108", "id": f"message {number}"}
    return await harness.browser().post(f"{SOCIAL}/{place}/facebook", json=event)


def facebook() -> FakeUpstream:
    return FakeUpstream("facebook", "Facebook", people={"gia": profile("facebook")})


async def test_a_message_that_cannot_be_recorded_is_not_applied(open_harness: OpenHarness) -> None:
    """Else the same message could be sent again, and applied to an account that is new."""
    async with open_harness([facebook()], budgets__replays_per_signer="4096") as harness:
        for number in range(ROWS):
            assert (await send_event(harness, "deauthorize", number)).status_code == 200
        harness.advance(seconds=1)
        signed_in = await redeem_login(harness, "gia", provider="facebook")
        user_id = signed_in.json()["data"]["user"]["id"]
        refused = await send_event(harness, "deauthorize", ROWS)
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        assert refused.json()["err"] == "temporarily_unavailable"
        assert await harness.context.social.identities(user_id)
        # One that was applied is accepted again, and changes nothing.
        assert (await send_event(harness, "deauthorize", 0)).status_code == 200
        assert await harness.context.social.identities(user_id)


async def test_a_data_deletion_request_over_the_quota_deletes_nothing(
    open_harness: OpenHarness,
) -> None:
    async with open_harness([facebook()], budgets__data_deletion_requests_total="4096") as harness:
        number, first = 0, await send_event(harness, "data-deletion", 0)
        while (refused := await send_event(harness, "data-deletion", number)).status_code == 200:
            number += 1
            assert number < 20
        assert number == 4096 // 316
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        harness.advance(seconds=1)
        signed_in = await redeem_login(harness, "gia", provider="facebook")
        user_id = signed_in.json()["data"]["user"]["id"]
        assert (await send_event(harness, "data-deletion", number)).status_code == 503
        assert await harness.context.social.identities(user_id)
        # The person can still look at a request that was accepted, and it is answered as before.
        assert (await send_event(harness, "data-deletion", 0)).json() == first.json()
        page = await harness.browser().get(first.json()["url"])
        assert page.status_code == 200
