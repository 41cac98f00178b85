"""The requests of a device and of the person who uses it (RFC 8628)."""

from typing import Any

import httpx

from support.app import DECISION, App, AppHarness, form_fields

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
DEVICE = "/api/v2/oauth2/device_authorization"
AGENT = "Television/1.0"


async def device_app(harness: AppHarness, **changes: Any) -> App:
    """A public application without a redirect URI, as on a television."""
    grants = frozenset({GRANT, "refresh_token"})
    return await harness.app(
        **{"public": True, "redirect_uris": (), "grant_types": grants, **changes}
    )


async def start(
    harness: AppHarness, app: App, proof: str | None = None, **fields: str | list[str]
) -> httpx.Response:
    auth = httpx.USE_CLIENT_DEFAULT if app.auth is None else app.auth
    data = {"scope": "basic", **({} if app.secret else {"client_id": app.id}), **fields}
    sent = {"user-agent": AGENT, **({} if proof is None else {"dpop": proof})}
    return await harness.browser().post(DEVICE, data=data, auth=auth, headers=sent)


async def started(harness: AppHarness, app: App, **fields: str | list[str]) -> dict[str, Any]:
    response = await start(harness, app, **fields)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def poll(harness: AppHarness, app: App, device_code: str, **more: str) -> httpx.Response:
    return await harness.token(app, grant_type=GRANT, device_code=device_code, **more)


async def polled(harness: AppHarness, app: App, device_code: str) -> str:
    """The error of a poll."""
    response = await poll(harness, app, device_code)
    assert response.status_code == 400, response.text
    error: str = response.json()["error"]
    return error


async def enter(browser: httpx.AsyncClient, user_code: str) -> httpx.Response:
    page = await browser.get("/device")
    fields = {**form_fields(page.text), "user_code": user_code}
    return await browser.post("/device", data=fields)


async def entered(browser: httpx.AsyncClient, user_code: str) -> httpx.Response:
    """The page that asks the person to confirm the device."""
    response = await enter(browser, user_code)
    assert response.status_code == 303, response.text
    confirmation = await browser.get(response.headers["location"])
    assert confirmation.headers["location"].startswith("/device/confirm"), confirmation.text
    return await browser.get(confirmation.headers["location"])


async def confirm(
    browser: httpx.AsyncClient, page: httpx.Response, decision: str = "continue"
) -> httpx.Response:
    """What follows the confirmation: the consent page, or the last page."""
    fields = {**form_fields(page.text), "decision": decision}
    response = await browser.post("/device/confirm", data=fields)
    while response.status_code == 303:
        response = await browser.get(response.headers["location"])
    return response


async def decide(
    browser: httpx.AsyncClient, page: httpx.Response, decision: str = "allow"
) -> httpx.Response:
    fields = {**form_fields(page.text), "decision": decision}
    return await browser.post(DECISION, data=fields)


async def approve(browser: httpx.AsyncClient, user_code: str) -> None:
    page = await confirm(browser, await entered(browser, user_code))
    response = await decide(browser, page)
    assert response.headers["location"].startswith("/device/done"), response.text
    assert "error" not in response.headers["location"]
