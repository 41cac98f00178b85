"""`swagger_client.session`: authorization request and response, tokens, and sign-out."""

import hashlib
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from recorded_server import RecordedResponse, RecordedServer
from session_driver import REVOKE_PATH, TOKEN_PATH, SessionDriver, stored_token, tokens

from swagger_client.rest import ApiException
from swagger_client.session import (
    AuthorizationRefused,
    AuthorizationRequest,
    InvalidAuthorizationResponse,
    MemoryStore,
    OAuthSession,
    SignInRequired,
)

NewDriver = Callable[..., SessionDriver]
CALLBACK = "http://127.0.0.1/callback"


def response(request: AuthorizationRequest, issuer: str, **changes: str | None) -> str:
    """The address to which the browser comes back; a parameter that is None is left out."""
    brought: dict[str, str | None] = {
        "code": "qmc_fake-code",
        "state": request.state,
        "iss": issuer,
        **changes,
    }
    sent = {name: value for name, value in brought.items() if value is not None}
    return f"{CALLBACK}?{urlencode(sent)}"


async def test_the_request_has_pkce_and_its_own_state(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    driver = new_driver(scope="basic readmeasurements")
    first = driver.session.authorization_url(prompt="login", nonce=None)
    second = driver.session.authorization_url()
    parts = urlsplit(first.url)
    assert (
        f"{parts.scheme}://{parts.netloc}{parts.path}"
        == f"{recorded_server.host}/v2/oauth/authorize"
    )
    digest = hashlib.sha256(first.code_verifier.encode()).digest()
    assert parse_qs(parts.query) == {
        "response_type": ["code"],
        "client_id": ["some-client"],
        "redirect_uri": [CALLBACK],
        "scope": ["basic readmeasurements"],
        "state": [first.state],
        "code_challenge": [urlsafe_b64encode(digest).rstrip(b"=").decode()],
        "code_challenge_method": ["S256"],
        "prompt": ["login"],
    }
    assert first.code_verifier not in first.url + repr(first)
    assert 43 <= len(first.code_verifier) <= 128
    assert (first.state, first.code_verifier) != (second.state, second.code_verifier)


async def test_the_code_is_exchanged_for_tokens(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(TOKEN_PATH, RecordedResponse(body=tokens()))
    store = MemoryStore()
    driver = new_driver(store=store)
    request = driver.session.authorization_url()
    token = await driver.call("fetch_token", response(request, recorded_server.address))
    assert (
        token
        == store.load()
        == await driver.token()
        == replace(stored_token(), token_type="Bearer")
    )
    (received,) = recorded_server.requests
    assert received.method == "POST"
    assert received.form == {
        "grant_type": "authorization_code",
        "code": "qmc_fake-code",
        "redirect_uri": CALLBACK,
        "code_verifier": request.code_verifier,
        "client_id": "some-client",
    }
    assert "authorization" not in received.headers
    assert not received.query
    assert "qm" not in repr(token).replace("quantimodo", "")


async def test_a_secret_goes_by_basic_and_nowhere_else(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(TOKEN_PATH, RecordedResponse(body=tokens()))
    driver = new_driver(client_secret="s:e c/ret")
    request = driver.session.authorization_url()
    await driver.call("fetch_token", response(request, recorded_server.address))
    (received,) = recorded_server.requests
    basic = b64decode(received.headers["authorization"].removeprefix("Basic ")).decode()
    assert basic == "some-client:s%3Ae+c%2Fret"  # RFC 6749 §2.3.1
    assert "client_id" not in received.form
    assert "client_secret" not in received.form
    assert "s:e c" not in repr(driver.session.application)


async def test_another_process_may_exchange_the_code(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(TOKEN_PATH, RecordedResponse(body=tokens()))
    request = new_driver().session.authorization_url()
    kept = AuthorizationRequest(
        request.url, request.state, request.redirect_uri, request.code_verifier
    )
    other = new_driver()
    await other.call("fetch_token", response(request, recorded_server.address), kept)
    assert recorded_server.requests[0].form["code_verifier"] == request.code_verifier


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "another"},
        {"state": None},
        {"state": "é"},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"code": None},
        {"state": "another", "error": "access_denied"},
    ],
)
async def test_a_response_of_another_person_is_not_accepted(
    new_driver: NewDriver, recorded_server: RecordedServer, changes: dict[str, str | None]
) -> None:
    driver = new_driver()
    request = driver.session.authorization_url()
    with pytest.raises(InvalidAuthorizationResponse):
        await driver.call("fetch_token", response(request, recorded_server.address, **changes))
    assert not recorded_server.requests


