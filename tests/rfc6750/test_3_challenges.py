"""The WWW-Authenticate response (RFC 6750 §3), and what each scope opens (v2-api.md §7)."""

import httpx

from support.app import ISSUER, ME, USERINFO, AppHarness

METADATA = f"{ISSUER}/.well-known/oauth-protected-resource/api"


def challenge(response: httpx.Response) -> str:
    value: str = response.headers["www-authenticate"]
    return value


async def test_without_a_token_the_challenge_has_no_error(harness: AppHarness) -> None:
    for path in (
        ME,
        USERINFO,
    ):
        for headers in ({}, {"authorization": "Bearer"}, {"authorization": "Basic YTpi"}):
            response = await harness.browser().get(path, headers=headers)
            assert response.status_code == 401
            # RFC 9449 §7.1: the second one is for tokens that are bound to a key.
            bearer, dpop = challenge(response).split(", ")
            assert bearer == f'Bearer resource_metadata="{METADATA}"'
            assert dpop == 'DPoP algs="ES256 PS256 EdDSA Ed25519"'
            assert response.headers["cache-control"] == "no-store"


async def test_an_ended_token_is_invalid_whatever_ended_it(harness: AppHarness) -> None:
    ann = await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    texts = set()
    for kill in ("revoke", "withdraw", "expire", "never lived", "disable"):
        token = (await harness.tokens(app, browser))["access_token"]
        assert (await harness.call(token)).status_code == 200
        match kill:
            case "revoke":
                await harness.revoke(app, token)
            case "withdraw":
                now = harness.context.clock.now()
                await harness.context.stores.authorizations.withdraw_consent(ann.id, app.id, now)
            case "expire":
                harness.advance(hours=1)
            case "never lived":
                token = token[:-4] + "AAAA"
            case "disable":
                await harness.context.accounts.administration.disable(ann.id)
        response = await harness.call(token)
        assert response.status_code == 401
        assert response.json()["error"] == "invalid_token"
        assert challenge(response).startswith('Bearer error="invalid_token"')
        texts.add(response.text)
    assert len(texts) == 1, "the response does not tell why"


async def test_a_token_of_a_deleted_or_disabled_app_is_invalid(harness: AppHarness) -> None:
    await harness.person()
    browser = await harness.signed_in()
    for fate in ("disabled", "deleted"):
        app = await harness.app()
        token = (await harness.tokens(app, browser))["access_token"]
        await (
            harness.disable(app)
            if fate == "disabled"
            else harness.context.registry.delete(app.client)
        )
        assert (await harness.call(token)).status_code == 401, fate


async def test_too_little_scope_names_the_scope(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    for path, has, needs in ((ME, "openid email", "basic"), (USERINFO, "basic", "openid")):
        token = (await harness.tokens(app, browser, scope=has))["access_token"]
        response = await harness.call(token, path)
        assert response.status_code == 403
        assert response.json()["error"] == "insufficient_scope"
        assert 'error="insufficient_scope"' in challenge(response)
        assert f'scope="{needs}"' in challenge(response)


async def test_each_scope_opens_what_it_says_and_nothing_else(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    for scope in ("readmeasurements", "writemeasurements", "profile", "offline_access"):
        token = (await harness.tokens(app, browser, scope=scope))["access_token"]
        assert (await harness.call(token, ME)).status_code == 403, scope
        assert (await harness.call(token, USERINFO)).status_code == 403, scope


async def test_only_access_tokens_open_a_resource(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    code = (await harness.authorize(browser, app, scope="openid basic", nonce="n")).code
    assert (await harness.call(code)).status_code == 401
    tokens = (await harness.redeem(app, code)).json()
    for other in ("refresh_token", "id_token"):
        for path in (ME, USERINFO):
            assert (await harness.call(tokens[other], path)).status_code == 401, other
    cookie = next(iter(browser.cookies.jar)).value
    assert cookie is not None
    assert (await harness.call(cookie)).status_code == 401
    assert (await harness.call(app.secret or "")).status_code == 401


async def test_a_session_cookie_opens_no_resource(harness: AppHarness) -> None:
    await harness.person()
    assert (await (await harness.signed_in()).get(ME)).status_code == 401


async def test_an_error_never_repeats_the_token(harness: AppHarness) -> None:
    token = "m4rked-token"
    header = await harness.call(token)
    query = await harness.browser().get(ME, params={"access_token": token})
    for response in (header, query):
        assert response.status_code == 401
        assert token not in response.text
        assert token not in str(response.headers)
