"""`swagger_client.session`: the request, the answer, the tokens, and signing out."""

import hashlib
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from driven import REVOKE_PATH, TOKEN_PATH, Driven, held, tokens
from recorded import Answer, Recorded

from swagger_client.rest import ApiException
from swagger_client.session import (
    AuthorizationRefused,
    AuthorizationRequest,
    ForeignAnswer,
    MemoryStore,
    OAuthSession,
    SignInRequired,
)

Drive = Callable[..., Driven]
CALLBACK = "http://127.0.0.1/callback"


def answer(request: AuthorizationRequest, issuer: str, **changes: str | None) -> str:
    """The address to which the browser comes back; a parameter that is None is left out."""
    brought: dict[str, str | None] = {
        "code": "qmc_fake-code",
        "state": request.state,
        "iss": issuer,
        **changes,
    }
    sent = {name: value for name, value in brought.items() if value is not None}
    return f"{CALLBACK}?{urlencode(sent)}"


async def test_the_request_has_pkce_and_its_own_state(drive: Drive, recorded: Recorded) -> None:
    driven = drive(scope="basic readmeasurements")
    first = driven.session.authorization_url(prompt="login", nonce=None)
    second = driven.session.authorization_url()
    parts = urlsplit(first.url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{recorded.host}/v2/oauth/authorize"
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


async def test_the_answer_is_traded_for_tokens(drive: Drive, recorded: Recorded) -> None:
    recorded.on(TOKEN_PATH, Answer(body=tokens()))
    store = MemoryStore()
    driven = drive(store=store)
    request = driven.session.authorization_url()
    token = await driven.do("fetch_token", answer(request, recorded.address))
    assert token == store.load() == await driven.token() == replace(held(), token_type="Bearer")
    (seen,) = recorded.seen
    assert seen.method == "POST"
    assert seen.form == {
        "grant_type": "authorization_code",
        "code": "qmc_fake-code",
        "redirect_uri": CALLBACK,
        "code_verifier": request.code_verifier,
        "client_id": "some-client",
    }
    assert "authorization" not in seen.headers
    assert not seen.query
    assert "qm" not in repr(token).replace("quantimodo", "")


async def test_a_secret_goes_by_basic_and_nowhere_else(drive: Drive, recorded: Recorded) -> None:
    recorded.on(TOKEN_PATH, Answer(body=tokens()))
    driven = drive(client_secret="s:e c/ret")
    request = driven.session.authorization_url()
    await driven.do("fetch_token", answer(request, recorded.address))
    (seen,) = recorded.seen
    basic = b64decode(seen.headers["authorization"].removeprefix("Basic ")).decode()
    assert basic == "some-client:s%3Ae+c%2Fret"  # RFC 6749 §2.3.1
    assert "client_id" not in seen.form
    assert "client_secret" not in seen.form
    assert "s:e c" not in repr(driven.session.application)


async def test_another_process_may_take_the_answer(drive: Drive, recorded: Recorded) -> None:
    recorded.on(TOKEN_PATH, Answer(body=tokens()))
    request = drive().session.authorization_url()
    kept = AuthorizationRequest(
        request.url, request.state, request.redirect_uri, request.code_verifier
    )
    other = drive()
    await other.do("fetch_token", answer(request, recorded.address), kept)
    assert recorded.seen[0].form["code_verifier"] == request.code_verifier


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
    drive: Drive, recorded: Recorded, changes: dict[str, str | None]
) -> None:
    driven = drive()
    request = driven.session.authorization_url()
    with pytest.raises(ForeignAnswer):
        await driven.do("fetch_token", answer(request, recorded.address, **changes))
    assert not recorded.seen


async def test_a_parameter_that_stands_twice_is_not_believed(
    drive: Drive, recorded: Recorded
) -> None:
    driven = drive()
    brought = answer(driven.session.authorization_url(), recorded.address) + "&code=another"
    with pytest.raises(ForeignAnswer):
        await driven.do("fetch_token", brought)


async def test_a_refusal_reaches_the_app(drive: Drive, recorded: Recorded) -> None:
    driven = drive()
    request = driven.session.authorization_url()
    said = {"code": None, "error": "access_denied", "error_description": "The person said no"}
    with pytest.raises(AuthorizationRefused, match="said no") as caught:
        await driven.do("fetch_token", answer(request, recorded.address, **said))
    assert caught.value.error == "access_denied"


async def test_without_a_request_there_is_nothing_to_answer(drive: Drive) -> None:
    with pytest.raises(ValueError, match="authorization_url first"):
        await drive().do("fetch_token", f"{CALLBACK}?code=c")


async def test_a_code_that_is_refused_is_sent_once_and_not_shown(
    drive: Drive, recorded: Recorded
) -> None:
    for refused in (Answer(400, {"error": "invalid_grant"}), Answer(503), Answer(drop=True)):
        recorded.seen.clear()
        recorded.on(TOKEN_PATH, refused)
        driven = drive()
        request = driven.session.authorization_url()
        with pytest.raises(ApiException) as caught:
            await driven.do("fetch_token", answer(request, recorded.address))
        assert "qmc_fake-code" not in str(caught.value)
        assert len(recorded.seen) == 1
        assert await driven.token() is None