async def test_a_repeated_parameter_is_refused(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    driver = new_driver()
    brought = (
        response(driver.session.authorization_url(), recorded_server.address) + "&code=another"
    )
    with pytest.raises(InvalidAuthorizationResponse):
        await driver.call("fetch_token", brought)


async def test_a_refusal_reaches_the_app(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    driver = new_driver()
    request = driver.session.authorization_url()
    error = {"code": None, "error": "access_denied", "error_description": "The person said no"}
    with pytest.raises(AuthorizationRefused, match="said no") as caught:
        await driver.call("fetch_token", response(request, recorded_server.address, **error))
    assert caught.value.error == "access_denied"


async def test_without_a_request_there_is_nothing_to_answer(new_driver: NewDriver) -> None:
    with pytest.raises(ValueError, match="authorization_url first"):
        await new_driver().call("fetch_token", f"{CALLBACK}?code=c")


async def test_a_code_that_is_refused_is_sent_once_and_not_shown(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    for refused in (
        RecordedResponse(400, {"error": "invalid_grant"}),
        RecordedResponse(503),
        RecordedResponse(drop=True),
    ):
        recorded_server.requests.clear()
        recorded_server.on(TOKEN_PATH, refused)
        driver = new_driver()
        request = driver.session.authorization_url()
        with pytest.raises(ApiException) as caught:
            await driver.call("fetch_token", response(request, recorded_server.address))
        assert "qmc_fake-code" not in str(caught.value)
        assert len(recorded_server.requests) == 1
        assert await driver.token() is None


@pytest.mark.parametrize("body", [{}, {"access_token": 7}, {"access_token": "t"}, [], b"<p>"])
async def test_a_response_without_tokens_is_refused(
    new_driver: NewDriver, recorded_server: RecordedServer, body: Any
) -> None:
    recorded_server.on(TOKEN_PATH, RecordedResponse(body=body))
    driver = new_driver()
    request = driver.session.authorization_url()
    with pytest.raises(ApiException):
        await driver.call("fetch_token", response(request, recorded_server.address))
    assert await driver.token() is None


async def test_an_application_gets_a_token_for_itself(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(TOKEN_PATH, RecordedResponse(body=tokens(refresh_token=None)))
    driver = new_driver(client_secret="fake-secret")
    token = await driver.call("fetch_application_token", "readmeasurements")
    assert token.refresh_token is None
    assert recorded_server.requests[0].form == {
        "grant_type": "client_credentials",
        "scope": "readmeasurements",
    }


async def test_a_person_agrees_on_another_device(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    """RFC 8628; this server does not support it yet, so a recorded server has the metadata."""
    endpoint = "/api/v2/oauth2/device_authorization"
    metadata = {"device_authorization_endpoint": recorded_server.address + endpoint}
    recorded_server.on("/.well-known/oauth-authorization-server", RecordedResponse(body=metadata))
    code = {
        "device_code": "fake-device-code",
        "user_code": "ABCD-EFGH",
        "verification_uri": "https://id.example.org/device",
        "expires_in": 60,
    }
    recorded_server.on(endpoint, RecordedResponse(body=code))
    pending = RecordedResponse(400, {"error": "authorization_pending"})
    recorded_server.on(TOKEN_PATH, pending, pending, RecordedResponse(body=tokens()))
    shown: list[Any] = []
    driver = new_driver(client_secret="qms_fake-secret")
    token = await driver.call("fetch_device_token", shown.append)
    assert token == await driver.token()
    assert shown[0].user_code == "ABCD-EFGH"
    assert "fake-device-code" not in repr(shown[0])
    assert driver.time.waits == [5, 5, 5]
    assert recorded_server.requests_to(endpoint)[0].headers["authorization"].startswith("Basic ")
    recorded_server.on(TOKEN_PATH, RecordedResponse(400, {"error": "access_denied"}))
    with pytest.raises(ApiException) as caught:
        await driver.call("fetch_device_token", shown.append)
    assert "fake-device-code" not in str(caught.value)


async def test_sign_out_deletes_and_revokes_the_tokens(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(REVOKE_PATH, RecordedResponse())
    store = MemoryStore(stored_token())
    driver = new_driver(store=store)
    await driver.call("sign_out")
    assert recorded_server.requests[0].form == {
        "token": "qmr_fake-refresh-1",
        "client_id": "some-client",
    }
    assert store.load() is None
    with pytest.raises(SignInRequired):
        await driver.call("me")
    await driver.call("sign_out")  # without tokens there is nothing to revoke
    assert len(recorded_server.requests) == 1


async def test_sign_out_deletes_the_tokens_even_if_the_server_is_down(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(REVOKE_PATH, RecordedResponse(503))
    store = MemoryStore(stored_token())
    driver = new_driver(store=store)
    with pytest.raises(ApiException):
        await driver.call("sign_out")
    assert store.load() is None
    assert len(recorded_server.requests) == 1


@pytest.mark.parametrize(
    "server", ["http://id.example.org", "ftp://x.example", "id.example.org", "", "https://"]
)
def test_tokens_go_nowhere_that_others_can_read(server: str) -> None:
    with pytest.raises(ValueError, match="https"):
        OAuthSession("some-client", server=server or "nothing")


def test_the_server_may_be_named_with_or_without_its_api() -> None:
    for server in ("https://id.example.org", "https://id.example.org/api/"):
        assert OAuthSession("c", server=server).application.host == "https://id.example.org/api"
    inside = OAuthSession("c", server="http://quantimodo:8000", insecure_http=True)
    assert inside.application.server == "http://quantimodo:8000"


async def test_a_script_signs_in_by_the_browser_of_the_machine(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(TOKEN_PATH, RecordedResponse(body=tokens()))
    driver, shown = new_driver(redirect_uri=None), []
    pages: list[httpx.Response] = []

    def browser_of_the_terminal(url: str) -> None:
        """Comes back before it ends, as `lynx` does."""
        requested = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        back = requested["redirect_uri"]
        right = {
            "state": requested["state"],
            "iss": recorded_server.address,
            "code": "qmc_fake-code",
        }
        for query in ({"state": "x", "code": "<script>"}, right, right):
            pages.append(httpx.get(back, params=query, trust_env=False))
        pages.append(httpx.get(back.replace("/callback", "/favicon.ico"), trust_env=False))

    token = await driver.call("sign_in", show=shown.append, open_browser=browser_of_the_terminal)
    assert token == await driver.token() == stored_token()
    assert [page.status_code for page in pages] == [400, 200, 404, 404]
    assert len(recorded_server.requests) == 1
    assert recorded_server.requests[0].form["redirect_uri"].startswith("http://127.0.0.1:")
    for page in pages:
        assert "default-src 'none'" in page.headers["content-security-policy"]
        style = page.text.partition("<style>")[2].partition("</style>")[0]
        digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        assert "<script>" not in page.text
        assert "fake-code" not in page.text
    assert len(shown) == 1


async def test_an_error_of_the_browser_is_raised(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(TOKEN_PATH, RecordedResponse(400, {"error": "invalid_grant"}))
    statuses: list[int] = []

    def browser(url: str) -> None:
        requested = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        query = {
            "state": requested["state"],
            "iss": recorded_server.address,
            "code": "qmc_fake-code",
        }
        statuses.append(
            httpx.get(requested["redirect_uri"], params=query, trust_env=False).status_code
        )

    with pytest.raises(ApiException):
        await new_driver().call("sign_in", show=len, open_browser=browser)
    assert statuses == [400]
    with pytest.raises(TimeoutError):
        await new_driver().call("sign_in", show=len, open_browser=len, wait=0.01)
