"""Grant Management §7.1: an operator can require an action on a grant in each request."""

import pytest

from support.app import CALLBACK, CHALLENGE, AppHarness, OpenHarness, response_of
from support.fapi import PAR, WHOLE, signer

REQUEST = {
    "response_type": "code",
    "redirect_uri": CALLBACK,
    "scope": "basic",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
CREATE = {"grant_management_action": "create"}


async def is_required(harness: AppHarness) -> bool:
    document = await harness.browser().get("/.well-known/oauth-authorization-server")
    required: bool = document.json()["grant_management_action_required"]
    return required


async def test_7_1_of_all_applications(open_harness: OpenHarness) -> None:
    async with open_harness(tokens__require_grant_management="all") as harness:
        assert await is_required(harness)
        await harness.person()
        app, public, browser = (
            await harness.app(),
            await harness.app(public=True),
            await harness.signed_in(),
        )
        refused = response_of(await harness.ask(browser, app)).parameters
        assert refused["error"] == "invalid_request"
        assert "grant_management_action is required" in refused["error_description"]
        pushed = await harness.post(PAR, app, REQUEST)
        assert (pushed.status_code, pushed.json()["error"]) == (400, "invalid_request")
        assert (await harness.post(PAR, app, {**REQUEST, **CREATE})).status_code == 201
        assert "grant_id" in await harness.tokens(app, **CREATE)
        # A public application cannot manage grants, with or without the parameter.
        for more in ({}, CREATE):
            parameters = response_of(await harness.ask(browser, public, **more)).parameters
            assert parameters["error"] in ("invalid_request", "unauthorized_client")


async def test_7_1_of_applications_with_a_fapi_profile(open_harness: OpenHarness) -> None:
    async with open_harness(tokens__require_grant_management="fapi2") as harness:
        assert not await is_required(harness), "requests of other applications do not need it"
        await harness.person()
        assert "grant_id" not in await harness.tokens(await harness.app())
        strict = await signer(harness)
        refused = await strict.post(PAR, WHOLE)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
        assert (await strict.post(PAR, {**WHOLE, **CREATE})).status_code == 201


@pytest.mark.parametrize("profile", ["legacy", "fapi2"])
async def test_7_1_nothing_is_required_at_first(harness: AppHarness, profile: str) -> None:
    assert not await is_required(harness)
    application = await signer(harness, profile)
    assert (await application.post(PAR, WHOLE)).status_code == 201
