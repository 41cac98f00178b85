"""HEAD (RFC 9110 §9.3.2): the same as GET without a body, and never more than a look."""

import pytest

from world import ME, TOKEN, USERINFO, World


async def test_head_is_get_without_a_body(world: World) -> None:
    for path in (
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/jwks.json",
        "/api/openapi.json",
        "/health/live",
        "/health/ready",
        ME,
        USERINFO,
        "/metrics",
    ):
        browser = world.browser()
        get, head = await browser.get(path), await browser.head(path)
        assert head.status_code == get.status_code
        assert dict(head.headers) == dict(get.headers)
        assert head.content == b""


@pytest.mark.parametrize("path", [TOKEN, "/api/v2/oauth/access_token"])
async def test_a_look_at_a_link_spends_no_code(world: World, path: str) -> None:
    # Contract §1 has GET here, which RFC 9110 calls safe; scanners of links believe that of HEAD.
    await world.person()
    app = await world.app()
    code = (await world.authorize(await world.signed_in(), app)).code
    query = {
        "grant_type": "authorization_code",
        "client_id": app.id,
        "client_secret": app.secret or "",
        "code": code,
    }
    before = world.rows()
    head = await world.browser().head(path, params=query)
    assert head.status_code == 405
    assert head.headers["allow"] == "GET, OPTIONS, POST"
    assert world.rows() == before
    assert (await world.redeem(app, code)).status_code == 200
