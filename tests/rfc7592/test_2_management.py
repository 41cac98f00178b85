"""An application that manages its own registration (RFC 7592 §2)."""

from typing import Any

import httpx
import pytest

from support.app import CALLBACK, TOKEN, App, AppHarness, OpenHarness

REGISTER = "/api/v2/oauth2/register"


@pytest.fixture
async def registering_harness(open_harness: OpenHarness) -> Any:
    async with open_harness(registration__mode="open") as harness:
        yield harness


async def registered(harness: AppHarness, **metadata: Any) -> dict[str, Any]:
    response = await harness.browser().post(
        REGISTER, json={"redirect_uris": [CALLBACK], **metadata}
    )
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    return found


async def manage(
    harness: AppHarness, method: str, received: dict[str, Any], body: Any = None, **changes: Any
) -> httpx.Response:
    token = changes.get("token", received["registration_access_token"])
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    path = f"{REGISTER}/{changes.get('client_id', received['client_id'])}"
    return await harness.browser().request(method, path, json=body, headers=headers)


async def test_2_1_it_reads_what_is_registered(registering_harness: AppHarness) -> None:
    received = await registered(registering_harness, client_name="Dream Diary")
    response = await manage(registering_harness, "GET", received)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    del received["client_secret"]  # kept as a digest only
    assert response.json() == received


async def test_2_2_it_replaces_all_of_it(registering_harness: AppHarness) -> None:
    received = await registered(
        registering_harness, client_name="Dream Diary", policy_uri="https://app.example.org/privacy"
    )
    body = {
        "client_id": received["client_id"],
        "client_secret": received["client_secret"],
        "redirect_uris": ["https://app.example.org/other"],
        "client_name": "Day Diary",
    }
    response = await manage(registering_harness, "PUT", received, body)
    assert response.status_code == 200, response.text
    found = response.json()
    assert found["client_name"] == "Day Diary"
    assert found["redirect_uris"] == ["https://app.example.org/other"]
    assert "policy_uri" not in found
    assert "client_secret" not in found
    assert (await manage(registering_harness, "GET", received)).json() == found


async def test_2_2_it_cannot_become_another_or_guess_its_secret(
    registering_harness: AppHarness,
) -> None:
    received = await registered(registering_harness)
    for body in (
        {"redirect_uris": [CALLBACK]},
        {"redirect_uris": [CALLBACK], "client_id": "another"},
        {"redirect_uris": [CALLBACK], "client_id": received["client_id"], "client_secret": "wrong"},
        {"redirect_uris": [CALLBACK + "#x"], "client_id": received["client_id"]},
        [],
    ):
        response = await manage(registering_harness, "PUT", received, body)
        assert response.status_code == 400
        assert (await manage(registering_harness, "GET", received)).json()["redirect_uris"] == [
            CALLBACK
        ]


async def test_2_2_a_secret_comes_when_it_is_needed_and_goes_when_not(
    registering_harness: AppHarness,
) -> None:
    received = await registered(registering_harness, token_endpoint_auth_method="none")
    body = {"client_id": received["client_id"], "redirect_uris": [CALLBACK]}
    confidential = (await manage(registering_harness, "PUT", received, body)).json()
    data = {
        "grant_type": "authorization_code",
        "code": "x",
        "client_id": received["client_id"],
    }
    auth = (received["client_id"], confidential["client_secret"])
    del data["client_id"]
    response = await registering_harness.browser().post(TOKEN, data=data, auth=auth)
    assert response.json()["error"] == "invalid_grant", "it is who it says"
    public = await manage(
        registering_harness, "PUT", received, {**body, "token_endpoint_auth_method": "none"}
    )
    assert "client_secret_expires_at" not in public.json()
    response = await registering_harness.browser().post(TOKEN, data=data, auth=auth)
    assert response.json()["error"] == "invalid_client"


async def test_2_3_it_deletes_itself_once(registering_harness: AppHarness) -> None:
    received = await registered(registering_harness)
    response = await manage(registering_harness, "DELETE", received)
    assert (response.status_code, response.content) == (204, b"")
    assert await registering_harness.context.stores.clients.client(received["client_id"]) is None
    assert (await manage(registering_harness, "GET", received)).status_code == 401


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_another_client_gets_no_information(
    registering_harness: AppHarness, method: str
) -> None:
    # RFC 7592 §2.1: 401 alike, whether there is such an app or not.
    received, other = await registered(registering_harness), await registered(registering_harness)
    by_hand = await registering_harness.app()
    tries = (
        {"token": None},
        {"token": "nonsense"},
        {"token": other["registration_access_token"]},
        {"client_id": other["client_id"]},
        {"client_id": by_hand.id},
        {"client_id": "unknown"},
    )
    responses = [await manage(registering_harness, method, received, {}, **each) for each in tries]
    assert {response.status_code for response in responses} == {401}
    assert len({response.text for response in responses}) == 1
    assert (
        await registering_harness.context.stores.clients.client(received["client_id"]) is not None
    )


async def test_a_disabled_app_does_not_manage_itself(registering_harness: AppHarness) -> None:
    received = await registered(registering_harness)
    client = await registering_harness.context.stores.clients.client(received["client_id"])
    assert client is not None
    await registering_harness.context.registry.disable(client)
    assert (await manage(registering_harness, "GET", received)).status_code == 401


async def test_2_2_members_that_the_server_sets_are_no_requests(
    registering_harness: AppHarness,
) -> None:
    """RFC 7592 §2.2: a client leaves them out; one that does not changes none of them. A member
    that is null is one that is left out."""
    received = await registered(registering_harness, policy_uri="https://app.example.org/privacy")
    stated = {
        "registration_access_token": "qmg_another",
        "registration_client_uri": "https://evil.example/",
        "client_secret_expires_at": 1,
        "client_id_issued_at": 1,
    }
    body = {
        "client_id": received["client_id"],
        "redirect_uris": [CALLBACK],
        "policy_uri": None,
        **stated,
    }
    changed = await manage(registering_harness, "PUT", received, body)
    assert changed.status_code == 200, changed.text
    found = changed.json()
    assert {name: found[name] for name in stated} == {name: received[name] for name in stated}
    assert "policy_uri" not in found
    assert (await manage(registering_harness, "GET", received)).json() == found


async def test_2_3_with_the_registration_all_access_ends(registering_harness: AppHarness) -> None:
    """RFC 7592 §2.3: grants, codes and tokens end with it, and the address is not known any
    more."""
    harness = registering_harness
    await harness.person()
    received = await registered(harness, grant_types=["authorization_code", "refresh_token"])
    client = await harness.context.stores.clients.client(received["client_id"])
    assert client is not None
    app = App(client, received["client_secret"])
    tokens = await harness.tokens(app, scope="basic openid offline_access")
    browser = await harness.signed_in()
    code = (await harness.authorize(browser, app, scope="basic")).code
    assert (await harness.call(tokens["access_token"])).status_code == 200
    deleted = await manage(harness, "DELETE", received)
    assert (deleted.status_code, deleted.headers["cache-control"]) == (204, "no-store")
    assert (await harness.call(tokens["access_token"])).status_code == 401
    for response in (
        await harness.refresh(app, tokens["refresh_token"]),
        await harness.redeem(app, code),
    ):
        assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
    assert (await harness.ask(browser, app)).status_code == 400
    for method in ("GET", "PUT", "DELETE"):
        assert (await manage(harness, method, received, {})).status_code == 401
