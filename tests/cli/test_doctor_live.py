"""`quantimodo doctor --live`: the security statements, probed from outside."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from quantimodo.cli.doctor.live_check import examine_live, is_address
from quantimodo.cli.doctor.live_framing import framing_findings
from quantimodo.cli.doctor.live_probes import PROBES, Site
from quantimodo.cli.doctor.live_providers import provider_findings
from quantimodo.model.secrets import Secret
from quantimodo.model.server_state import ProviderState, ServerState, Sizes, TokenRequests
from quantimodo.ops.metrics import Metrics
from support.live_server import Live
from support.terminal import Terminal

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
URL = "https://id.example.org"
METRICS_TOKEN = "marked-metrics-token"
METADATA = "/.well-known/openid-configuration"


async def test_a_server_of_ours_has_no_fault(live: Live) -> None:
    found = await examine_live(live.address, lambda: datetime.now(UTC))
    assert [each for each in found if each.state == "fault"] == []
    assert {each.what for each in found if each.state == "ok"} == {
        *(probe.what for probe in PROBES),
        "framing",
    }


def _wrong(request: httpx.Request) -> httpx.Response:
    """A server that does everything wrong."""
    path = request.url.path
    if path == METADATA:
        return httpx.Response(
            200,
            json={
                "issuer": "https://other.example.org",
                "token_endpoint": "https://other.example.org/token",
                "code_challenge_methods_supported": ["plain", "S256"],
            },
        )
    if path == "/.well-known/jwks.json":
        return httpx.Response(200, json={"keys": [{"kty": "RSA", "n": "AQAB", "d": "AQAB"}]})
    if path == "/api/v2/oauth/authorize":
        return httpx.Response(302, headers={"location": "https://elsewhere.example.org/callback"})
    cookies = [("set-cookie", "session=1"), ("date", "Mon, 30 Nov 2026 11:00:00 GMT")]
    return httpx.Response(503 if path == "/health/ready" else 200, headers=cookies)


FAULTS = {
    "metadata": [
        "the issuer in the metadata document is not this address",
        "token_endpoint is at another address",
        "PKCE has other methods than S256",
    ],
    "keys": [
        "the key set has private members: replace all keys at once",
        "an RSA key has less than 2048 bits",
    ],
    "ready": ["/health/ready responds with status 503"],
    "clock": ["its clock differs from the clock here by -3600 seconds"],
    "pages": [
        "the sign-in page has no strict content security policy",
        "the sign-in page can be framed",
        "the sign-in page has no X-Content-Type-Options",
        "the sign-in page may be stored by caches",
        "there is no Strict-Transport-Security header",
        "the cookie session can be read by scripts",
        "the cookie session has no SameSite",
        "the cookie session is not bound to this host by TLS",
    ],
    "redirects": ["a request of an unknown application is redirected to its address"],
    "development": [
        "/sandbox responds with status 200: it is a development page",
        "/outbox responds with status 200: it is a development page",
        "/playground responds with status 200: it is a development page",
    ],
    "clients": [
        "/api/v2/oauth2/access_token does not refuse an unknown application",
        "responses of /api/v2/oauth2/access_token may be stored by caches",
        "/api/v2/oauth2/introspect does not refuse an unknown application",
        "responses of /api/v2/oauth2/introspect may be stored by caches",
    ],
    "tokens": [
        "userinfo does not refuse no token with a challenge",
        "userinfo does not refuse a wrong token with a challenge",
    ],
    "metrics": ["/metrics can be read without its token"],
    "paths": ["an unknown path of the API is not refused with 404 and JSON"],
}


async def test_each_fault_is_found() -> None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(_wrong)) as http:
        site = Site(URL, http, lambda: NOW)
        assert {probe.what: await probe.run(site) for probe in PROBES} == FAULTS


@pytest.mark.parametrize("body", [b"", b"[]", b"no json"])
async def test_a_document_that_is_none_is_a_fault(body: bytes) -> None:
    def empty(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=body)

    async with httpx.AsyncClient(transport=httpx.MockTransport(empty)) as http:
        found = {probe.what: await probe.run(Site(URL, http, lambda: NOW)) for probe in PROBES}
    assert found["metadata"] == ["the metadata document is not there (status 200)"]
    assert found["keys"] == ["there are no signing keys"]
    assert found["clock"] == ["responses have no Date"]


@asynccontextmanager
async def _raw_server(respond: Callable[[bytes], bytes]) -> AsyncIterator[str]:
    """A server that sends, for each packet, what `respond` makes of it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while packet := await reader.read(65_536):
            writer.write(respond(packet))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.close()


