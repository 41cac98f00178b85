"""Nonces of the server (RFC 9449 §8, §9): stateless, for all workers, renewed in responses."""

from datetime import timedelta

import httpx

from quantimodo.clients.dpop_nonces import DPoPNonces
from support.app import CALLBACK, CHALLENGE, TOKEN, AppHarness, OpenHarness
from support.devices import GRANT, device_app
from support.dpop import DPoPKey, call, post_token
from support.environment import FrozenClock

OWN = {"grant_type": "client_credentials"}
UNITS = "/api/v1/units"
ORIGIN = "https://app.example.org"
PUSHED = {
    "response_type": "code",
    "redirect_uri": CALLBACK,
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
NQCHAR = {chr(each) for each in range(0x21, 0x7F)} - set('"\\')
"""RFC 6749 Appendix A"""


def test_8_a_nonce_is_accepted_for_its_lifetime_under_every_key(clock: FrozenClock) -> None:
    lifetime, now = timedelta(minutes=5), clock.now()
    old, new = b"o" * 32, b"n" * 32
    nonces, others = DPoPNonces([old], lifetime), DPoPNonces([new], lifetime)
    rotated = DPoPNonces([new, old], lifetime)
    nonce = nonces.mint(now)
    assert nonces.verify(nonce, now)
    assert rotated.verify(nonce, now + lifetime)
    assert not rotated.verify(nonce, now + lifetime + timedelta(seconds=1))
    assert not rotated.verify(nonce, now - timedelta(seconds=11)), "of a clock that is ahead"
    assert not others.verify(nonce, now)
    spelled = nonce.translate(str.maketrans("-_", "+/"))
    assert spelled == nonce or not nonces.verify(spelled, now), "RFC 9449 §8: exactly"
    for forged in ("", "A" * 32, nonce[:-1] + "é", nonce + "A", "~" * 32, nonces.mint(now)[::-1]):
        assert not rotated.verify(forged, now), forged


async def test_8_9_a_nonce_is_required_and_given(open_harness: OpenHarness) -> None:
    async with open_harness(dpop__nonce="required") as harness:
        app, key, now = await harness.app(), DPoPKey(), harness.context.clock.now
        refused = await post_token(harness, app, key.proof(now()), **OWN)
        assert (refused.status_code, refused.json()["error"]) == (400, "use_dpop_nonce")
        nonce = refused.headers["dpop-nonce"]
        for bad in ("made-up", nonce[:-1] + ("A" if nonce[-1] != "A" else "B")):
            again = await post_token(harness, app, key.proof(now(), nonce=bad), **OWN)
            assert again.json()["error"] == "use_dpop_nonce"
        good = await post_token(harness, app, key.proof(now(), nonce=nonce), **OWN)
        assert good.status_code == 200
        token, newer = good.json()["access_token"], good.headers["dpop-nonce"]
        # RFC 9449 §9: at resources 401, with the nonce and the challenge.
        missing = await call(harness, key, token, UNITS)
        assert (missing.status_code, missing.json()["error"]) == (401, "use_dpop_nonce")
        assert missing.headers["www-authenticate"].startswith('DPoP error="use_dpop_nonce"')
        assert missing.headers["dpop-nonce"] == newer, "the clock stands still"
        assert (await call(harness, key, token, UNITS, nonce=newer)).status_code == 200
        harness.advance(minutes=6)
        late = await call(harness, key, token, UNITS, nonce=newer)
        assert late.json()["error"] == "use_dpop_nonce"
        fresh = late.headers["dpop-nonce"]
        assert (await call(harness, key, token, UNITS, nonce=fresh)).status_code == 200
        shown = "access-control-expose-headers"
        response = await harness.browser().get(UNITS, headers={"origin": "https://app.example.org"})
        assert "DPoP-Nonce" in response.headers[shown]


async def test_8_a_nonce_is_optional_by_default_and_checked_if_it_is_sent(
    harness: AppHarness,
) -> None:
    app, key, now = await harness.app(), DPoPKey(), harness.context.clock.now
    first = await post_token(harness, app, key.proof(now()), **OWN)
    assert first.status_code == 200
    nonce = first.headers["dpop-nonce"]
    assert (await post_token(harness, app, key.proof(now(), nonce=nonce), **OWN)).status_code == 200
    wrong = await post_token(harness, app, key.proof(now(), nonce="made-up"), **OWN)
    assert wrong.json()["error"] == "use_dpop_nonce"
    plain = await post_token(harness, app, None, **OWN)
    assert "dpop-nonce" not in plain.headers


async def test_8_at_each_endpoint_of_the_authorization_server(open_harness: OpenHarness) -> None:
    """RFC 9449 §8: 400 with one nonce that can be used next; RFC 9449 §8.2: no cache keeps it."""
    par, device = "/api/v2/oauth2/par", "/api/v2/oauth2/device_authorization"
    async with open_harness(dpop__nonce="required") as harness:
        await harness.person()
        app, key, now = await device_app(harness), DPoPKey(), harness.context.clock.now()
        web = await harness.app(public=True)
        nonces = set()
        for path, who, fields, status in (
            (par, web, PUSHED, 201),
            (device, app, {"scope": "basic"}, 200),
            (TOKEN, app, {"grant_type": GRANT, "device_code": "qmd_x"}, 400),
            (TOKEN, web, {"grant_type": "refresh_token", "refresh_token": "qmr_x"}, 400),
        ):
            sent = {"client_id": who.id, **fields}

            async def post(
                path: str = path, sent: dict[str, str] = sent, **claims: str
            ) -> httpx.Response:
                headers = {"dpop": key.proof(now, path, **claims), "origin": ORIGIN}
                return await harness.browser().post(path, data=sent, headers=headers)

            refused = await post()
            assert (refused.status_code, refused.json()["error"]) == (400, "use_dpop_nonce"), path
            for response in (refused, await post(nonce=refused.headers["dpop-nonce"])):
                (nonce,) = response.headers.get_list("dpop-nonce")
                nonces.add(nonce)
                assert response.headers["cache-control"] == "no-store"
                assert "DPoP-Nonce" in response.headers["access-control-expose-headers"]
            assert response.status_code == status, response.text
            assert response.json().get("error") in (None, "invalid_grant")
        assert all(set(nonce) <= NQCHAR for nonce in nonces), "RFC 9449 §8.1"
