"""An app of 2016 in a browser: it opens windows, reads their addresses after the sign-in, and sends
requests by Ajax."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

from playwright.async_api import Page

from support.addresses import query_of

SOCIAL = "/api/v2/auth/social"
# What the generated clients of 2016 put on every call, a GET without a body included (v2-api.md
# §1). From another origin a browser asks first (preflight) whether it may.
_FETCH = """async ([url, form, bearer]) => {
  const headers = {Accept: 'application/json', Authorization: `Bearer ${bearer}`}
  if (!form) headers['Content-Type'] = 'application/json'
  const body = form ? new URLSearchParams(form) : undefined
  const answer = await fetch(url, {method: form ? 'POST' : 'GET', headers, body})
  return [answer.status, await answer.json()]
}"""


async def ajax(page: Page, url: str, form: dict[str, str] | None = None, bearer: str = "") -> Any:
    status, response = await page.evaluate(_FETCH, [url, form, bearer])
    assert status == 200, response
    return response


async def pop_up(page: Page, url: str) -> Page:
    """A window that the app opens, and whose address it can read at its own origin."""
    async with page.expect_popup() as opening:
        await page.evaluate("url => { window.waiting = window.open(url) }", url)
    popup = await opening.value
    await popup.wait_for_load_state("load")
    return popup


async def back(opener: Page, popup: Page, callback: str) -> dict[str, str]:
    """What the app reads from the window that it opened."""
    await popup.wait_for_url(f"{callback}?*")
    response = query_of(await opener.evaluate("window.waiting.location.href"))
    await popup.close()
    return response


async def login_jwt(
    opener: Page,
    server: str,
    callback: str,
    provider: str,
    there: Callable[[Page], Awaitable[None]] | None,
) -> str:
    """By pop-up, what a person does `there` at the provider, and Ajax."""
    requested = {"provider": provider, "redirectUrl": callback, "state": "social-state"}
    popup = await pop_up(opener, f"{server}{SOCIAL}/login?{urlencode(requested)}")
    if there is not None:
        await there(popup)
    response = await back(opener, popup, callback)
    assert response["state"] == "social-state"
    sent = {"provider": provider, "code": response["code"]}
    envelope = await ajax(opener, f"{server}{SOCIAL}/authorizeCode?{urlencode(sent)}")
    assert envelope["success"] is True
    token: str = envelope["data"]["token"]
    return token
