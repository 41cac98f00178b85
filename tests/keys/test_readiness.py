"""A server without a key to sign with is not ready, and says so without an incident."""

import pytest

from support.app import AppHarness


async def _forget_keys(harness: AppHarness) -> None:
    for key in await harness.context.stores.keys.signing_keys():
        await harness.context.stores.keys.delete_signing_key(key.kid)
    await harness.context.keyring.load()


async def test_without_a_signing_key_it_is_not_ready(harness: AppHarness) -> None:
    assert (await harness.browser().get("/health/ready")).status_code == 200
    await _forget_keys(harness)
    ready = await harness.browser().get("/health/ready")
    assert ready.status_code == 503
    assert ready.json()["error"] == "temporarily_unavailable"
    assert (await harness.browser().get("/health/live")).status_code == 200


async def test_it_is_ready_as_soon_as_another_process_has_made_them(harness: AppHarness) -> None:
    await _forget_keys(harness)
    await harness.context.rotation.ensure()
    assert (await harness.browser().get("/health/ready")).status_code == 200


@pytest.mark.parametrize("missing", ["ES256", "RS256"])
async def test_one_algorithm_without_a_key_is_not_ready(harness: AppHarness, missing: str) -> None:
    for key in await harness.context.stores.keys.signing_keys():
        if key.algorithm == missing:
            await harness.context.stores.keys.delete_signing_key(key.kid)
    await harness.context.keyring.load()
    assert (await harness.browser().get("/health/ready")).status_code == 503


async def test_a_token_that_cannot_be_signed_is_temporarily_unavailable(
    harness: AppHarness,
) -> None:
    app = await harness.app(token_format="jwt")
    await _forget_keys(harness)
    response = await harness.token(app, grant_type="client_credentials")
    assert response.status_code == 503
    assert response.json()["error"] == "temporarily_unavailable"
