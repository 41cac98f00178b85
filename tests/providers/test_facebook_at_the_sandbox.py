"""Our Facebook and the sandbox's, which share no code, understand each other."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from quantimodo.model.secrets import Secret
from quantimodo.ports.stores import Stores
from quantimodo.providers.contract import (
    BadCode,
    BadToken,
    ForeignToken,
    Journey,
    LimitedLoginNeeded,
    PersonDeclined,
    Provider,
    ProviderDown,
    ProviderNonsense,
    ProviderPolicy,
)
from quantimodo.providers.facebook import Facebook
from quantimodo.providers.http import Door
from quantimodo.sandbox.policies import sandbox_policies
from sandbox_site import Sandbox, answer_of, link, open_sandbox
from surroundings import FrozenClock, SeededEntropy
from world import ISSUER, VERIFIER

JOURNEY = Journey(
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
    door = Door(transport=httpx.ASGITransport(app=sandbox.app))
    return Facebook(ProviderPolicy(**fields), door, clock, stores)


async def come_back(sandbox: Sandbox, provider: Provider, person: str) -> dict[str, str]:
    page = await sandbox.http.get(await provider.authorization_url(JOURNEY))
    answer = answer_of(await sandbox.http.get(link(page, person)))
    assert answer["state"] == "fake-state"
    return answer


async def token(sandbox: Sandbox, person: str = "verified", **sent: str) -> dict[str, Any]:
    return await sandbox.native("facebook", person, **sent)


async def test_a_person_comes_back_by_the_browser(sandbox: Sandbox, provider: Provider) -> None:
    answer = await come_back(sandbox, provider, "verified")
    profile = await provider.arrive(answer, JOURNEY)
    assert (profile.name, profile.email) == ("Vera Verified", "vera@workspace.example.org")
    assert profile.issuer == f"{ISSUER}/sandbox/facebook"
    assert (profile.email_verified, profile.email_authoritative) == (False, False)
    with pytest.raises(BadCode):
        await provider.arrive(answer, JOURNEY)


async def test_the_three_ways_lead_to_one_identity(sandbox: Sandbox, provider: Provider) -> None:
    browser = await provider.arrive(await come_back(sandbox, provider, "verified"), JOURNEY)
    sdk = await token(sandbox, nonce="one")
    native = await provider.recognise(Secret(sdk["access_token"]), None, None)
    limited = await provider.recognise(Secret(sdk["id_token"]), None, "one")
    assert browser.subject == native.subject == limited.subject
    assert browser.issuer == native.issuer == limited.issuer


async def test_a_person_may_have_no_address_and_may_say_no(
    sandbox: Sandbox, provider: Provider
) -> None:
    profile = await provider.arrive(await come_back(sandbox, provider, "no-email"), JOURNEY)
    assert profile.email is None
    with pytest.raises(PersonDeclined):
        await provider.arrive(await come_back(sandbox, provider, "says-no"), JOURNEY)
    with pytest.raises(ProviderDown):
        await provider.arrive(await come_back(sandbox, provider, "provider-error"), JOURNEY)


async def test_another_apps_tokens_are_refused(sandbox: Sandbox, provider: Provider) -> None:
    foreign = await token(sandbox, client_id="999999999999999", nonce="one")
    for raw in (foreign["access_token"], foreign["id_token"]):
        with pytest.raises(ForeignToken):
            await provider.recognise(Secret(raw), None, "one")


async def test_a_phone_without_tracking_is_told_to_send_the_id_token(
    sandbox: Sandbox, provider: Provider
) -> None:
    phone = await token(sandbox, limited="true", nonce="one")
    with pytest.raises(LimitedLoginNeeded):
        await provider.recognise(Secret(phone["access_token"]), None, "one")
    assert await provider.recognise(Secret(phone["id_token"]), None, "one")
    with pytest.raises(BadToken):
        await provider.recognise(Secret(phone["id_token"]), None, "one")


async def test_a_clock_that_is_almost_a_minute_fast_does_not_matter(
    sandbox: Sandbox, provider: Provider
) -> None:
    phone = await token(sandbox, "clock-ahead", nonce="one")
    assert await provider.recognise(Secret(phone["id_token"]), None, "one")


async def test_a_provider_that_is_down_or_talks_nonsense_is_told_apart(
    sandbox: Sandbox, provider: Provider
) -> None:
    with pytest.raises(ProviderDown):
        await provider.arrive(await come_back(sandbox, provider, "down"), JOURNEY)
    with pytest.raises(ProviderNonsense):
        await provider.arrive(await come_back(sandbox, provider, "nonsense"), JOURNEY)


async def test_a_signed_request_is_about_the_same_account(
    sandbox: Sandbox, provider: Provider
) -> None:
    sdk = await token(sandbox)
    profile = await provider.recognise(Secret(sdk["access_token"]), None, None)
    sent = await sandbox.http.post("/sandbox/facebook/signed-request", json={"person": "verified"})
    (notice,) = await provider.notices(
        "application/x-www-form-urlencoded",
        f"signed_request={sent.json()['signed_request']}".encode(),
    )
    assert (notice.issuer, notice.subject) == (profile.issuer, profile.subject)
