"""A client that disconnects in the middle of a request: the part that arrived has no effect."""

from collections.abc import MutableMapping
from typing import Any

import pytest

from support.app import (
    AUTHORIZE,
    CALLBACK,
    DECISION,
    INTROSPECT,
    REVOKE,
    SESSION,
    TOKEN,
    USERINFO,
    VERIFIER,
    AppHarness,
    form_fields,
)

FORM = b"application/x-www-form-urlencoded"
Message = MutableMapping[str, Any]


async def cut_off(harness: AppHarness, path: str, body: bytes, cookie: str = "") -> int:
    """The status that reaches no client."""
    parts = iter(
        [
            {"type": "http.request", "body": body, "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    sent: list[Message] = []

    async def receive() -> Message:
        return next(parts)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"host", b"id.example.org"), (b"content-type", FORM)]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [*headers, (b"content-length", b"60000"), (b"cookie", cookie.encode())],
        "client": ("192.0.2.7", 1234),
        "server": ("id.example.org", 443),
    }
    await harness.application(scope, receive, send)
    status: int = sent[0]["status"]
    return status


async def test_no_code_is_spent_and_nothing_revoked(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    tokens = await harness.tokens(app, browser)
    code = (await harness.authorize(browser, app)).code
    who = f"client_id={app.id}&client_secret={app.secret}"
    redemption = f"redirect_uri={CALLBACK}&code_verifier={VERIFIER}&code={code}"
    before = harness.rows()
    for path, body in (
        (TOKEN, f"{who}&grant_type=authorization_code&{redemption}"),
        (TOKEN, f"{who}&grant_type=client_credentials&scope=basic"),
        (TOKEN, f"{who}&grant_type=refresh_token&refresh_token={tokens['refresh_token']}"),
        (REVOKE, f"{who}&token={tokens['refresh_token']}"),
        (INTROSPECT, f"{who}&token={tokens['access_token']}"),
        (USERINFO, f"access_token={tokens['access_token']}"),
    ):
        assert await cut_off(harness, path, body.encode()) == 400, path
    assert harness.rows() == before
    assert (await harness.redeem(app, code)).status_code == 200


@pytest.mark.parametrize("path", [AUTHORIZE, DECISION, "/sign-in", "/sign-up", "/account/profile"])
async def test_a_form_that_was_cut_off_is_neither_an_incident_nor_a_decision(
    harness: AppHarness, path: str
) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    fields = {**form_fields((await harness.ask(browser, app)).text), "decision": "allow"}
    body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    assert SESSION in cookie
    before = harness.rows()
    assert await cut_off(harness, path, body, cookie) == 400
    assert harness.rows() == before
