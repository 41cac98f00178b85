"""The token response (RFC 6749 §5.1) and what v2-api.md §6 adds: how long the refresh token and the
authorization last."""

from support.app import AppHarness, OpenHarness

DAY = 86_400


async def test_it_states_the_lifetimes_of_the_refresh_token_and_the_authorization(
    open_harness: OpenHarness,
) -> None:
    lifetimes = {
        "tokens__refresh_idle_lifetime": "10d",
        "tokens__refresh_absolute_lifetime": "15d",
    }
    async with open_harness(**lifetimes) as harness:
        await harness.person()
        app = await harness.app()
        first = await harness.tokens(app)
        assert first["refresh_token_expires_in"] == 10 * DAY
        assert first["authorization_expires_in"] == 15 * DAY
        harness.advance(days=8)
        second = (await harness.refresh(app, first["refresh_token"])).json()
        assert second["authorization_expires_in"] == 7 * DAY, "a refresh does not extend it"
        assert second["refresh_token_expires_in"] == 7 * DAY, "nothing outlives the authorization"
        harness.advance(seconds=5)
        again = (await harness.refresh(app, first["refresh_token"])).json()
        assert again["refresh_token"] == second["refresh_token"]
        assert again["refresh_token_expires_in"] == 7 * DAY - 5, "the same token, five seconds on"
        assert again["authorization_expires_in"] == 7 * DAY - 5
        for response in (first, second, again):  # Refresh Token Expiration §6.1
            assert response["refresh_token_timeout"] == response["refresh_token_expires_in"]
            assert response["refresh_token_timeout"] <= response["authorization_expires_in"]


async def test_both_are_true_to_the_second(open_harness: OpenHarness) -> None:
    async with open_harness(tokens__refresh_idle_lifetime="10d") as harness:
        await harness.person()
        app = await harness.app()
        token = (await harness.tokens(app))["refresh_token"]
        harness.advance(seconds=10 * DAY)
        assert (await harness.refresh(app, token)).json()["error"] == "invalid_grant"


async def test_an_applications_own_token_has_neither(harness: AppHarness) -> None:
    app = await harness.app()
    response = (await harness.token(app, grant_type="client_credentials")).json()
    lifetimes = {"refresh_token_expires_in", "refresh_token_timeout", "authorization_expires_in"}
    assert not lifetimes & response.keys()
