"""monitoring.md: a refused request writes one line, with endpoint and reason and none of its input.

The tests walk the table of routes, so that a new endpoint is tested without being named here.
"""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import structlog
from structlog.testing import LogCapture

from quantimodo.app.requests.refusal_sampling import SAMPLED
from support.app import ME, TOKEN, AppHarness
from support.checks import not_empty

MARK = "marked-secret"
SENT = ("csrf", "token", "provider", "client_id")
FORM = {"content-type": "application/x-www-form-urlencoded"}
HEADERS = {"authorization": f"Bearer {MARK}", "user-agent": MARK, "cookie": f"{MARK}={MARK}"}


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    """The lines of the log, not sampled."""
    before, capture = structlog.get_config()["processors"], LogCapture()
    structlog.configure(processors=[capture])
    yield capture.entries
    structlog.configure(processors=before)


def routes(harness: AppHarness) -> list[tuple[str, set[str]]]:
    """Every path that the server has, filled in, with its methods."""
    served: Any = harness.application
    found = [(route.path, set(route.methods)) for route in served._routes.values()]
    found += [(route.path, set(route.methods)) for route in served._pages.routes]
    return not_empty((re.sub(r"{[^}]*}", MARK, path), methods) for path, methods in found)


async def send(harness: AppHarness, method: str, path: str, **more: Any) -> httpx.Response:
    browser = harness.browser()
    request = browser.build_request("GET", path, **more)
    request.method = method
    return await browser.send(request)


def refusals(lines: list[Any]) -> list[Any]:
    found = [line for line in lines if line["event"] in SAMPLED]
    lines.clear()
    return found


def check(found: list[Any], request: str) -> None:
    assert len(found) == 1, (request, found)
    line = found[0]
    assert all(line[name] for name in ("endpoint", "code", "because")), (request, line)
    assert MARK not in str(line), request
    assert not line["because"].startswith("status "), (request, "no reason was given")


async def test_a_method_that_a_route_does_not_have(harness: AppHarness, lines: list[Any]) -> None:
    for path, _ in routes(harness):
        response = await send(harness, "BREW", path, headers=HEADERS)
        assert response.status_code == 405, path
        check(refusals(lines), f"BREW {path}")


async def test_input_that_an_endpoint_refuses(harness: AppHarness, lines: list[Any]) -> None:
    refused = set()
    for path, methods in routes(harness):
        for method in methods:
            more: dict[str, Any] = {"headers": HEADERS, "params": {"limit": MARK, "token": MARK}}
            if method not in ("GET", "HEAD"):
                more["headers"] = {**HEADERS, **FORM}
                more["content"] = "&".join(f"{name}={MARK}" for name in SENT)
            response = await send(harness, method, path, **more)
            found = refusals(lines)
            assert response.status_code < 500, (method, path)
            if response.status_code >= 400:
                refused.add((method, path))
                check(found, f"{method} {path}")
            else:
                assert not found, (method, path)
    unrefused_posts = {
        path
        for path, methods in routes(harness)
        if "POST" in methods and ("POST", path) not in refused
    }
    assert not unrefused_posts
    assert len(refused) > 90


async def test_headers_that_are_too_large(harness: AppHarness, lines: list[Any]) -> None:
    for path, _ in routes(harness):
        response = await send(harness, "GET", path, headers={**HEADERS, "x-long": MARK * 3_000})
        if response.status_code == 405:  # it has no GET
            response = await send(harness, "POST", path, headers={"x-long": MARK * 3_000})
        assert response.status_code == 413, path
        assert refusals(lines)[-1]["because"] == "the request is too large"


async def test_a_path_that_nothing_is_at(harness: AppHarness, lines: list[Any]) -> None:
    for path in (f"/{MARK}", f"/api/{MARK}", f"/.well-known/{MARK}", f"{TOKEN}/{MARK}"):
        assert (await send(harness, "GET", path, headers=HEADERS)).status_code == 404
        check(refusals(lines), path)


async def test_a_form_of_another_site(harness: AppHarness, lines: list[Any]) -> None:
    await send(harness, "POST", "/sign-in", headers=FORM, content=f"username={MARK}")
    (line,) = refusals(lines)
    assert (line["endpoint"], line["code"]) == ("/sign-in", "access_denied")


async def test_a_request_that_succeeds_writes_no_line(
    harness: AppHarness, lines: list[Any]
) -> None:
    await harness.person()
    token = (await harness.tokens(await harness.app()))["access_token"]
    assert (await harness.call(token, ME)).status_code == 200
    assert refusals(lines) == []
