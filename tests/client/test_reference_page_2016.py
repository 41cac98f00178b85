"""v2-api.md §8: every example of the reference page runs as printed, against a live server.

The page is here as it is in the reference; of its code only Python 2's `print` is changed.
"""

import asyncio
import contextlib
import hashlib
import io
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import pytest_asyncio

import swagger_client
from support.app import App
from support.live_server import Live, open_live

PAGE = Path(__file__).with_name("AuthenticationApi.md")
# The SHA-256 of AuthenticationApi.md as it was published.
REFERENCE = "2a054d0afc048f28ad0bfb78f0a7b08ad67c38e9e849ab916b97e89ee60e0bc6"
CALLBACK = "http://127.0.0.1:9999/callback"
METHODS = [
    "v2_auth_social_authorize_code_get",
    "v2_auth_social_authorize_token_get",
    "v2_auth_social_login_get",
    "v2_oauth2_access_token_get",
    "v2_oauth_authorize_get",
]

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PRINT = re.compile(r"^( *)print (.+)$", re.MULTILINE)
_PLACEHOLDER = re.compile(r"'(?:(\w+)_example|(YOUR_ACCESS_TOKEN))'")

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


def examples() -> dict[str, str]:
    """The page's examples by the method that they call."""
    found = {}
    for block in _BLOCK.findall(PAGE.read_text("utf-8")):
        (method,) = set(re.findall(r"api_instance\.(\w+)\(", block))
        found[method] = _PRINT.sub(r"\1print(\2)", block)
    return found


def run(code: str) -> tuple[str, dict[str, Any]]:
    """What it prints, and what it leaves behind."""
    left: dict[str, Any] = {"__name__": "__main__"}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, PAGE.name, "exec"), left)  # noqa: S102 - the page's own code
    return printed.getvalue(), left


def filled(method: str, **values: str) -> str:
    """The example with real values in place of the page's, which must be all of them."""

    def real(match: re.Match[str]) -> str:
        return repr(values[match[1] or match[2]])

    return _PLACEHOLDER.sub(real, examples()[method])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    async with open_live(tmp_path_factory.mktemp("page")) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def live(site: Live, settings: swagger_client.Configuration) -> Live:
    """The server, and the client's configuration towards it: the one thing added to the page."""
    settings.host = f"{site.address}/api"
    settings.api_client = None
    return site


async def succeeds(method: str, **values: str) -> Any:
    """Run the example with these values: it prints nothing. The server's response."""
    printed, left = await asyncio.to_thread(run, filled(method, **values))
    assert printed == ""
    return left["api_instance"].api_client.last_response


