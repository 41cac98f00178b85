"""`dpop=True`, `par=True`, `resource=`, sign-in on a device and personal tokens, of both kinds of
session."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from recorded_server import RecordedResponse, RecordedServer
from session_driver import ME, REVOKE_PATH, TOKEN_PATH, SessionDriver, tokens
from target_server import call_method, target_in_process
from terminal_user import TerminalUser

from quantimodo.crypto.jwt import unverified_claims
from support.app import CALLBACK, AppHarness, OpenHarness, form_fields
from support.app import ME as PERSON
from support.devices import GRANT, approve
from swagger_client.rest import ApiException
from swagger_client.session import (
    AsyncOAuthSession,
    DeviceCode,
    FileStore,
    OAuthSession,
    SignInRequired,
)
from swagger_client.session.dpop import new_key, thumbprint

NewDriver = Callable[..., SessionDriver]
PAR = "/api/v2/oauth2/par"
GRANTS = frozenset({"authorization_code", "refresh_token", GRANT})
KINDS = (OAuthSession, AsyncOAuthSession)


class PersonInTheWaits:
    """A clock and waits over the server's clock; at the first wait the person allows the device."""

    def __init__(self, harness: AppHarness) -> None:
        self._harness = harness
        self._loop = asyncio.get_running_loop()
        self.shown: list[DeviceCode] = []

    def clock(self) -> float:
        return self._harness.context.clock.now().timestamp()

    async def wait(self, seconds: float) -> None:
        self._harness.advance(seconds=seconds)
        if self.shown:
            await approve(await self._harness.signed_in(), self.shown.pop().user_code)

    def sleep_of(self, kind: type[Any]) -> Callable[[float], Any]:
        if kind is AsyncOAuthSession:
            return self.wait
        return lambda seconds: asyncio.run_coroutine_threadsafe(
            self.wait(seconds), self._loop
        ).result(60)


async def test_bound_tokens_and_pushed_requests_at_a_server_that_requires_nonces(
    open_harness: OpenHarness, tmp_path: Path
) -> None:
    async with open_harness(dpop__nonce="required") as harness:
        await harness.person()
        app = await harness.app(public=True, redirect_uris=(CALLBACK,), grant_types=GRANTS)
        target, time = target_in_process(harness, app), PersonInTheWaits(harness)
        for number, kind in enumerate(KINDS):
            store = FileStore(tmp_path / f"{number}.json")
            timed = {"store": store, "clock": time.clock, "sleep": time.sleep_of(kind)}
            session = target.session(
                kind, dpop=True, par=True, resource=f"{target.server}/api", **timed
            )
            with pytest.raises(ValueError, match="pushed_authorization_url"):
                session.authorization_url()
            request = await call_method(session, "pushed_authorization_url")
            sent = dict(parse_qsl(urlsplit(request.url).query))
            assert sent.keys() == {"client_id", "request_uri"}
            token = await call_method(session, "fetch_token", await target.allow(request.url))
            assert token.token_type == "DPoP"
            for text in (repr(token), repr(request)):
                assert token.dpop_key not in text
            assert (await call_method(session, "me")).email == "ann@example.org"
            fresh = await call_method(session, "refresh")
            assert (fresh.token_type, fresh.dpop_key) == ("DPoP", token.dpop_key)

            # The key is stored with the tokens, so a later run needs no option.
            later = target.session(kind, **timed)
            assert (await call_method(later, "me")).email == "ann@example.org"
            assert (await call_method(later, "refresh")).token_type == "DPoP"
            # An attacker with the tokens has no key.
            stolen = store.load()
            assert stolen is not None
            assert (await harness.call(stolen.access_token, PERSON)).status_code == 401

            # RFC 8628: the device code is bound to the key, too.
            device = await call_method(session, "fetch_device_token", time.shown.append)
            assert device.token_type == "DPoP"
            assert device.dpop_key != token.dpop_key
            assert (await call_method(session, "me")).email == "ann@example.org"
            await call_method(session, "sign_out")
            for each in (session, later):
                await call_method(each, "close")


