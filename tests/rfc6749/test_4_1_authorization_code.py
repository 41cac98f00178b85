"""Authorization code grant (RFC 6749 §4.1), through the wire."""

from world import CALLBACK, World


async def test_a_code_buys_tokens_that_open_the_api(world: World) -> None:
    ann = await world.person()
    app = await world.app()
    tokens = await world.tokens(app)
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 3600
    assert tokens["scope"] == "basic"
    me = await world.call(tokens["access_token"])
    assert me.json() == {
        "id": ann.id,
        "displayName": "Ann Example",
        "loginName": "ann@example.org",
        "email": "ann@example.org",
        "administrator": False,
    }


async def test_the_answer_brings_code_state_and_issuer_to_the_registered_address(
    world: World,
) -> None:
    await world.person()
    answer = await world.authorize(await world.signed_in(), await world.app())
    assert answer.location.startswith(CALLBACK + "?")
    assert set(answer.parameters) == {"code", "state", "iss"}
    assert answer.parameters["state"] == "some-state"
