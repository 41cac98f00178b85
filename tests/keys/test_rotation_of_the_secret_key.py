"""The secret key is rotated by a restart: what began under the old one goes on (contract §6)."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from quantimodo.app.server import furnish_server
from quantimodo.app.wiring import open_house
from quantimodo.model.client_metadata import ClientMetadata
from registered import assertion_of, presenting, signed
from world import TOKEN, Foundation, World, settings_for

OLD, NEW = "A" * 43, "B" * 42 + "A"

Restarted = Callable[[str], AbstractAsyncContextManager[World]]


@pytest.fixture
def restarted(world: World, foundation: Foundation, tmp_path: Path) -> Restarted:
    """The world's server once more, over the same database, with these secret keys."""

    @asynccontextmanager
    async def restart(keys: str) -> AsyncIterator[World]:
        settings = settings_for(f"sqlite:///{world.database}", tmp_path, secret_key=keys)
        async with open_house(settings, world.house.clock, world.house.entropy) as house:
            application = await furnish_server(house, foundation.renderer)
            again = World(house, application, world.database, world.password_hash)
            yield again
            await again.close()

    return restart


async def refreshed(world: World, **changes: Any) -> tuple[Any, str, dict[str, Any]]:
    """An app, its spent refresh token, and what it was spent for."""
    await world.person()
    app = await world.app(**changes)
    first = (await world.tokens(app, scope="openid basic"))["refresh_token"]
    answer = await world.refresh(app, first, scope="basic")
    assert answer.status_code == 200, answer.text
    return app, first, answer.json()


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_a_lost_answer_is_given_again_across_a_restart_with_a_new_key(
    world: World, restarted: Restarted, token_format: str
) -> None:
    app, spent, lost = await refreshed(world, token_format=token_format)
    async with restarted(f"{NEW}\n{OLD}") as again:
        repeated = (await again.refresh(app, spent, scope="basic")).json()
        assert repeated["refresh_token"] == lost["refresh_token"]
        assert (await again.call(repeated["access_token"])).status_code == 200
        assert (await again.refresh(app, repeated["refresh_token"])).status_code == 200


async def test_heirs_are_made_under_the_new_key_from_then_on(
    world: World, restarted: Restarted
) -> None:
    app, _, answer = await refreshed(world)
    async with restarted(f"{NEW}\n{OLD}") as again:
        heir = (await again.refresh(app, answer["refresh_token"])).json()
        repeated = (await again.refresh(app, answer["refresh_token"])).json()
        assert repeated["refresh_token"] == heir["refresh_token"]


async def test_where_the_old_key_is_gone_nothing_is_given_that_would_not_work(
    world: World, restarted: Restarted
) -> None:
    app, spent, lost = await refreshed(world)
    async with restarted(f"{NEW}\n{OLD}") as between:
        for key in await between.house.stores.signing_keys():
            await between.house.stores.delete_signing_key(key.kid)
        await between.house.rotation.ensure()
    async with restarted(NEW) as again:
        refused = await again.refresh(app, spent)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        # It is no replay: whoever got the answer goes on.
        assert (await again.refresh(app, lost["refresh_token"])).status_code == 200


async def test_the_secrets_by_which_apps_sign_outlive_the_old_key(
    world: World, restarted: Restarted
) -> None:
    metadata = ClientMetadata(token_endpoint_auth_method="client_secret_jwt")
    app = await world.app(metadata=metadata)

    async def signs_in(server: World, jti: str) -> int:
        assertion = signed(assertion_of(server, app, jti=jti), app.secret or "", "HS256")
        data = presenting(assertion, grant_type="client_credentials")
        return (await server.browser().post(TOKEN, data=data)).status_code

    assert await signs_in(world, "one") == 200
    async with restarted(f"{NEW}\n{OLD}") as between:
        assert await signs_in(between, "two") == 200
        await between.house.rotation.rotate(timedelta(0))
        await between.house.registry.reseal()
        for key in await between.house.stores.signing_keys():
            if key.retires_at is not None:
                await between.house.stores.delete_signing_key(key.kid)
    async with restarted(NEW) as after:
        assert await signs_in(after, "three") == 200
