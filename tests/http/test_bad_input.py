"""Bad input at every wire endpoint: a clear 4xx in JSON, never a 5xx, and nothing changed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from quantimodo.endpoints.routes import NAMES, api_routes
from support.app import INTROSPECT, ME, REVOKE, TOKEN, USERINFO, App, AppHarness
from support.fake_provider import AUTHORIZE_CODE, AUTHORIZE_TOKEN

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
PAR = "/api/v2/oauth2/par"
DEVICE = "/api/v2/oauth2/device_authorization"
SOCIAL = (AUTHORIZE_CODE, AUTHORIZE_TOKEN)
POSTS = (
    TOKEN,
    "/api/v2/oauth/access_token",
    *SOCIAL,
    REVOKE,
    "/api/v2/oauth/revoke",
    INTROSPECT,
    "/api/v2/oauth/introspect",
    PAR,
    DEVICE,
)
TAKES_JSON = POSTS[:4]
USERINFOS = (USERINFO, "/api/v2/oauth/userinfo")
MEASURING = (
    "/api/v1/measurements",
    "/api/v2/measurements/{id}",
    "/api/v2/measurements/csv",
    "/api/v2/application/measurements",
    "/api/v1/variables",
    "/api/v1/variables/{name}",
    "/api/v1/variableCategories",
    "/api/v1/units",
    "/api/v1/unitCategories",
    "/api/v2/consents/current",
    "/api/v2/oauth2/grants/{grant_id}",
    "/api/v2/events",
)
RESOURCES = (ME, *USERINFOS, *MEASURING)
DOCUMENTS = (
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/jwks.json",
    "/.well-known/oauth-protected-resource/api",
    "/.well-known/oauth-protected-resource",
    "/api/openapi.json",
    "/api/openapi.yaml",
    "/health/live",
    "/health/ready",
)
REGISTRATION = ("/api/v2/oauth2/register", "/api/v2/oauth2/register/{client_id}")
PROVIDER_KEYS = "/api/v2/auth/social/keys/{provider}"
EVERY = (*POSTS, *RESOURCES, *REGISTRATION, *DOCUMENTS, "/metrics", PROVIDER_KEYS)


@dataclass
class Bad:
    """One malformed request."""

    says: str
    content: Any = b""
    kind: str | None = FORM
    headers: dict[str, str] = field(default_factory=dict)
    query: str = ""
    statuses: tuple[int, ...] = (400,)


def essence(path: str) -> str:
    """A body that would do, but for what is added."""
    if path in SOCIAL:
        return "provider=google&"
    if path in TAKES_JSON:
        return "grant_type=client_credentials&"
    if path == PAR:
        return "response_type=token&"  # the app is not registered for it
    if path == DEVICE:
        return "resource=https%3A%2F%2Funknown.example.org%2F&"
    return "token=qmr_nothing&"


def another(path: str) -> str:
    """One more parameter that the endpoint reads; what it does not know it ignores."""
    if path in SOCIAL:
        return "client_id"
    return "code" if path in TAKES_JSON else "client_assertion"


def bad_forms(path: str) -> list[Bad]:
    good, also = essence(path), another(path)
    return [
        Bad("no body", b"", None),
        Bad("an empty form", b""),
        Bad("only separators", b"&&&=&;"),
        Bad("doubled", good + good),
        Bad("doubled and empty", good + good.split("=")[0] + "="),
        Bad("nine thousand characters", good + f"{also}=" + "a" * 9000),
        Bad("nine thousand characters that matter", good.replace("=", "=" + "a" * 9000)),
        Bad("65 parameters", "&".join(f"p{i}=1" for i in range(70))),
        Bad("a NUL", good + f"{also}=a%00b"),
        Bad("a NUL in what matters", good.replace("&", "%00&")),
        Bad("a raw NUL", good.encode() + f"{also}=".encode() + b"\0"),
        Bad("a line break", good.replace("&", "%0d%0a&")),
        Bad("invalid UTF-8", good + f"{also}=%ff%fe"),
        Bad("an overlong encoding", good + f"{also}=%c0%80"),
        Bad("an encoded surrogate", good + f"{also}=%ed%a0%80"),
        Bad("raw bytes", good.encode() + f"{also}=".encode() + b"\xff\xfe"),
        Bad("raw UTF-8", good.encode() + f"{also}=é".encode()),
        Bad("an unassigned character", good + f"{also}=%f4%8f%bf%bf"),
        Bad("multipart", b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x"),
        Bad("plain text", good.encode(), "text/plain"),
        Bad("XML", b"<a/>", "application/xml"),
        Bad("a malformed type", good.encode(), "\x01/;;"),
        Bad("two types in one", good.encode(), f"{FORM}, {JSON}"),
        Bad("no type at all", good.encode(), None),
        Bad("70 KB", good + f"{also}=" + "a" * 70_000, statuses=(413,)),
        Bad("70 KB of another type", b"x" * 70_000, "text/plain", statuses=(413,)),
        Bad("70 KB in pieces", pieces, statuses=(413,)),
        Bad("32 KB of headers", good, headers={"x-y": "a" * 33_000}, statuses=(413, 431)),
        Bad(
            "101 headers",
            good,
            headers={f"x-{number}": "a" for number in range(101)},
            statuses=(413, 431),
        ),
    ]


async def pieces() -> AsyncIterator[bytes]:
    yield b"token=x&x="
    for _ in range(70):
        yield b"a" * 1000


def bad_json() -> list[Bad]:
    texts: dict[str, bytes] = {
        "nothing": b"",
        "half an object": b'{"grant_type":',
        "no object": b'["grant_type","client_credentials"]',
        "a number": b'{"grant_type":7}',
        "a doubled name": b'{"grant_type":"a","grant_type":"a"}',
        "two spellings": b'{"grant_type":"client_credentials","grantType":"refresh_token"}',
        "a lone surrogate": b'{"grant_type":"client_credentials","scope":"\\ud800"}',
        "a lone surrogate in what matters": b'{"grant_type":"\\udfff"}',
        "a NUL": b'{"grant_type":"client_credentials\\u0000"}',
        "invalid UTF-8": b'{"grant_type":"\xff"}',
        "UTF-7": b'{"grant_type":"+AGE-"}',
        "a deep object": b'{"a":' * 9000 + b"1" + b"}" * 9000,
        "deep arrays": b'{"grant_type":' + b"[" * 30000 + b"]" * 30000 + b"}",
        "unclosed arrays": b"[" * 60000,
        "a long value": b'{"grant_type":"client_credentials","code":"' + b"a" * 9000 + b'"}',
        "a long number": b'{"grant_type":' + b"1" * 5000 + b"}",
        "many names": b"{" + b",".join(b'"p%d":"x"' % n for n in range(70)) + b"}",
        "two objects": b'{"grant_type":"client_credentials"}{}',
    }
    return [
        *(Bad(f"JSON: {name}", text, JSON) for name, text in texts.items()),
        Bad("JSON: 70 KB", b'{"x":"' + b"a" * 70_000 + b'"}', JSON, statuses=(413,)),
    ]


def is_clear(response: httpx.Response) -> bool:
    """An error of RFC 6749 §5.2's shape, or of v2-api.md §4's."""
    body = response.json()
    if body.keys() == {"success", "status", "message", "error"}:
        body = {"error": body["error"]["code"], "error_description": body["message"]}
    return (
        response.headers["content-type"] == JSON
        and body.keys() - {"error_uri"} == {"error", "error_description"}
        and body["error"].isidentifier()
        and " " in body["error_description"]
    )


async def send(harness: AppHarness, method: str, path: str, bad: Bad, app: App) -> httpx.Response:
    content = bad.content() if callable(bad.content) else bad.content
    headers = {**bad.headers, **({} if bad.kind is None else {"content-type": bad.kind})}
    assert app.auth is not None
    return await harness.browser().request(
        method, path + bad.query, content=content, headers=headers, auth=app.auth
    )


def test_the_table_names_every_wire_endpoint() -> None:
    nothing: Any = dict.fromkeys(NAMES)
    paths = {route.path for route in api_routes(nothing, legacy_transport=True)}
    assert paths == set(EVERY)


@pytest.mark.parametrize("path", POSTS)
async def test_a_bad_body_is_a_clear_refusal_and_changes_nothing(
    harness: AppHarness, path: str
) -> None:
    app = await harness.app()
    before = harness.rows()
    cases = bad_forms(path) + (bad_json() if path in TAKES_JSON else [])
    for bad in cases:
        response = await send(harness, "POST", path, bad, app)
        assert response.status_code in bad.statuses, (bad.says, response.text)
        assert is_clear(response), bad.says
        assert len(response.content) < 300, "nothing of the input comes back"
    assert harness.rows() == before


@pytest.mark.parametrize("path", [REVOKE, INTROSPECT, PAR, DEVICE])
async def test_json_is_for_the_token_endpoint_alone(harness: AppHarness, path: str) -> None:
    app = await harness.app()
    response = await send(harness, "POST", path, Bad("JSON", b'{"token":"x"}', JSON), app)
    assert response.status_code == 400
    assert is_clear(response)


@pytest.mark.parametrize("path", TAKES_JSON)
async def test_a_bad_query_is_a_clear_refusal_too(harness: AppHarness, path: str) -> None:
    app = await harness.app()
    before = harness.rows()
    good = "?grant_type=client_credentials"
    for query in (
        "",
        "?",
        "?&&",
        "?grant_type",
        good + "&grant_type=client_credentials",
        good + "%00",
        good + "&code=%ff",
        good + "&code=" + "a" * 9000,
        good + "&grantType=x",
        "?" + "&".join(f"p{number}=1" for number in range(70)),
        "?" + "a" * 9000,
    ):
        response = await send(harness, "GET", path, Bad("a query", query=query, kind=None), app)
        assert response.status_code == 400, query[:50]
        assert is_clear(response)
    assert harness.rows() == before


async def test_another_method_is_a_405_that_names_the_right_ones(harness: AppHarness) -> None:
    for path in EVERY:
        known = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "BREW", "get")
        options = await harness.browser().options(path)
        allowed = options.headers["allow"].split(", ")
        assert options.status_code == 204
        assert "OPTIONS" in allowed
        for method in known:
            if method in allowed:
                continue
            response = await harness.send_raw(method, path)
            assert response.status_code == 405, method
            assert response.headers["allow"] == options.headers["allow"]
            assert method == "HEAD" or is_clear(response)


async def test_a_resource_refuses_bad_input_as_bearer_errors(harness: AppHarness) -> None:
    before = harness.rows()
    for path in RESOURCES:
        browser = harness.browser()
        for query in (
            "?access_token=",
            "?access_token=a&access_token=b",
            "?access_token=%00",
            "?access_token=%ff",
            "?access_token=" + "a" * 9000,
            "?access_token=é",
            "?access_token=" + "&x=1" * 100,
            "?%61ccess_token=x",
        ):
            response = await browser.get(path + query)
            assert response.status_code in (400, 401), query[:50]
            assert response.headers["www-authenticate"].startswith("Bearer")
            assert is_clear(response)
        if path in USERINFOS:
            for content in (b"access_token=%ff", b"access_token=\xff", b"access_token=%00"):
                response = await browser.post(path, content=content, headers={"content-type": FORM})
                assert response.status_code in (400, 401)
                assert is_clear(response)
            long = b"access_token=" + b"a" * 70_000
            response = await browser.post(path, content=long, headers={"content-type": FORM})
            assert response.status_code == 413
        assert harness.rows() == before


async def test_a_document_ignores_queries_and_unknown_headers(harness: AppHarness) -> None:
    before = harness.rows()
    for path in DOCUMENTS:
        for query in ("?x=%ff", "?x=%00", "?" + "a" * 9000, "?a=1&a=2"):
            assert (await harness.browser().get(path + query)).status_code == 200
        for headers in (
            {"authorization": "Bearer x"},
            {"authorization": "Basic ???"},
            {"cookie": "__Host-quantimodo_session=\x01;;;=;"},
            {"accept": "image/png"},
            {"content-type": "x" * 9000},
        ):
            assert (await harness.browser().get(path, headers=headers)).status_code == 200
        too_much = await harness.browser().get(path, headers={"x-y": "a" * 33_000})
        assert too_much.status_code in (413, 431)
        assert is_clear(too_much)
        assert harness.rows() == before


async def test_the_numbers_are_for_the_operator_alone(harness: AppHarness) -> None:
    for value in ("", "Bearer", "Bearer ", "Bearer x", "Bearer fake-metrics-token ", "Basic YTpi"):
        response = await harness.browser().get("/metrics", headers={"authorization": value})
        assert response.status_code == 404, value
        assert is_clear(response)
    raw = {b"authorization": "Bearer é".encode()}
    assert (await harness.browser().get("/metrics", headers=raw)).status_code == 404


async def test_without_a_token_configured_there_are_no_numbers(open_harness: Any) -> None:
    async with open_harness(metrics_token="") as harness:
        for value in ("", "Bearer ", "Bearer None", "Bearer fake-metrics-token"):
            response = await harness.browser().get("/metrics", headers={"authorization": value})
            assert response.status_code == 404


# ------------------------------------------------- artefacts of others, and those that are past


async def test_foreign_expired_and_revoked_artefacts_are_refused_and_nothing_changes(
    harness: AppHarness,
) -> None:
    await harness.person()
    app, attacker, browser = await harness.app(), await harness.app(), await harness.signed_in()
    code = (await harness.authorize(browser, app)).code
    live = await harness.tokens(app, browser)
    revoked = await harness.tokens(app, browser)
    revoked_code = (await harness.authorize(browser, app)).code
    gone = await harness.redeem(app, revoked_code)
    await harness.revoke(app, revoked["refresh_token"])
    await harness.revoke(app, gone.json()["refresh_token"])
    old_code = (await harness.authorize(browser, app)).code
    before = harness.rows()
    refusals = [
        await harness.redeem(attacker, code),
        await harness.refresh(attacker, live["refresh_token"]),
        await harness.revoke(attacker, live["refresh_token"]),
        await harness.revoke(attacker, live["access_token"]),
        await harness.refresh(app, revoked["refresh_token"]),
        await harness.call(revoked["access_token"]),
        await harness.redeem(app, "qmc_" + code[4:-1] + "A"),
    ]
    harness.advance(seconds=61)
    refusals.append(await harness.redeem(app, old_code))
    for number, response in enumerate(refusals):
        assert response.status_code in (400, 401), number
        assert is_clear(response)
    for token in (*live.values(), *revoked.values()):
        if str(token).startswith("qm"):
            assert await harness.introspect(attacker, token) == {"active": False}
    assert harness.rows() == before
    harness.advance(days=31)
    expired = [
        await harness.call(live["access_token"]),
        await harness.refresh(app, live["refresh_token"]),
    ]
    assert [response.status_code for response in expired] == [401, 400]
    assert harness.rows() == before
