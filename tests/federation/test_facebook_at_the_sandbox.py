"""Our Facebook and the sandbox's, which share no code, understand each other."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from quantimodo.federation.contract import (
    AccessDeniedByUser,
    AuthorizationContext,
    BadCode,
    BadToken,
    ForeignToken,
    LimitedLoginNeeded,
    Provider,
    ProviderPolicy,
)
from quantimodo.federation.providers.facebook import Facebook
from quantimodo.model.secrets import Secret
from quantimodo.outbound.errors import InvalidProviderResponse, ProviderUnavailable
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.ports.stores import Stores
from quantimodo.sandbox.policies import sandbox_policies
from support.app import ISSUER, VERIFIER
from support.environment import FrozenClock, SeededEntropy
from support.sandbox_site import Sandbox, link, open_sandbox, response_of

CONTEXT = AuthorizationContext(
    state=Secret("fake-state"),
    nonce="fake-nonce",
    verifier=Secret(VERIFIER),
    redirect_uri=f"{ISSUER}/api/v2/auth/social/callback/google",  # where `sandbox_site` waits
)


@pytest.fixture
async def sandbox(clock: FrozenClock, entropy: SeededEntropy) -> AsyncIterator[Sandbox]:
    async with open_sandbox(clock, entropy) as opened:
        yield opened


@pytest.fixture
def provider(sandbox: Sandbox, clock: FrozenClock, stores: Stores) -> Provider:
    (fields,) = sandbox_policies(ISSUER, ["facebook"])
    http_client = GuardedHttpClient(transport=httpx.ASGITransport(app=sandbox.app))
    return Facebook(ProviderPolicy(**fields), http_client, clock, stores.replays)


async def send_callback(sandbox: Sandbox, provider: Provider, person: str) -> dict[str, str]:
    page = await sandbox.http.get(await provider.authorization_url(CONTEXT))
    response = response_of(await sandbox.http.get(link(page, person)))
    assert response["state"] == "fake-state"
    return response


async def token(sandbox: Sandbox, person: str = "verified", **sent: str) -> dict[str, Any]:
    return await sandbox.native("facebook", person, **sent)


async def test_a_person_comes_back_by_the_browser(sandbox: Sandbox, provider: Provider) -> None:
    response = await send_callback(sandbox, provider, "verified")
    profile = await provider.handle_callback(response, CONTEXT)
    assert (profile.name, profile.email) == ("Vera Verified", "vera@workspace.example.org")
    assert profile.issuer == f"{ISSUER}/sandbox/facebook"
    assert (profile.email_verified, profile.email_authoritative) == (False, False)
    with pytest.raises(BadCode):
        await provider.handle_callback(response, CONTEXT)


async def test_the_three_ways_lead_to_one_identity(sandbox: Sandbox, provider: Provider) -> None:
    browser = await provider.handle_callback(
        await send_callback(sandbox, provider, "verified"), CONTEXT
    )
    sdk = await token(sandbox, nonce="one")
    native = await provider.verify_native_token(Secret(sdk["access_token"]), None, None)
    limited = await provider.verify_native_token(Secret(sdk["id_token"]), None, "one")
    assert browser.subject == native.subject == limited.subject
    assert browser.issuer == native.issuer == limited.issuer


async def test_a_person_may_have_no_address_and_may_say_no(
    sandbox: Sandbox, provider: Provider
) -> None:
    profile = await provider.handle_callback(
        await send_callback(sandbox, provider, "no-email"), CONTEXT
    )
    assert profile.email is None
    with pytest.raises(AccessDeniedByUser):
        await provider.handle_callback(await send_callback(sandbox, provider, "says-no"), CONTEXT)
    with pytest.raises(ProviderUnavailable):
        await provider.handle_callback(
            await send_callback(sandbox, provider, "provider-error"), CONTEXT
        )


async def test_another_apps_tokens_are_refused(sandbox: Sandbox, provider: Provider) -> None:
    foreign = await token(sandbox, client_id="999999999999999", nonce="one")
    for raw in (foreign["access_token"], foreign["id_token"]):
        with pytest.raises(ForeignToken):
            await provider.verify_native_token(Secret(raw), None, "one")


async def test_a_phone_without_tracking_must_send_the_id_token(
    sandbox: Sandbox, provider: Provider
) -> None:
    phone = await token(sandbox, limited="true", nonce="one")
    with pytest.raises(LimitedLoginNeeded):
        await provider.verify_native_token(Secret(phone["access_token"]), None, "one")
    assert await provider.verify_native_token(Secret(phone["id_token"]), None, "one")
    with pytest.raises(BadToken):
        await provider.verify_native_token(Secret(phone["id_token"]), None, "one")


async def test_a_clock_that_is_almost_a_minute_fast_does_not_matter(
    sandbox: Sandbox, provider: Provider
) -> None:
    phone = await token(sandbox, "clock-ahead", nonce="one")
    assert await provider.verify_native_token(Secret(phone["id_token"]), None, "one")


async def test_a_provider_that_is_down_or_sends_malformed_responses_is_distinguished(
    sandbox: Sandbox, provider: Provider
) -> None:
    with pytest.raises(ProviderUnavailable):
        await provider.handle_callback(await send_callback(sandbox, provider, "down"), CONTEXT)
    with pytest.raises(InvalidProviderResponse):
        await provider.handle_callback(await send_callback(sandbox, provider, "malformed"), CONTEXT)


async def test_a_signed_request_is_about_the_same_account(
    sandbox: Sandbox, provider: Provider
) -> None:
    sdk = await token(sandbox)
    profile = await provider.verify_native_token(Secret(sdk["access_token"]), None, None)
    sent = await sandbox.http.post("/sandbox/facebook/signed-request", json={"person": "verified"})
    (notice,) = await provider.security_events(
        "application/x-www-form-urlencoded",
        f"signed_request={sent.json()['signed_request']}".encode(),
    )
    assert (notice.issuer, notice.subject) == (profile.issuer, profile.subject)
