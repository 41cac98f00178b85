"""The ID token (OpenID Connect Core §2, §3.1.3.6): its claims, signed so that a client can tell."""

from datetime import timedelta

import pytest

from quantimodo.crypto.session_ids import client_sid
from support.app import ISSUER, AppHarness
from support.jwt_forgery import half_hash, header_of, verified


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_it_says_who_signed_in_when_and_for_whom(harness: AppHarness, algorithm: str) -> None:
    ann = await harness.person()
    app, browser = await harness.app(id_token_alg=algorithm), await harness.signed_in()
    signed_in_at = int(harness.context.clock.now().timestamp())
    harness.advance(minutes=5)
    tokens = await harness.tokens(app, browser, scope="openid email profile", nonce="a-nonce")
    now = int(harness.context.clock.now().timestamp())
    [session] = await harness.context.stores.sessions.sessions_of(ann.id)
    assert header_of(tokens["id_token"])["typ"] == "JWT"
    assert await verified(harness, tokens["id_token"], algorithm) == {
        "iss": ISSUER,
        "sub": ann.subject,
        "aud": app.id,
        "iat": now,
        "exp": now + 3600,
        "auth_time": signed_in_at,
        "sid": client_sid(session.sid, app.id),
        "amr": ["pwd"],
        "nonce": "a-nonce",
        "at_hash": half_hash(tokens["access_token"]),
    }


async def test_no_nonce_asked_for_is_none_given(harness: AppHarness) -> None:
    await harness.person()
    tokens = await harness.tokens(await harness.app(), scope="openid")
    assert "nonce" not in await verified(harness, tokens["id_token"], "RS256")


async def test_the_nonce_is_returned_exactly(harness: AppHarness) -> None:
    await harness.person()
    nonce = "é&=+ %22" + "n" * 500
    tokens = await harness.tokens(await harness.app(), scope="openid", nonce=nonce)
    assert (await verified(harness, tokens["id_token"], "RS256"))["nonce"] == nonce


async def test_without_the_scope_openid_there_is_none(harness: AppHarness) -> None:
    await harness.person()
    tokens = await harness.tokens(await harness.app(), scope="basic profile email", nonce="n")
    assert "id_token" not in tokens


async def test_the_subject_is_the_same_everywhere_and_never_changes(harness: AppHarness) -> None:
    ann = await harness.person()
    app, other, browser = await harness.app(), await harness.app(), await harness.signed_in()
    subjects = set()
    for client in (app, other):
        tokens = await harness.tokens(client, browser, scope="openid")
        subjects.add((await verified(harness, tokens["id_token"], "RS256"))["sub"])
        subjects.add((await harness.introspect(client, tokens["access_token"]))["sub"])
    await harness.context.stores.users.change_email(
        ann.id, "new@example.org", harness.context.clock.now()
    )
    tokens = await harness.tokens(app, browser, scope="openid")
    subjects.add((await verified(harness, tokens["id_token"], "RS256"))["sub"])
    assert subjects == {ann.subject}
    assert len(ann.subject) <= 255
    assert ann.subject.isascii()


async def test_a_refreshed_one_keeps_who_and_when_and_has_no_nonce(harness: AppHarness) -> None:
    # OpenID Connect Core §12.2: same iss, sub, aud and auth_time; no nonce of an old request.
    await harness.person()
    app = await harness.app()
    first = await harness.tokens(app, scope="openid", nonce="a-nonce")
    before = await verified(harness, first["id_token"], "RS256")
    harness.advance(minutes=30)
    second = (await harness.refresh(app, first["refresh_token"])).json()
    after = await verified(harness, second["id_token"], "RS256")
    for name in ("iss", "sub", "aud", "auth_time", "amr"):
        assert after[name] == before[name]
    assert after["iat"] == before["iat"] + 1800
    assert after["at_hash"] == half_hash(second["access_token"])
    assert "nonce" not in after


async def test_a_refresh_that_leaves_openid_out_brings_none(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    first = await harness.tokens(app, scope="openid basic")
    second = await harness.refresh(app, first["refresh_token"], scope="basic")
    assert "id_token" not in second.json()


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "PS256", "EdDSA"])
async def test_keys_change_while_apps_are_connected(harness: AppHarness, algorithm: str) -> None:
    # OpenID Connect Core §10.1.1: old and new ones are published, without an effect on clients.
    await harness.person()
    app, browser = await harness.app(id_token_alg=algorithm), await harness.signed_in()
    before = await harness.tokens(app, browser, scope="openid")
    harness.advance(minutes=1)
    await harness.context.rotation.rotate(timedelta(0))
    await harness.context.keyring.load()
    after = (await harness.refresh(app, before["refresh_token"])).json()
    tokens = [before["id_token"], after["id_token"]]
    assert len({header_of(token)["kid"] for token in tokens}) == 2
    for token in tokens:
        assert (await verified(harness, token, algorithm))["aud"] == app.id
    hinted = await harness.ask(
        browser, app, scope="openid", prompt="none", id_token_hint=before["id_token"]
    )
    assert "error=" not in hinted.headers["location"]
