"""security.md §1: no redirect goes to an unregistered address, also after other faults."""

from urllib.parse import quote

import httpx

from support.app import CALLBACK, ISSUER, AppHarness, response_of

EVIL = "https://evil.example/steal"


def leads_nowhere(response: httpx.Response) -> bool:
    return (
        400 <= response.status_code < 500
        and "location" not in response.headers
        and "refresh" not in response.headers
        and "evil.example" not in response.text
        and "evil.example" not in str(response.headers)
    )


async def test_an_address_that_was_taken_back_gets_no_responses_any_more(
    harness: AppHarness,
) -> None:
    # Registered when the request came, and gone when the person decides.
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app(redirect_uris=(CALLBACK,))
    for decision in ("allow", "deny"):
        page = await harness.ask(browser, app)
        await harness.register_again(app, redirect_uris=("https://app.example.org/other",))
        assert leads_nowhere(await harness.decide(browser, page, decision))
        await harness.register_again(app, redirect_uris=(CALLBACK,))
    assert not harness.rows()["codes"]


async def test_an_app_that_was_disabled_or_deleted_is_not_answered_to(harness: AppHarness) -> None:
    await harness.person()
    browser = await harness.signed_in()
    for fate in ("disabled", "deleted"):
        app = await harness.app()
        page = await harness.ask(browser, app)
        sent = await harness.ask(harness.browser(), app)
        resume = httpx.URL(sent.headers["location"]).params["return_to"]
        await (
            harness.disable(app)
            if fate == "disabled"
            else harness.context.registry.delete(app.client)
        )
        assert leads_nowhere(await harness.decide(browser, page))
        assert leads_nowhere(await browser.get(resume))
        assert leads_nowhere(await harness.ask(browser, app))


async def test_the_sign_in_leads_to_paths_of_ours_alone(harness: AppHarness) -> None:
    await harness.person()
    for target in (
        EVIL,
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/%09/evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "@evil.example",
        f"{ISSUER}.evil.example/",
    ):
        browser = await harness.signed_in()
        page = await browser.get(f"/sign-in?return_to={quote(target, safe='')}")
        fields = {"username": "ann@example.org", "password": "wrong", "return_to": target}
        forged = await browser.post("/sign-in", data=fields)
        for response in (page, forged):
            assert not response.headers.get("location", "").startswith(("http", "//", "\\"))
            assert "evil.example" not in response.headers.get("content-security-policy", "")


async def test_the_host_header_does_not_change_a_redirect(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(first_party=True)
    headers = {
        "host": "evil.example",
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "http",
        "forwarded": "host=evil.example;proto=http",
    }
    query = {"client_id": app.id, "response_type": "code"}
    for browser in (harness.browser(), await harness.signed_in()):
        response = await browser.get("/api/v2/oauth/authorize", params=query, headers=headers)
        assert response.status_code == 303
        assert "evil.example" not in str(response.headers)
        assert response.headers["location"].startswith(("/sign-in?", CALLBACK))
    json = await harness.browser().get(
        "/api/v2/oauth/authorize", params=query, headers={**headers, "accept": "application/json"}
    )
    assert json.json()["error"]["interactionUrl"].startswith(ISSUER)
    document = await harness.browser().get("/.well-known/openid-configuration", headers=headers)
    assert "evil.example" not in document.text


async def test_an_error_is_only_sent_on_where_the_code_would_be(harness: AppHarness) -> None:
    app = await harness.app()
    error = response_of(await harness.ask(harness.browser(), app, scope="unknown"))
    assert error.location.startswith(CALLBACK + "?error=")
    assert leads_nowhere(
        await harness.ask(harness.browser(), app, scope="unknown", redirect_uri=EVIL)
    )