async def login_code(live: Live) -> str:
    """What a sign-in at the sandbox brings to the app, by a browser."""
    browser = live.browser()
    requested = {"provider": "google", "redirectUrl": CALLBACK}
    started_login = await browser.get("/api/v2/auth/social/login", params=requested)
    answered = await browser.get(f"{started_login.headers['location']}&person=verified")
    back = await browser.get(answered.headers["location"])
    return dict(parse_qsl(urlsplit(back.headers["location"]).query))["code"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(site: Live) -> App:
    return await site.app(CALLBACK, first_party=True)


async def test_the_page_is_exactly_the_reference() -> None:
    assert hashlib.sha256(PAGE.read_bytes()).hexdigest() == REFERENCE


async def test_the_page_has_an_example_for_each_method() -> None:
    assert sorted(examples()) == METHODS


@pytest.mark.parametrize("method", METHODS)
async def test_the_example_runs_as_printed(live: Live, method: str) -> None:
    printed, left = await asyncio.to_thread(run, examples()[method])
    assert printed.startswith(f"Exception when calling AuthenticationApi->{method}: (4")
    fault = left["api_instance"].api_client.last_response
    assert fault.status in (400, 401)
    assert "code_example" not in printed
    assert "client_secret_example" not in printed
    assert "YOUR_ACCESS_TOKEN" not in printed


async def test_the_example_of_the_first_step_leads_to_the_provider(live: Live, app: App) -> None:
    response = await succeeds(
        "v2_auth_social_login_get",
        YOUR_ACCESS_TOKEN="",
        redirect_url=CALLBACK,
        provider="google",
    )
    assert response.status == 303
    assert response.headers["location"].startswith(f"{live.address}/sandbox/google/")


async def test_the_example_of_native_sign_in_gives_a_login_jwt(live: Live) -> None:
    sdk = await live.browser().post("/sandbox/google/native", json={"person": "verified"})
    response = await succeeds(
        "v2_auth_social_authorize_token_get",
        YOUR_ACCESS_TOKEN="",
        access_token=sdk.json()["access_token"],
        provider="google",
        refresh_token="fake-refresh-token",
    )
    assert '"success":true' in response.data


async def test_the_examples_one_after_another_are_the_whole_way(live: Live, app: App) -> None:
    response = await succeeds(
        "v2_auth_social_authorize_code_get",
        YOUR_ACCESS_TOKEN="",
        code=await login_code(live),
        provider="google",
    )
    login = swagger_client.LoginAnswer(_json(response))
    assert login.success
    requested = {
        "client_id": app.id,
        "client_secret": app.secret or "",
        "response_type": "code",
        "scope": "basic",
        "redirect_uri": CALLBACK,
        "state": "some-state",
    }
    response = await succeeds(
        "v2_oauth_authorize_get", YOUR_ACCESS_TOKEN=login.data.token, **requested
    )
    allowed = swagger_client.AuthorizationAnswer(_json(response))
    assert allowed.data is not None
    assert allowed.data.state == "some-state"
    response = await succeeds(
        "v2_oauth2_access_token_get",
        YOUR_ACCESS_TOKEN="",
        grant_type="authorization_code",
        code=allowed.data.code or "",
        **requested,
    )
    tokens = swagger_client.TokenAnswer(_json(response))
    swagger_client.configuration.access_token = tokens.access_token
    person = await asyncio.to_thread(swagger_client.UserApi().v1_user_me_get)
    assert person.id == login.data.user.id
    # v2-api.md §6: the page has no `refresh_token`, so it goes as `code`.
    response = await succeeds(
        "v2_oauth2_access_token_get",
        YOUR_ACCESS_TOKEN=tokens.access_token,
        grant_type="refresh_token",
        code=tokens.refresh_token or "",
        **requested,
    )
    assert swagger_client.TokenAnswer(_json(response)).access_token != tokens.access_token


async def test_an_app_that_needs_consent_gets_the_address_to_request_it(live: Live) -> None:
    app = await live.app(CALLBACK)
    api = swagger_client.AuthenticationApi()
    login = await asyncio.to_thread(
        api.v2_auth_social_authorize_code_get, await login_code(live), "google"
    )
    swagger_client.configuration.access_token = login.data.token

    def ask() -> swagger_client.ApiException:
        with pytest.raises(swagger_client.ApiException) as refused:
            api.v2_oauth_authorize_get(app.id, app.secret or "", "code", "basic")
        return refused.value

    refused = await asyncio.to_thread(ask)
    assert refused.status == 403
    assert "interaction_required" in str(refused)
    assert login.data.token not in str(refused)
    swagger_client.configuration.access_token = ""
    assert (await asyncio.to_thread(ask)).status == 401


async def test_protocols_beyond_the_page_of_2016_work_too(live: Live, app: App) -> None:
    public = await live.app(CALLBACK, public=True)
    await live.person("bea@example.org")
    session = swagger_client.session.OAuthSession(
        public.id, server=live.address, redirect_uri=CALLBACK
    )
    request = session.authorization_url()
    back = await live.allow(request.url, "bea@example.org")
    code = dict(parse_qsl(urlsplit(back).query))["code"]
    api = swagger_client.AuthenticationApi()

    def tokens(**given: Any) -> swagger_client.TokenAnswer:
        return api.v2_oauth2_access_token_get(public.id, "", **given)

    first = await asyncio.to_thread(
        tokens,
        grant_type="authorization_code",
        code=code,
        redirect_uri=CALLBACK,
        code_verifier=request.code_verifier,
    )
    second = await asyncio.to_thread(
        tokens, grant_type="refresh_token", code="", refresh_token=first.refresh_token
    )
    assert second.access_token != first.access_token
    session.close()


def _json(response: swagger_client.rest.RESTResponse) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response.data)
    return found
