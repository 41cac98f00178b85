"""Native apps (RFC 8252 §7.1, §7.3, §8.6): private-use schemes, loopback ports, consent."""

import httpx

from support.app import CALLBACK, App, AppHarness, response_of

LOOPBACK = "http://127.0.0.1:8181/callback"


def is_error_page(response: httpx.Response) -> bool:
    return response.status_code == 400 and "location" not in response.headers


async def test_any_port_of_a_registered_loopback_address_is_answered_to(
    harness: AppHarness,
) -> None:
    await harness.person()
    for uri in (
        LOOPBACK,
        "http://127.0.0.1:1/callback",
        "http://127.0.0.1:65535/callback",
        "http://127.0.0.1/callback",
    ):
        app = await harness.app(public=True, redirect_uris=(LOOPBACK,))
        response = await harness.authorize(await harness.signed_in(), app, redirect_uri=uri)
        assert response.location.startswith(uri + "?code=")
        # The code is bound to the port that was asked for, not to the one that is registered.
        wrong = await harness.redeem(app, response.code, redirect_uri="http://127.0.0.1:2/callback")
        assert wrong.json()["error"] == "invalid_grant"
        assert (await harness.redeem(app, response.code, redirect_uri=uri)).status_code == 200


async def test_the_sixth_protocols_loopback_is_one_too(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(public=True, redirect_uris=("http://[::1]/callback",))
    uri = "http://[::1]:50000/callback"
    response = await harness.authorize(await harness.signed_in(), app, redirect_uri=uri)
    assert response.location.startswith(uri + "?code=")


async def test_nothing_but_the_port_may_differ(harness: AppHarness) -> None:
    app = await harness.app(public=True, redirect_uris=(LOOPBACK,))
    for uri in (
        "http://127.0.0.1:8181/other",
        "http://127.0.0.1:8181/callback/",
        "http://127.0.0.1:8181/callback?x=1",
        "https://127.0.0.1:8181/callback",
        "http://localhost:8181/callback",
        "http://127.0.0.2:8181/callback",
        "http://[::1]:8181/callback",
        "http://2130706433:8181/callback",
        "http://127.1:8181/callback",
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:65536/callback",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:+80/callback",
        "http://127.0.0.1:٣/callback",
        "http://127.0.0.1:80@evil.example/callback",
        "http://127.0.0.1:80.evil.example/callback",
        "http://127.0.0.1.evil.example:80/callback",
        "http://127.0.0.1:80#/callback",
    ):
        assert is_error_page(await harness.ask(harness.browser(), app, redirect_uri=uri)), uri


async def test_a_public_client_that_registered_localhost_gets_any_port(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(public=True, redirect_uris=("http://localhost:3000/callback",))
    for port in ("", ":1", ":49152"):
        uri = f"http://localhost{port}/callback"
        response = await harness.authorize(await harness.signed_in(), app, redirect_uri=uri)
        assert response.location.startswith(uri + "?code=")
        wrong = await harness.redeem(app, response.code, redirect_uri="http://localhost:2/callback")
        assert wrong.json()["error"] == "invalid_grant"
        assert (await harness.redeem(app, response.code, redirect_uri=uri)).status_code == 200
    for uri in (
        "http://localhost:1/other",
        "https://localhost:1/callback",
        "http://127.0.0.1:3000/callback",
        "http://localhost:0/callback",
        "http://localhost:1@evil.example/callback",
        "http://localhost.evil.example:1/callback",
    ):
        assert is_error_page(await harness.ask(harness.browser(), app, redirect_uri=uri)), uri


async def test_a_port_is_free_for_loopback_addresses_alone(harness: AppHarness) -> None:
    # A confidential client runs on a server, whose port does not change.
    app = await harness.app(
        redirect_uris=("https://app.example.org/callback", "http://localhost:3000/callback")
    )
    for uri in ("https://app.example.org:8443/callback", "http://localhost:3001/callback"):
        assert is_error_page(await harness.ask(harness.browser(), app, redirect_uri=uri)), uri


async def test_a_private_use_scheme_is_redirected_to_exactly(harness: AppHarness) -> None:
    await harness.person()
    uri = "org.example.app:/callback"
    app = await harness.app(public=True, redirect_uris=(uri,))
    response = await harness.authorize(await harness.signed_in(), app, redirect_uri=uri)
    assert response.location.startswith("org.example.app:/callback?code=")
    assert (await harness.redeem(app, response.code, redirect_uri=uri)).status_code == 200


async def asks(harness: AppHarness, browser: httpx.AsyncClient, app: App, **changes: str) -> bool:
    """Whether the person is asked; then they allow it."""
    response = await harness.ask(browser, app, **changes)
    if response.status_code == 303:
        assert "code" in response_of(response).parameters
        return False
    assert 'id="allow"' in response.text
    assert "code" in response_of(await harness.decide(browser, response)).parameters
    return True


async def test_a_public_client_on_a_device_is_asked_about_each_time_even_when_flagged(
    harness: AppHarness,
) -> None:
    # RFC 8252 §8.6, security.md §8: any program there can pretend to be it.
    await harness.person()
    for uri in (
        "org.example.app:/callback",
        "http://127.0.0.1:8181/callback",
        "http://[::1]/callback",
        "http://localhost:3000/callback",
        "https://localhost/callback",
    ):
        app = await harness.app(public=True, first_party=True, redirect_uris=(uri, CALLBACK))
        browser = await harness.signed_in()
        assert await asks(harness, browser, app), "what was allowed at another address"
        for _ in range(2):
            assert await asks(harness, browser, app, redirect_uri=uri), uri
        silent = response_of(await harness.ask(browser, app, prompt="none", redirect_uri=uri))
        assert silent.parameters["error"] == "consent_required"


async def test_a_public_client_on_the_web_is_asked_about_once(harness: AppHarness) -> None:
    # v2-api.md §5: only its owner receives what is sent to an https address (RFC 8252 §7.2).
    ann = await harness.person()
    for first_party in (False, True):
        app = await harness.app(public=True, first_party=first_party)
        browser = await harness.signed_in()
        silent = response_of(await harness.ask(browser, app, prompt="none"))
        assert silent.parameters["error"] == "consent_required", "never skipped, whatever its flags"
        assert await asks(harness, browser, app)
        assert not await asks(harness, browser, app)
        assert "code" in response_of(await harness.ask(browser, app, prompt="none")).parameters
        assert await asks(harness, browser, app, scope="basic readmeasurements")
        assert await asks(harness, browser, app, prompt="consent")
        await harness.context.stores.authorizations.withdraw_consent(
            ann.id, app.id, harness.context.clock.now()
        )
        assert await asks(harness, browser, app)


async def test_consent_given_on_a_device_holds_at_an_https_address(harness: AppHarness) -> None:
    # docs/decisions/0006: consent is per client, and only its owner receives what is sent to an
    # https address (RFC 8252 §7.2), wherever the person allowed it before.
    await harness.person()
    for uri in ("org.example.app:/callback", "http://127.0.0.1:8181/callback"):
        app = await harness.app(public=True, redirect_uris=(uri, CALLBACK))
        browser = await harness.signed_in()
        assert await asks(harness, browser, app, redirect_uri=uri), uri
        assert not await asks(harness, browser, app), uri
        assert await asks(harness, browser, app, redirect_uri=uri), "nor does https end the asking"