@pytest.mark.parametrize("body", [{}, {"access_token": 7}, {"access_token": "t"}, [], b"<p>"])
async def test_an_answer_without_tokens_is_refused(
    drive: Drive, recorded: Recorded, body: Any
) -> None:
    recorded.on(TOKEN_PATH, Answer(body=body))
    driven = drive()
    request = driven.session.authorization_url()
    with pytest.raises(ApiException):
        await driven.do("fetch_token", answer(request, recorded.address))
    assert await driven.token() is None


async def test_an_application_gets_a_token_for_itself(drive: Drive, recorded: Recorded) -> None:
    recorded.on(TOKEN_PATH, Answer(body=tokens(refresh_token=None)))
    driven = drive(client_secret="fake-secret")
    token = await driven.do("fetch_application_token", "readmeasurements")
    assert token.refresh_token is None
    assert recorded.seen[0].form == {
        "grant_type": "client_credentials",
        "scope": "readmeasurements",
    }


async def test_a_person_agrees_on_another_device(drive: Drive, recorded: Recorded) -> None:
    """RFC 8628; this server has no such way yet, so its metadata are a recorded server's."""
    endpoint = "/api/v2/oauth2/device_authorization"
    metadata = {"device_authorization_endpoint": recorded.address + endpoint}
    recorded.on("/.well-known/oauth-authorization-server", Answer(body=metadata))
    code = {
        "device_code": "fake-device-code",
        "user_code": "ABCD-EFGH",
        "verification_uri": "https://id.example.org/device",
        "expires_in": 60,
    }
    recorded.on(endpoint, Answer(body=code))
    pending = Answer(400, {"error": "authorization_pending"})
    recorded.on(TOKEN_PATH, pending, pending, Answer(body=tokens()))
    shown: list[Any] = []
    driven = drive(client_secret="qms_fake-secret")
    token = await driven.do("fetch_device_token", shown.append)
    assert token == await driven.token()
    assert shown[0].user_code == "ABCD-EFGH"
    assert "fake-device-code" not in repr(shown[0])
    assert driven.time.waits == [5, 5, 5]
    assert recorded.asked(endpoint)[0].headers["authorization"].startswith("Basic ")
    recorded.on(TOKEN_PATH, Answer(400, {"error": "access_denied"}))
    with pytest.raises(ApiException) as caught:
        await driven.do("fetch_device_token", shown.append)
    assert "fake-device-code" not in str(caught.value)


async def test_signing_out_forgets_and_revokes(drive: Drive, recorded: Recorded) -> None:
    recorded.on(REVOKE_PATH, Answer())
    store = MemoryStore(held())
    driven = drive(store=store)
    await driven.do("sign_out")
    assert recorded.seen[0].form == {"token": "qmr_fake-refresh-1", "client_id": "some-client"}
    assert store.load() is None
    with pytest.raises(SignInRequired):
        await driven.do("me")
    await driven.do("sign_out")  # nobody is signed in: nothing to tell
    assert len(recorded.seen) == 1


async def test_signing_out_forgets_even_if_the_server_is_down(
    drive: Drive, recorded: Recorded
) -> None:
    recorded.on(REVOKE_PATH, Answer(503))
    store = MemoryStore(held())
    driven = drive(store=store)
    with pytest.raises(ApiException):
        await driven.do("sign_out")
    assert store.load() is None
    assert len(recorded.seen) == 1


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
    drive: Drive, recorded: Recorded
) -> None:
    recorded.on(TOKEN_PATH, Answer(body=tokens()))
    driven, shown = drive(redirect_uri=None), []
    pages: list[httpx.Response] = []

    def browser_of_the_terminal(url: str) -> None:
        """Comes back before it ends, as `lynx` does."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        back = asked["redirect_uri"]
        right = {"state": asked["state"], "iss": recorded.address, "code": "qmc_fake-code"}
        for query in ({"state": "x", "code": "<script>"}, right, right):
            pages.append(httpx.get(back, params=query, trust_env=False))
        pages.append(httpx.get(back.replace("/callback", "/favicon.ico"), trust_env=False))

    token = await driven.do("sign_in", show=shown.append, open_browser=browser_of_the_terminal)
    assert token == await driven.token() == held()
    assert [page.status_code for page in pages] == [400, 200, 404, 404]
    assert len(recorded.seen) == 1
    assert recorded.seen[0].form["redirect_uri"].startswith("http://127.0.0.1:")
    for page in pages:
        assert "default-src 'none'" in page.headers["content-security-policy"]
        style = page.text.partition("<style>")[2].partition("</style>")[0]
        digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        assert "<script>" not in page.text
        assert "fake-code" not in page.text
    assert len(shown) == 1


async def test_what_goes_wrong_at_the_browser_is_raised(drive: Drive, recorded: Recorded) -> None:
    recorded.on(TOKEN_PATH, Answer(400, {"error": "invalid_grant"}))
    statuses: list[int] = []

    def browser(url: str) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        query = {"state": asked["state"], "iss": recorded.address, "code": "qmc_fake-code"}
        statuses.append(httpx.get(asked["redirect_uri"], params=query, trust_env=False).status_code)

    with pytest.raises(ApiException):
        await drive().do("sign_in", show=len, open_browser=browser)
    assert statuses == [400]
    with pytest.raises(TimeoutError):
        await drive().do("sign_in", show=len, open_browser=len, wait=0.01)
