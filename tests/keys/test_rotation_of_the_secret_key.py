"""The secret key is rotated by a restart: what began under the old one continues (v2-api.md §6)."""

from datetime import timedelta
from typing import Any

import pytest

from quantimodo.app.composition.administration import admin_log
from quantimodo.app.key_administration import KeyRotations
from quantimodo.app.settings.stored import Applied, opened, sealed
from quantimodo.model.admin_actions import BY_COMMAND
from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.model.set_ups import SetUpChanges
from quantimodo.model.stored_settings import StoredSettings
from support.app import TOKEN, AppHarness, OpenHarness
from support.registered_clients import assertion_of, presenting, signed

OLD, NEW = "A" * 43, "B" * 42 + "A"


async def refreshed(harness: AppHarness, **changes: Any) -> tuple[Any, str, dict[str, Any]]:
    """An app, its spent refresh token, and what it was spent for."""
    await harness.person()
    app = await harness.app(**changes)
    first = (await harness.tokens(app, scope="openid basic"))["refresh_token"]
    response = await harness.refresh(app, first, scope="basic")
    assert response.status_code == 200, response.text
    return app, first, response.json()


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_a_lost_response_is_repeated_across_a_restart_with_a_new_key(
    harness: AppHarness, reopened: OpenHarness, token_format: str
) -> None:
    app, spent, lost = await refreshed(harness, token_format=token_format)
    async with reopened(secret_key=f"{NEW}\n{OLD}") as again:
        repeated = (await again.refresh(app, spent, scope="basic")).json()
        assert repeated["refresh_token"] == lost["refresh_token"]
        assert (await again.call(repeated["access_token"])).status_code == 200
        assert (await again.refresh(app, repeated["refresh_token"])).status_code == 200


async def test_successors_are_derived_under_the_new_key_after_the_rotation(
    harness: AppHarness, reopened: OpenHarness
) -> None:
    app, _, response = await refreshed(harness)
    async with reopened(secret_key=f"{NEW}\n{OLD}") as again:
        successor = (await again.refresh(app, response["refresh_token"])).json()
        repeated = (await again.refresh(app, response["refresh_token"])).json()
        assert repeated["refresh_token"] == successor["refresh_token"]


async def test_without_the_old_key_a_repeat_is_refused(
    harness: AppHarness, reopened: OpenHarness
) -> None:
    app, spent, lost = await refreshed(harness)
    async with reopened(secret_key=f"{NEW}\n{OLD}") as between:
        for key in await between.context.stores.keys.signing_keys():
            await between.context.stores.keys.delete_signing_key(key.kid)
        await between.context.rotation.ensure()
    async with reopened(secret_key=NEW) as again:
        refused = await again.refresh(app, spent)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        # It is no replay: the holder of the successor can still refresh.
        assert (await again.refresh(app, lost["refresh_token"])).status_code == 200


async def test_the_secrets_of_stored_providers_outlive_the_old_key(
    harness: AppHarness, reopened: OpenHarness
) -> None:
    applied = Applied(providers={"work": {}}, secrets={"work": "fake-secret"})

    async def stored(server: AppHarness) -> StoredSettings:
        found = await server.context.stores.stored_settings.stored_settings()
        assert found is not None
        return found

    old = sealed(applied, harness.context.envelope, harness.context.clock)
    await harness.context.stores.set_ups.apply_set_up(SetUpChanges(settings=old))
    async with reopened(secret_key=f"{NEW}\n{OLD}") as between:
        rotations = KeyRotations(between.context, admin_log(between.context))
        await rotations.rotate(BY_COMMAND, now=True)
        assert (await stored(between)).revision == 1, "no set-up file has changed them"
        before = await stored(between)
        await rotations.rotate(BY_COMMAND, now=True)
        assert await stored(between) == before, "they are encrypted by the current key"
        for key in await between.context.stores.keys.signing_keys():
            if key.retires_at is not None:
                await between.context.stores.keys.delete_signing_key(key.kid)
    async with reopened(secret_key=NEW) as after:
        assert opened(await stored(after), after.context.envelope).secrets == applied.secrets


async def test_the_secrets_by_which_apps_sign_outlive_the_old_key(
    harness: AppHarness, reopened: OpenHarness
) -> None:
    metadata = ClientMetadata(token_endpoint_auth_method="client_secret_jwt")
    app = await harness.app(metadata=metadata)

    async def signs_in(server: AppHarness, jti: str) -> int:
        assertion = signed(assertion_of(server, app, jti=jti), app.secret or "", "HS256")
        data = presenting(assertion, grant_type="client_credentials")
        return (await server.browser().post(TOKEN, data=data)).status_code

    assert await signs_in(harness, "one") == 200
    async with reopened(secret_key=f"{NEW}\n{OLD}") as between:
        assert await signs_in(between, "two") == 200
        await between.context.rotation.rotate(timedelta(0))
        await between.context.registry.reseal()
        for key in await between.context.stores.keys.signing_keys():
            if key.retires_at is not None:
                await between.context.stores.keys.delete_signing_key(key.kid)
    async with reopened(secret_key=NEW) as after:
        assert await signs_in(after, "three") == 200
