"""The WWW-Authenticate answer (RFC 6750 §3), and what each scope opens (contract §7)."""

import httpx

from world import ME, USERINFO, World


def challenge(response: httpx.Response) -> str:
    value: str = response.headers["www-authenticate"]
    return value


async def test_without_a_token_the_challenge_is_bare(world: World) -> None:
    for path in (
        ME,
        USERINFO,
    ):
        for headers in ({}, {"authorization": "Bearer"}, {"authorization": "Basic YTpi"}):
            response = await world.browser().get(path, headers=headers)
            assert response.status_code == 401
            assert challenge(response) == "Bearer"
            assert response.headers["cache-control"] == "no-store"


async def test_a_dead_token_is_invalid_whatever_killed_it(world: World) -> None:
    ann = await world.person()
    app, browser = await world.app(), await world.signed_in()
    texts = set()
    for kill in ("revoke", "withdraw", "expire", "never lived", "disable"):
        token = (await world.tokens(app, browser))["access_token"]
        assert (await world.call(token)).status_code == 200
        match kill:
            case "revoke":
                await world.revoke(app, token)
            case "withdraw":
                now = world.house.clock.now()
                await world.house.stores.withdraw_consent(ann.id, app.id, now)
            case "expire":
                world.advance(hours=1)
            case "never lived":
                token = token[:-4] + "AAAA"
            case "disable":
                await world.house.accounts.disable(ann.id)
        response = await world.call(token)
        assert response.status_code == 401
        assert response.json()["error"] == "invalid_token"
        assert challenge(response).startswith('Bearer error="invalid_token"')
        texts.add(response.text)
    assert len(texts) == 1, "the answer does not tell why"


async def test_a_token_of_a_deleted_or_disabled_app_is_invalid(world: World) -> None:
    await world.person()
    browser = await world.signed_in()
    for fate in ("disabled", "deleted"):
        app = await world.app()
        token = (await world.tokens(app, browser))["access_token"]
        await (
            world.disable(app) if fate == "disabled" else world.house.registry.delete(app.client)
        )
        assert (await world.call(token)).status_code == 401, fate


async def test_too_little_scope_names_the_scope(world: World) -> None:
    await world.person()
    app, browser = await world.app(), await world.signed_in()
    for path, has, needs in ((ME, "openid email", "basic"), (USERINFO, "basic", "openid")):
        token = (await world.tokens(app, browser, scope=has))["access_token"]
        response = await world.call(token, path)
        assert response.status_code == 403
        assert response.json()["error"] == "insufficient_scope"
        assert 'error="insufficient_scope"' in challenge(response)
        assert f'scope="{needs}"' in challenge(response)


async def test_each_scope_opens_what_it_says_and_nothing_else(world: World) -> None:
    await world.person()
    app, browser = await world.app(), await world.signed_in()
    for scope in ("readmeasurements", "writemeasurements", "profile", "offline_access"):
        token = (await world.tokens(app, browser, scope=scope))["access_token"]
        assert (await world.call(token, ME)).status_code == 403, scope
        assert (await world.call(token, USERINFO)).status_code == 403, scope


async def test_only_access_tokens_open_a_resource(world: World) -> None:
    await world.person()
    app, browser = await world.app(), await world.signed_in()
    code = (await world.authorize(browser, app, scope="openid basic", nonce="n")).code
    assert (await world.call(code)).status_code == 401
    tokens = (await world.redeem(app, code)).json()
    for other in ("refresh_token", "id_token"):
        for path in (ME, USERINFO):
            assert (await world.call(tokens[other], path)).status_code == 401, other
    cookie = next(iter(browser.cookies.jar)).value
    assert cookie is not None
    assert (await world.call(cookie)).status_code == 401
    assert (await world.call(app.secret or "")).status_code == 401


async def test_a_session_cookie_opens_no_resource(world: World) -> None:
    await world.person()
    assert (await (await world.signed_in()).get(ME)).status_code == 401


async def test_an_error_never_repeats_the_token(world: World) -> None:
    token = "m4rked-token"
    header = await world.call(token)
    query = await world.browser().get(ME, params={"access_token": token})
    for response in (header, query):
        assert response.status_code == 401
        assert token not in response.text
        assert token not in str(response.headers)
