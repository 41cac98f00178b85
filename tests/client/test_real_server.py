"""The client against the real server: in process and over a socket, sync and async."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from target_server import TargetServer, ThroughLoop, call_method

import swagger_client
from support.app import AppHarness, response_of
from swagger_client.rest import ApiException
from swagger_client.session import (
    AsyncOAuthSession,
    AuthorizationRefused,
    FileStore,
    OAuthSession,
    SignInRequired,
)

both_kinds = pytest.mark.parametrize("kind", [OAuthSession, AsyncOAuthSession])


@both_kinds
async def test_sign_in_use_refresh_sign_out(
    target: TargetServer, kind: type[Any], tmp_path: Path
) -> None:
    store = FileStore(tmp_path / "tokens.json")
    session = target.session(kind, store=store)
    back = await target.allow(session.authorization_url().url)
    token = await call_method(session, "fetch_token", back)
    assert (await call_method(session, "me")).email == "ann@example.org"

    fresh = await call_method(session, "refresh")
    assert fresh.refresh_token != token.refresh_token
    again = target.session(kind, store=FileStore(tmp_path / "tokens.json"))
    assert (await call_method(again, "me")).display_name == "Ann Example"

    await call_method(session, "sign_out")
    assert store.load() is None
    with pytest.raises(SignInRequired):
        await call_method(session, "me")
    store.save(fresh)  # a stolen copy
    attacker = target.session(kind, store=store)
    with pytest.raises(SignInRequired):
        await call_method(attacker, "me")
    assert store.load() is None
    for each in (session, again, attacker):
        await call_method(each, "close")


@both_kinds
async def test_the_app_receives_a_refusal(target: TargetServer, kind: type[Any]) -> None:
    session = target.session(kind)
    request = session.authorization_url(prompt="none")
    back = response_of(await target.browser().get(request.url)).location
    with pytest.raises(AuthorizationRefused, match="login_required"):
        await call_method(session, "fetch_token", back)
    await call_method(session, "close")


@both_kinds
async def test_a_replayed_code_revokes_the_grant(target: TargetServer, kind: type[Any]) -> None:
    session = target.session(kind)
    request = session.authorization_url()
    back = await target.allow(request.url)
    await call_method(session, "fetch_token", back, request)
    with pytest.raises(ApiException) as caught:
        await call_method(session, "fetch_token", back, request)
    assert caught.value.status == 400
    assert "invalid_grant" in str(caught.value)
    assert "qmc_" not in str(caught.value)
    with pytest.raises(SignInRequired):  # RFC 6749 §4.1.2
        await call_method(session, "me")
    await call_method(session, "close")


@both_kinds
async def test_an_application_by_itself(target: TargetServer, kind: type[Any]) -> None:
    session = target.session(kind)
    token = await call_method(session, "fetch_application_token", "basic")
    assert token.scope == "basic"
    assert token.refresh_token is None
    with pytest.raises(ApiException) as caught:
        await call_method(session, "me")  # the token belongs to no person
    assert caught.value.status in (401, 403)
    await call_method(session, "close")


async def test_ten_tasks_renew_once_at_the_real_server(target: TargetServer) -> None:
    store = target.session(AsyncOAuthSession)
    await store.fetch_token(await target.allow(store.authorization_url().url))
    before = await store.token()
    people = await asyncio.gather(*(store.refresh() for _ in range(10)))
    assert len({token.access_token for token in people}) == 1
    assert people[0].access_token != before.access_token
    assert (await store.me()).email == "ann@example.org"
    await store.close()


async def test_the_methods_of_2016_in_process(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    tokens = await harness.tokens(app)
    asgi = httpx.ASGITransport(app=harness.application)  # type: ignore[arg-type]
    settings = swagger_client.Configuration(f"{harness.context.settings.issuer}/api")
    settings.access_token = tokens["access_token"]
    client = swagger_client.ApiClient(
        configuration=settings, transport=ThroughLoop(asgi, asyncio.get_running_loop())
    )
    api = swagger_client.UserApi(client)
    person, status, headers = await asyncio.to_thread(api.v1_user_me_get_with_http_info)
    assert (person.email, status) == ("ann@example.org", 200)
    assert headers["cache-control"] == "no-store"

    def refused(token: str) -> ApiException:
        settings.access_token = token
        with pytest.raises(ApiException) as caught:
            api.v1_user_me_get()
        return caught.value

    fault = await asyncio.to_thread(refused, "qma_of-no-person-at-all")
    assert fault.status == 401
    assert "of-no-person" not in str(fault)
    wide = await harness.tokens(app, scope="openid")
    fault = await asyncio.to_thread(refused, wide["access_token"])
    assert fault.status == 403
    assert "insufficient_scope" in str(fault)


async def test_the_paths_of_the_client_are_those_that_the_server_advertises(
    harness: AppHarness,
) -> None:
    metadata = (await harness.browser().get("/.well-known/openid-configuration")).json()
    application = OAuthSession("c", server=harness.context.settings.issuer).application
    assert application.server == metadata["issuer"]
    url = application.authorization_request().url
    assert url.partition("?")[0] == metadata["authorization_endpoint"]
    for call, name in (
        (application.refresh_request("r"), "token_endpoint"),
        (application.revocation_request("r"), "revocation_endpoint"),
    ):
        assert str(call.request(application.host, {}).url) == metadata[name]
