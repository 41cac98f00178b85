"""How many functions of this server a request to a hot path calls (decision 0031, bench/README.md).

Each call costs about as much as a column of a row. The numbers are the same on every machine, so
they show what a change adds to each request. A limit may be raised; the change says why.
"""

import sys
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

import httpx

import quantimodo
from support.app import USERINFO, AppHarness

_PACKAGE = quantimodo.__path__[0]
_LIMITS = {
    "client_credentials": 91,
    "refresh": 162,
    "introspection": 71,
    "userinfo": 38,
    "JWKS": 12,
}


async def test_a_request_to_a_hot_path_makes_few_calls(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(scope=frozenset({"openid", "basic"}))
    tokens = await harness.tokens(app, scope="openid basic")

    async def refresh() -> httpx.Response:
        response = await harness.refresh(app, tokens["refresh_token"])
        tokens.update(response.json())
        return response

    async def introspect() -> httpx.Response:
        return await harness.post(
            "/api/v2/oauth2/introspect", app, {"token": tokens["access_token"]}
        )

    requests: dict[str, Callable[[], Awaitable[httpx.Response]]] = {
        "client_credentials": lambda: harness.token(app, grant_type="client_credentials"),
        "refresh": refresh,
        "introspection": introspect,
        "userinfo": lambda: harness.call(tokens["access_token"], USERINFO),
        "JWKS": lambda: harness.send_raw("GET", "/.well-known/jwks.json"),
    }
    calls = {name: await _fewest_calls(request) for name, request in requests.items()}
    too_many = {name: n for name, n in calls.items() if n > _LIMITS[name]}
    assert not too_many, f"calls of a request: {calls}"


async def _fewest_calls(request: Callable[[], Awaitable[httpx.Response]]) -> int:
    """Of five requests: the first one fills caches."""
    counts = []
    for _ in range(5):
        count = 0

        def note(frame: FrameType, event: str, _: Any) -> None:
            nonlocal count
            if event == "call" and frame.f_code.co_filename.startswith(_PACKAGE):
                count += 1

        sys.setprofile(note)
        try:
            response = await request()
        finally:
            sys.setprofile(None)
        assert response.status_code == 200
        counts.append(count)
    return min(counts)
