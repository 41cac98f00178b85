"""The page of a rejected authorization request: for the person, and for the developer."""

import re

from support.app import CALLBACK, ISSUER, AppHarness, OpenHarness, response_of

WRONG = "https://elsewhere.example.org/callback"
DEVELOPMENT = "http://127.0.0.1:8000"


def incident_of(page: str) -> str:
    found = re.search(r"<bdi>([0-9a-f]{12})</bdi>", page)
    assert found is not None, page
    return found[1]


async def test_a_person_gets_a_sentence_a_code_and_an_incident(harness: AppHarness) -> None:
    app = await harness.app()
    page = await harness.ask(harness.browser(), app, redirect_uri=WRONG)
    assert page.status_code == 400
    assert "Authorization request rejected" in page.text
    assert "The app wants you to be sent to an address that is not registered" in page.text
    assert "<bdi>redirect_uri_not_registered</bdi>" in page.text
    assert 'href="/guides/developer/register/#redirect-uris"' in page.text
    # Nothing for a stranger about what is registered, or about how to fix it.
    for text in (CALLBACK, WRONG, "clients edit", "registered redirect URIs", "Received"):
        assert text not in page.text
    await harness.context.client_log.flush()
    ((_, refusal),) = await harness.context.stores.client_log.client_refusals(app.id)
    assert refusal.incident == incident_of(page.text)


async def test_each_page_has_the_code_of_its_refusal(harness: AppHarness) -> None:
    app = await harness.app()
    browser = harness.browser()
    for changes, code in (
        ({"client_id": "unknown"}, "client_unknown"),
        ({"redirect_uri": None, "scope": "openid"}, "redirect_uri_missing"),
        ({"client_id": None}, "parameter_missing"),
        ({"client_secret": "wrong"}, "client_secret_at_authorize"),
        ({"redirect_uri": f"{CALLBACK}\x00"}, "parameter_malformed"),
    ):
        page = await harness.ask(browser, app, **changes)
        assert f"<bdi>{code}</bdi>" in page.text, code
    await harness.disable(app)
    page = await harness.ask(browser, app)
    assert "<bdi>client_unknown</bdi>" in page.text
    gone = await browser.get("/api/v2/oauth/authorize/resume?request=nothing")
    if gone.status_code == 400:
        assert "<bdi>request_gone</bdi>" in gone.text
    response = await browser.get("/api/v2/oauth/authorize", headers={"accept": "application/json"})
    assert response.json()["error"]["code"] == "invalid_request"


async def test_an_error_that_is_sent_to_the_app_has_the_address_of_its_guide(
    harness: AppHarness,
) -> None:
    app = await harness.app()
    for changes, code in (
        ({"response_type": "code id_token"}, "response_type_not_registered"),
        ({"code_challenge_method": "plain"}, "pkce_method_not_s256"),
        ({"scope": "nonsense"}, "scope_unknown"),
        ({"prompt": "none"}, "login_required"),
    ):
        response = response_of(await harness.ask(harness.browser(), app, **changes))
        about = f"{ISSUER}/guides/developer/errors/#{code}"
        assert response.parameters["error_uri"] == about


async def test_a_development_server_shows_what_was_received_and_how_to_fix_it(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(issuer=DEVELOPMENT, development="true") as harness:
        app = await harness.app(redirect_uris=("https://app.example.org/it's",))
        browser = harness.browser()
        browser.base_url = DEVELOPMENT
        page = await harness.ask(browser, app, redirect_uri="https://app.example.org/<i>")
        unknown = await harness.ask(browser, app, client_id="unknown")
    for text in (
        "<code>invalid_request</code>",
        "redirect_uri is not one of those that the app has registered.",
        "parameters: client_id, code_challenge, code_challenge_method, redirect_uri",
        "registered redirect URIs: https://app.example.org/it&#39;s",
        f"<code>quantimodo clients edit {app.id} --redirect-uri URI</code>",
    ):
        assert text in page.text, text
    assert "<i>" not in page.text
    assert "Copy the client id from the portal" in unknown.text
    assert "parameters: " not in unknown.text
