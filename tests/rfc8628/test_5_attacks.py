"""RFC 8628 §5, and the advice on cross-device flows: what an attacker may try."""

import asyncio
from typing import Any

import httpx

from quantimodo.authorization.stored_requests import RESUME
from quantimodo.model.client_metadata import ClientMetadata
from support.app import ISSUER, ME, TOKEN, AppHarness, OpenHarness, form_fields
from support.client_certificate import ClientCertificate, client_certificate
from support.devices import (
    DEVICE,
    GRANT,
    approve,
    confirm,
    decide,
    device_app,
    enter,
    entered,
    poll,
    polled,
    start,
    started,
)
from support.dpop import DPoPKey


async def test_3_4_another_clients_device_code(harness: AppHarness) -> None:
    await harness.person()
    app, other = await device_app(harness), await device_app(harness)
    found = await started(harness, app)
    for _ in range(2):  # neither before nor after the approval
        assert await polled(harness, other, found["device_code"]) == "invalid_grant"
        if not harness.rows()["codes"]:
            await approve(await harness.signed_in(), found["user_code"])
    assert (await poll(harness, app, found["device_code"])).status_code == 200


async def test_a_replay_ends_what_the_first_use_got(harness: AppHarness) -> None:
    await harness.person()
    app = await device_app(harness)
    found = await started(harness, app)
    await approve(await harness.signed_in(), found["user_code"])
    tokens = (await poll(harness, app, found["device_code"])).json()
    newer = (await harness.refresh(app, tokens["refresh_token"])).json()
    harness.advance(seconds=11)
    assert await polled(harness, app, found["device_code"]) == "invalid_grant"
    assert (await harness.call(newer["access_token"])).status_code == 401
    refused = await harness.refresh(app, newer["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"
    # It is a device code, and no authorization code.
    assert (await harness.redeem(app, found["device_code"])).status_code == 400


async def test_5_4_no_one_confirms_for_another_person(harness: AppHarness) -> None:
    """The attacker confirms the device, and sends the victim the address of the next step."""
    for email in ("ann@example.org", "eve@example.org"):
        await harness.person(email)
    app = await device_app(harness, public=False, first_party=True)
    found = await started(harness, app)
    attacker, victim = await harness.signed_in("eve@example.org"), await harness.signed_in()
    page = await entered(attacker, found["user_code"])
    request_id = form_fields(page.text)["request"]
    fields = {**form_fields(page.text), "decision": "continue"}
    assert (await attacker.post("/device/confirm", data=fields)).status_code == 303
    address = f"{RESUME}?request={request_id}"
    response = await victim.get(address)
    assert response.headers["location"].startswith("/device/confirm")
    shown = await victim.get(response.headers["location"])
    assert "ann@example.org" in shown.text
    assert (await confirm(victim, shown)).status_code == 400
    assert await polled(harness, app, found["device_code"]) == "authorization_pending"


async def test_a_form_of_one_person_is_not_sent_by_another(harness: AppHarness) -> None:
    """The consent page shows one account; meanwhile another one signs in in the same browser."""
    for email in ("ann@example.org", "eve@example.org"):
        await harness.person(email)
    app, browser = await device_app(harness), await harness.signed_in()
    found = await started(harness, app)
    consent = await confirm(browser, await entered(browser, found["user_code"]))
    await harness.sign_in(browser, "eve@example.org")
    assert (await decide(browser, consent)).status_code == 403
    again = await browser.get("/device")
    fields = {**form_fields(consent.text), "csrf": form_fields(again.text)["csrf"]}
    response = await browser.post(
        "/api/v2/oauth/authorize/decision", data={**fields, "decision": "allow"}
    )
    assert response.headers["location"].startswith("/device/confirm")
    assert not harness.rows()["grants"]


async def test_nothing_skips_the_confirmation(harness: AppHarness) -> None:
    await harness.person()
    app = await device_app(harness, public=False, first_party=True)
    for _ in range(2):  # the second time with a consent
        found = await started(harness, app)
        browser = await harness.signed_in()
        page = await entered(browser, found["user_code"])
        assert await polled(harness, app, found["device_code"]) == "authorization_pending"
        assert "Go back to your device" in (await confirm(browser, page)).text
        assert (await poll(harness, app, found["device_code"])).status_code == 200


async def test_5_1_wrong_codes_are_limited_and_right_ones_do_not_count(
    open_harness: OpenHarness,
) -> None:
    limits = {"limits__user_codes_per_browser": "3 per 15m"}
    async with open_harness(**limits) as harness:
        app, browser = await device_app(harness), harness.browser()
        for _ in range(5):
            code = (await started(harness, app))["user_code"]
            assert (await enter(browser, code)).status_code == 303
        statuses = [(await enter(browser, "BBBB-BBBB")).status_code for _ in range(5)]
        assert statuses == [400, 400, 400, 429, 429]
        assert (await enter(browser, code)).status_code == 429


async def test_3_5_a_lost_response_and_polls_at_once_give_one_set_of_tokens(
    harness: AppHarness,
) -> None:
    await harness.person()
    without_refresh = await device_app(harness, grant_types=frozenset({GRANT}))
    for app in (await device_app(harness), without_refresh):
        found = await started(harness, app)
        await approve(await harness.signed_in(), found["user_code"])
        polls = await asyncio.gather(*(poll(harness, app, found["device_code"]) for _ in range(6)))
        harness.advance(seconds=90)
        polls.append(await poll(harness, app, found["device_code"]))
        assert [each.status_code for each in polls] == [200] * 7
        access = {each.json()["access_token"] for each in polls}
        assert len(access) == len({each.json().get("refresh_token") for each in polls}) == 1
        assert polls[-1].json()["expires_in"] == polls[0].json()["expires_in"] - 90
        assert (await harness.call(access.pop())).status_code == 200
    assert len(harness.rows()["access_tokens"]) == 2
    harness.advance(seconds=91)
    assert await polled(harness, without_refresh, found["device_code"]) == "invalid_grant"


async def test_rfc9449_a_device_code_is_bound_to_the_key_of_its_request(
    harness: AppHarness,
) -> None:
    await harness.person()
    app, key, other = await device_app(harness), DPoPKey(), DPoPKey()
    now = harness.context.clock.now()
    found = (await start(harness, app, key.proof(now, DEVICE))).json()
    await approve(await harness.signed_in(), found["user_code"])
    assert await polled(harness, app, found["device_code"]) == "invalid_grant"
    body = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": found["device_code"],
        "client_id": app.id,
    }
    for holder, status in ((other, 400), (key, 200)):
        response = await harness.browser().post(
            "/api/v2/oauth2/access_token", data=body, headers={"dpop": holder.proof(now)}
        )
        assert response.status_code == status, response.text
    assert response.json()["token_type"] == "DPoP"


async def test_the_grant_does_not_end_with_the_browsers_session(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await device_app(harness), await harness.signed_in()
    found = await started(harness, app, scope="openid basic")
    await approve(browser, found["user_code"])
    tokens = (await poll(harness, app, found["device_code"])).json()
    assert "id_token" in tokens
    page = await browser.get("/sign-out")
    await browser.post("/sign-out", data=form_fields(page.text))
    assert (await harness.call(tokens["access_token"])).status_code == 200


async def test_rfc8705_tokens_of_a_device_are_bound_to_its_certificate(
    open_harness: OpenHarness,
) -> None:
    proxy = {"trusted_proxies": "127.0.0.1/32", "mtls__certificate_header": "Client-Cert"}
    metadata = ClientMetadata(tls_client_certificate_bound_access_tokens=True)
    async with open_harness(**proxy) as harness:
        await harness.person()
        app, now = await device_app(harness, metadata=metadata), harness.context.clock.now()
        shown, attacker = client_certificate(now), client_certificate(now)

        async def sent(
            certificate: ClientCertificate | None, method: str, path: str, **more: Any
        ) -> httpx.Response:
            transport = httpx.ASGITransport(app=harness.application, client=("127.0.0.1", 1234))  # type: ignore[arg-type]
            headers = {} if certificate is None else {"client-cert": certificate.sequence}
            async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as device:
                headers |= more.pop("headers", {})
                return await device.request(method, path, headers=headers, **more)

        found = await started(harness, app)
        await approve(await harness.signed_in(), found["user_code"])
        polling = {
            "grant_type": GRANT,
            "client_id": app.id,
            "device_code": found["device_code"],
        }
        missing = await sent(None, "POST", TOKEN, data=polling)
        assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")
        tokens = (await sent(shown, "POST", TOKEN, data=polling)).json()
        assert tokens["token_type"] == "Bearer"
        for certificate, status in ((shown, 200), (attacker, 401), (None, 401)):
            bearer = {"authorization": f"Bearer {tokens['access_token']}"}
            response = await sent(certificate, "GET", ME, headers=bearer)
            assert response.status_code == status, response.text
        # RFC 8705 §4: the refresh token of a public client is bound too.
        refreshing = {
            "grant_type": "refresh_token",
            "client_id": app.id,
            "refresh_token": tokens["refresh_token"],
        }
        stolen = await sent(attacker, "POST", TOKEN, data=refreshing)
        assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
        refreshed = await sent(shown, "POST", TOKEN, data=refreshing)
        assert refreshed.status_code == 200, refreshed.text
