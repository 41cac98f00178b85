"""A server without a key to sign with is not ready, and says so without an incident."""

import pytest

from world import World


async def _forget_keys(world: World) -> None:
    for key in await world.house.stores.signing_keys():
        await world.house.stores.delete_signing_key(key.kid)
    await world.house.keyring.load()


async def test_without_a_signing_key_it_is_not_ready(world: World) -> None:
    assert (await world.browser().get("/health/ready")).status_code == 200
    await _forget_keys(world)
    ready = await world.browser().get("/health/ready")
    assert ready.status_code == 503
    assert ready.json()["error"] == "temporarily_unavailable"
    assert (await world.browser().get("/health/live")).status_code == 200


async def test_it_is_ready_as_soon_as_another_process_has_made_them(world: World) -> None:
    await _forget_keys(world)
    await world.house.rotation.ensure()
    assert (await world.browser().get("/health/ready")).status_code == 200


@pytest.mark.parametrize("missing", ["ES256", "RS256"])
async def test_one_algorithm_without_a_key_is_not_ready(world: World, missing: str) -> None:
    for key in await world.house.stores.signing_keys():
        if key.algorithm == missing:
            await world.house.stores.delete_signing_key(key.kid)
    await world.house.keyring.load()
    assert (await world.browser().get("/health/ready")).status_code == 503


async def test_a_token_that_cannot_be_signed_is_temporarily_unavailable(world: World) -> None:
    app = await world.app(token_format="jwt")
    await _forget_keys(world)
    answer = await world.token(app, grant_type="client_credentials")
    assert answer.status_code == 503
    assert answer.json()["error"] == "temporarily_unavailable"
