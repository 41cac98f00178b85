"""Bad input at the authorize endpoint: a page, 4xx, that leads nowhere; and nothing changed."""

from collections.abc import AsyncIterator

import httpx
import pytest

from support.app import AUTHORIZE, CALLBACK, DECISION, AppHarness

FORM = {"content-type": "application/x-www-form-urlencoded"}
RESUME = f"{AUTHORIZE}/resume"


def is_clear(response: httpx.Response) -> bool:
    return (
        400 <= response.status_code < 500
        and "location" not in response.headers
        and response.headers["content-type"].startswith(("text/html", "application/json"))
        and response.headers["cache-control"] == "no-store"
    )


def bad_texts(client_id: str) -> dict[str, bytes]:
    good = f"client_id={client_id}&response_type=code&redirect_uri={CALLBACK}".encode()
    return {
        "nothing": b"",
        "only separators": b"&&&=",
        "doubled": good + b"&client_id=" + client_id.encode(),
        "nine thousand characters": good + b"/" + b"a" * 9000,
        "a NUL": good + b"%00",
        "a NUL in the client": b"client_id=a%00b&response_type=code",
        "a line break": good + b"%0d%0aSet-Cookie:%20x=1",
        "invalid UTF-8": good + b"%ff",
        "an encoded surrogate": good + b"%ed%a0%80",
        "a line break in the address": b"client_id=%s&redirect_uri=%%0d%%0a" % client_id.encode(),
    }


@pytest.mark.parametrize("path", [AUTHORIZE, "/api/v2/oauth2/authorize"])
async def test_a_bad_target_is_a_page_that_leads_nowhere(harness: AppHarness, path: str) -> None:
    app, browser = await harness.app(), harness.browser()
    before = harness.rows()
    for says, text in bad_texts(app.id).items():
        by_get = await browser.get(f"{path}?{text.decode()}")
        by_post = await browser.post(path, content=text, headers=FORM)
        for response in (by_get, by_post):
            assert is_clear(response), says
            assert "set-cookie" not in response.headers or "x=1" not in str(response.headers)
    assert harness.rows() == before


@pytest.mark.parametrize(
    ("path", "kilobytes"), [(AUTHORIZE, 70), (AUTHORIZE, 1500), (DECISION, 500), (DECISION, 1500)]
)
async def test_a_body_that_is_too_large_is_a_413(
    harness: AppHarness, path: str, kilobytes: int
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"x="
        for _ in range(kilobytes // 10):
            yield b"a" * 10_000

    await harness.person()
    browser = await harness.signed_in()
    before = harness.rows()
    for content in (b"x=" + b"a" * (kilobytes * 1000), pieces()):
        response = await browser.post(path, content=content, headers=FORM)
        assert is_clear(response)
        assert response.status_code == 413
    assert harness.rows() == before


async def test_raw_bytes_are_refused(harness: AppHarness) -> None:
    for content in (b"\xff\xfe", b"client_id=\xff", b"\0"):
        response = await harness.browser().post(AUTHORIZE, content=content, headers=FORM)
        assert is_clear(response)


async def test_too_many_headers_are_refused(harness: AppHarness) -> None:
    for headers in ({"x-y": "a" * 33_000}, {f"x-{number}": "a" for number in range(101)}):
        response = await harness.browser().get(AUTHORIZE, headers=headers)
        assert response.status_code in (413, 431)


async def test_another_method_is_a_405(harness: AppHarness) -> None:
    for path in (
        AUTHORIZE,
        DECISION,
        RESUME,
    ):
        for method in ("PUT", "PATCH", "DELETE", "BREW"):
            response = await harness.send_raw(method, path)
            assert response.status_code == 405
            assert response.headers["allow"]


async def test_a_request_that_waits_nowhere_cannot_be_resumed(harness: AppHarness) -> None:
    await harness.person()
    for request_id in (
        "",
        "x",
        "qmq_",
        "qmq_" + "A" * 48,
        "qmq_" + "é" * 48,
        "%00",
        "%ff",
        "a" * 9000,
    ):
        browser = await harness.signed_in()
        assert is_clear(await browser.get(f"{RESUME}?request={request_id}"))
        assert is_clear(await browser.get(f"{RESUME}?request={request_id}&request=x"))


async def test_a_malformed_cookie_is_not_a_session(harness: AppHarness) -> None:
    # security.md §12: it fails closed.
    for cookie in (
        "__Host-quantimodo_session=",
        "__Host-quantimodo_session=x",
        "__Host-quantimodo_session=qmz_",
        "__Host-quantimodo_session=qmz_" + "A" * 48,
        "__Host-quantimodo_session=qmz_" + "=" * 48,
        '__Host-quantimodo_session="qmz_',
        "__Host-quantimodo_session=a; __Host-quantimodo_session=b",
        "=;;;,,,",
        "__Host-quantimodo_session=" + "A" * 9000,
        "session=qmz_" + "A" * 48,
    ):
        app = await harness.app(first_party=True)
        query = {"client_id": app.id, "response_type": "code"}
        response = await harness.browser().get(AUTHORIZE, params=query, headers={"cookie": cookie})
        assert response.status_code == 303
        assert response.headers["location"].startswith("/sign-in?")


async def test_raw_bytes_in_a_cookie_are_no_session(harness: AppHarness) -> None:
    app = await harness.app(first_party=True)
    query = {"client_id": app.id, "response_type": "code"}
    for value in (
        b"__Host-quantimodo_session=\xff\xfe",
        b"\xff=\xff",
        b"__Host-quantimodo_session=qmz_\x80",
    ):
        response = await harness.browser().get(AUTHORIZE, params=query, headers={b"cookie": value})
        assert response.headers["location"].startswith("/sign-in?")
