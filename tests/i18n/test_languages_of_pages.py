"""Which language a page has: the browser's choice, the request, the profile, the header."""

import re

from support.app import AUTHORIZE, AppHarness, form_fields
from support.app import SESSION as SESSION_COOKIE

FORM = {"content-type": "application/x-www-form-urlencoded"}
GERMAN = {"accept-language": "fr, de-AT;q=0.9, en;q=0.1"}


def language(text: str) -> str:
    found = re.search(r'<html lang="([^"]+)">', text)
    assert found is not None
    return found[1]


async def test_the_sources_of_the_language_in_their_order(harness: AppHarness) -> None:
    """OpenID Connect Core §3.1.2.1 (`ui_locales`), OpenID Connect Core §5.1 (`locale`), and
    RFC 9110 §12.5.4."""
    await harness.person()
    app = await harness.app()
    stranger = harness.browser()
    page = await stranger.get("/sign-in", headers=GERMAN)
    assert (language(page.text), page.headers["content-language"]) == ("de", "de")
    assert "Passwort vergessen?" in page.text
    assert (
        language((await stranger.get("/sign-in", headers={"accept-language": "fr"})).text) == "en"
    )
    assert language((await stranger.get("/nowhere", headers=GERMAN)).text) == "de"

    requested = await harness.ask(stranger, app, ui_locales="xx de", prompt="login")
    assert requested.status_code == 303
    shown = await stranger.get(requested.headers["location"])
    assert language(shown.text) == "de"
    unknown = await harness.ask(stranger, app, ui_locales="xx yy")
    assert unknown.status_code == 303
    # An error is for the person, and its technical part is in English.
    refused = await stranger.get(AUTHORIZE, params={"client_id": "unknown"}, headers=GERMAN)
    assert language(refused.text) == "de"
    error = await stranger.post("/api/v2/oauth2/access_token", data={}, headers=GERMAN)
    assert error.json()["error_description"].isascii()

    ann = await harness.signed_in()
    fields = form_fields((await ann.get("/account/profile")).text)
    saved = await ann.post("/account/profile/details", data={**fields, "locale": "de"})
    assert saved.status_code == 303
    english = {"accept-language": "en"}
    assert language((await ann.get("/account", headers=english)).text) == "de"
    consent = await harness.ask(ann, app, ui_locales="en", prompt="consent")
    assert (consent.status_code, language(consent.text)) == (200, "en")
    consent = await harness.ask(ann, app, prompt="consent")
    assert "Erlauben" in consent.text
    assert 'id="allow"' in consent.text

    chosen = await choose(ann, "en", "/account/apps?x=1")
    assert chosen == "/account/apps?x=1"
    assert language((await ann.get("/account", headers=GERMAN)).text) == "en"
    await choose(ann, "", "/")
    assert language((await ann.get("/account", headers=english)).text) == "de"
    assert ann.cookies.get(SESSION_COOKIE)


async def choose(browser: object, tag: str, return_to: str) -> str:
    page = await browser.get("/language", params={"return_to": return_to})  # type: ignore[attr-defined]
    fields = {**form_fields(page.text), "language": tag}
    response = await browser.post("/language", data=fields)  # type: ignore[attr-defined]
    assert response.status_code == 303
    location: str = response.headers["location"]
    return location


async def test_a_language_that_is_not_offered_cannot_be_chosen_and_no_other_site_is_led_to(
    harness: AppHarness,
) -> None:
    browser = harness.browser()
    for tag in ("xx", "../de", "de\r\nx: y"):
        await choose(browser, tag, "https://attacker.example.org/")
        assert language((await browser.get("/")).text) == "en"
    assert await choose(browser, "de", "//attacker.example.org/") in ("/", "/account")
    page = await browser.get("/language?return_to=https://attacker.example.org/")
    assert "attacker" not in page.text
    for query in ("/&return_to=/b", f"/{'a' * 5_000}", "%00", "%ff", "/%22%3E%3Cscript%3E"):
        assert "<script>" not in (await browser.get(f"/language?return_to={query}")).text
    csrf = form_fields(page.text)["csrf"]
    for body, status in (
        ("language=de&return_to=/", 403),
        (f"csrf={csrf}&language=en&language=de&return_to=/", 400),
        (f"csrf={csrf}&language=en&return_to=/&return_to=/b", 400),
        (f"csrf={csrf}&language=%00&return_to=/", 400),
        (f"csrf={csrf}&language={'d' * 100_000}&return_to=/", 413),
    ):
        response = await browser.post("/language", content=body, headers=FORM)
        assert response.status_code == status, body[:99]
        assert "set-cookie" not in response.headers
    assert (await browser.put("/language")).status_code == 405
    browser.cookies.set("__Host-quantimodo_language", "<script>", domain="id.example.org")
    assert language((await browser.get("/")).text) == "en"


async def test_discovery_lists_the_languages(harness: AppHarness) -> None:
    """OpenID Connect Discovery §3."""
    found = (await harness.browser().get("/.well-known/openid-configuration")).json()
    assert found["ui_locales_supported"] == ["en", "de", "ar"]


async def test_the_default_of_the_operator(open_harness: object) -> None:
    async with open_harness(default_locale="de") as server:  # type: ignore[operator]
        browser = server.browser()
        assert language((await browser.get("/")).text) == "de"
        english = {"accept-language": "en-GB"}
        assert language((await browser.get("/", headers=english)).text) == "en"