async def test_a_body_that_becomes_a_request_is_found() -> None:
    """security.md §14a: a proxy or server that loses a body reads it as the next request."""
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    async with _raw_server(lambda packet: ok) as url:
        found = await framing_findings(url, ssl.create_default_context(), seconds=0.5)
    assert [(each.state, each.text) for each in found] == [
        ("fault", "two lengths of a body: the request is not refused (statement 14a)"),
        ("fault", "a length and chunks: the request is not refused (statement 14a)"),
        ("fault", "two hosts: the request is not refused (statement 14a)"),
        ("fault", "no host: the request is not refused (statement 14a)"),
        ("fault", "a folded header line: the request is not refused (statement 14a)"),
        (
            "fault",
            "a body with Upgrade that comes in a second packet: one request gets 2 responses"
            " (statement 14a)",
        ),
    ]


STATE = ServerState(
    at=NOW,
    keys=[],
    last_backup_at=None,
    disk=None,
    sizes=Sizes(None, None),
    queues=[],
    providers=[
        ProviderState(
            provider="google", succeeded_at=NOW - timedelta(minutes=4), failed_at=None, failures=0
        ),
        ProviderState(
            provider="company", succeeded_at=NOW - timedelta(hours=3), failed_at=NOW, failures=7
        ),
        ProviderState(provider="new", succeeded_at=None, failed_at=NOW, failures=1),
    ],
    token_requests=TokenRequests(0, 0),
)


async def _about_providers(
    state: ServerState | None, url: str = URL, body: bytes | None = None
) -> list[tuple[str, str, str]]:
    """What is found at a server whose `/metrics` has this state, or this body."""
    metrics = Metrics()
    if state is not None:
        metrics.show(state)

    def respond(request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != f"Bearer {METRICS_TOKEN}":
            return httpx.Response(401)
        return httpx.Response(200, content=metrics.render() if body is None else body)

    async with httpx.AsyncClient(transport=httpx.MockTransport(respond)) as http:
        site = Site(url, http, lambda: NOW)
        found = await provider_findings(site, Secret(METRICS_TOKEN))
        wrong = await provider_findings(site, Secret("another token"))
    assert [each.state for each in wrong] == ["fault"]
    assert METRICS_TOKEN not in str(found)
    return [(each.state, each.what, each.text) for each in found]


async def test_the_results_of_the_probes_of_providers_are_read_with_the_token_of_metrics() -> None:
    found = await _about_providers(STATE)
    assert [(state, what) for state, what, _ in found] == [
        ("warning", "sign-in company"),
        ("ok", "sign-in google"),
        ("ok", "sign-in new"),
    ]
    texts = [text for _, _, text in found]
    assert "the last 7 requests to company failed" in texts[0]
    assert "3 hours" in texts[0]
    assert "4 minutes" in texts[1]
    assert "none has succeeded yet" in texts[2]
    ((state, _, text),) = await _about_providers(replace(STATE, providers=[]))
    assert (state, text) == ("ok", "no request to a sign-in provider is recorded")
    ((state, _, text),) = await _about_providers(None)
    assert (state, "run this again in a minute" in text) == ("warning", True)
    ((state, _, text),) = await _about_providers(STATE, body=b"<!doctype html>")
    assert (state, "text format" in text) == ("fault", True)
    ((state, _, text),) = await _about_providers(STATE, "http://id.example.org")
    assert (state, "not sent over plain http" in text) == ("fault", True)


def test_the_command_says_what_is_wrong_with_an_address(terminal: Terminal) -> None:
    alone = terminal("doctor", "--metrics-token-file", __file__)
    assert (alone.code, "needs --live" in alone.err) == (2, True)
    for url in ("ftp://id.example.org", "id.example.org", "https://id.example.org/x", "https://"):
        assert not is_address(url)
        refused = terminal("doctor", "--live", url)
        assert (refused.code, refused.out) == (2, "")
        assert "must be like https://id.example.org" in refused.err
    nothing = terminal("doctor", "--live", "http://127.0.0.1:1", "--json")
    assert (nothing.code, nothing.err) == (1, "")
    assert nothing.json == [
        {"state": "fault", "what": "address", "text": "no server responds there"}
    ]