async def test_the_first_request_without_a_nonce_is_repeated_once(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    bound = {**tokens(), "token_type": "DPoP"}
    challenge = RecordedResponse(400, {"error": "use_dpop_nonce"}, {"DPoP-Nonce": "n1"})
    recorded_server.on(TOKEN_PATH, challenge, RecordedResponse(body=bound))
    resource = {"WWW-Authenticate": 'DPoP error="use_dpop_nonce"', "DPoP-Nonce": "n2"}
    recorded_server.on(
        ME,
        RecordedResponse(401, {}, resource),
        RecordedResponse(body={"id": 1}, headers={"DPoP-Nonce": "n3"}),
        RecordedResponse(body={"id": 1}),
    )
    driver = new_driver(dpop=True)
    request = driver.session.authorization_url()
    back = f"{CALLBACK}?code=qmc_fake&state={request.state}&iss={recorded_server.address}"
    await driver.call("fetch_token", back)
    for _ in range(2):
        await driver.call("me")
    proofs = [unverified_claims(each.headers["dpop"]) for each in recorded_server.requests]
    assert [each.get("nonce") for each in proofs] == [None, "n1", "n1", "n2", "n3"]
    assert len({each["jti"] for each in proofs}) == 5
    assert [each["htu"] for each in proofs] == [
        recorded_server.address + path for path in (TOKEN_PATH, TOKEN_PATH, ME, ME, ME)
    ]
    assert all(("ath" in each) is (each["htm"] == "GET") for each in proofs)
    assert recorded_server.requests[-1].headers["authorization"] == "DPoP qma_fake-access-1"


@pytest.mark.parametrize(
    ("response", "message"),
    [
        # RFC 9449 §5: the server ignored the proof.
        (RecordedResponse(body=tokens()), "does not bind"),
        (RecordedResponse(400, {"error": "use_dpop_nonce"}, {"DPoP-Nonce": "n"}), "use_dpop_nonce"),
        (RecordedResponse(400, {"error": "use_dpop_nonce"}), "use_dpop_nonce"),
    ],
    ids=["not bound", "a nonce again and again", "no nonce"],
)
async def test_a_response_without_a_bound_token_ends_the_sign_in(
    new_driver: NewDriver,
    recorded_server: RecordedServer,
    response: RecordedResponse,
    message: str,
) -> None:
    recorded_server.on(TOKEN_PATH, response)
    driver = new_driver(dpop=True)
    request = driver.session.authorization_url()
    back = f"{CALLBACK}?code=qmc_fake&state={request.state}&iss={recorded_server.address}"
    with pytest.raises(ApiException) as caught:
        await driver.call("fetch_token", back)
    assert message in str(caught.value)
    assert await driver.token() is None
    assert len(recorded_server.requests_to(TOKEN_PATH)) <= 2


async def test_resources_are_sent_where_the_authorization_begins(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    apis = ["https://tasks.example.org/", "https://notes.example.org/v1"]
    driver = new_driver(resource=apis, client_secret="qms_fake")
    query = parse_qsl(urlsplit(driver.session.authorization_url().url).query)
    assert [value for name, value in query if name == "resource"] == apis
    recorded_server.on(TOKEN_PATH, RecordedResponse(body=tokens()))
    await driver.call("fetch_application_token")
    body = recorded_server.requests_to(TOKEN_PATH)[0].body.decode()
    assert [value for name, value in parse_qsl(body) if name == "resource"] == apis


def test_a_personal_token_of_the_environment_needs_no_sign_in(
    user: TerminalUser, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, RecordedResponse(body={"id": 42, "displayName": "Ann"}))
    user.environment = {"QM_SERVER": recorded_server.address, "QM_TOKEN": "qmp_fake-personal"}
    assert user.run("whoami", "--json") == 0
    assert json.loads(user.out)["displayName"] == "Ann"
    assert recorded_server.requests[0].headers["authorization"] == "Bearer qmp_fake-personal"
    assert list(user.folder.glob("*")) == [], "it is not stored"
    recorded_server.on(ME, RecordedResponse(401, {"error": "invalid_token"}))
    assert user.run("whoami") == 3
    assert "personal token has expired or was revoked" in user.err
    assert "fake-personal" not in user.err
    user.environment["QM_TOKEN"] = ""
    assert user.run("whoami") == 3
    assert "quantimodo-client login" in user.err


@pytest.mark.parametrize("kind", KINDS)
async def test_a_session_with_a_personal_token(
    kind: type[Any], recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, RecordedResponse(body={"id": 1}))
    session = kind.with_personal_token("qmp_fake-personal", server=recorded_server.address)
    assert "fake-personal" not in repr(session)
    await call_method(session, "me")
    await call_method(session, "sign_out")
    assert recorded_server.requests_to(REVOKE_PATH) == []
    with pytest.raises(SignInRequired):
        await call_method(session, "me")
    with pytest.raises(ValueError, match="QM_TOKEN"):
        kind.with_personal_token(server=recorded_server.address)
    await call_method(session, "close")


def test_a_personal_token_of_the_environment_is_used_with_its_key(
    user: TerminalUser, recorded_server: RecordedServer, tmp_path: Path
) -> None:
    path = tmp_path / "key.json"
    assert user.run("key", str(path)) == 0
    made = user.out.strip()
    assert path.stat().st_mode & 0o777 == 0o600
    assert thumbprint(path.read_text()) == made
    assert user.run("key", str(path)) == 1, "it is not overwritten"
    assert thumbprint(path.read_text()) == made
    recorded_server.on(ME, RecordedResponse(body={"id": 42, "displayName": "Ann"}))
    user.environment = {
        "QM_SERVER": recorded_server.address,
        "QM_TOKEN": "qmp_fake-personal",
        "QM_TOKEN_KEY": str(path),
    }
    assert user.run("whoami") == 0
    sent = recorded_server.requests[0].headers
    assert sent["authorization"] == "DPoP qmp_fake-personal"
    assert unverified_claims(sent["dpop"])["htm"] == "GET"
    for text in ("{}", "no JSON", '{"kty":"oct","k":"AAAA"}'):
        path.write_text(text)
        assert user.run("whoami") == 1
        assert "not a private JWK" in user.err
    path.unlink()
    assert user.run("whoami") == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_personal_token_with_a_key_at_a_server(
    open_harness: OpenHarness, kind: type[Any]
) -> None:
    async with open_harness(dpop__nonce="required") as harness:
        await harness.person()
        app, browser, key = await harness.app(), await harness.signed_in(), new_key()
        fields = form_fields((await browser.get("/account/tokens/new")).text)
        chosen = {"name": "cron", "days": "30", "scope": "basic", "key": thumbprint(key)}
        await browser.post("/account/tokens/new", data={"csrf": fields["csrf"], **chosen})
        page = (await browser.get("/account/tokens")).text
        token = page.split('id="made"')[1].split(">")[1].split("<")[0]
        target = target_in_process(harness, app)
        session = kind.with_personal_token(
            token,
            key=key,
            server=target.server,
            transport=target.transports[kind.__name__],
            clock=lambda: harness.context.clock.now().timestamp(),
        )
        assert key not in repr(session)
        assert (await call_method(session, "me")).email == "ann@example.org"
        await call_method(session, "close")
