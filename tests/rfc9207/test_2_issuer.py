"""`iss` in every authorization response (RFC 9207 §2), errors included."""

from urllib.parse import parse_qs, urlsplit

from support.app import ISSUER, AppHarness, form_fields, response_of

KINDS = ("code", "none", "token", "id_token", "code id_token token")


async def test_every_kind_of_response_names_its_issuer_once(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(first_party=True, response_types=frozenset(KINDS))
    browser = await harness.signed_in()
    for kind in KINDS:
        response = await harness.ask(browser, app, response_type=kind, scope="openid", nonce="n")
        location = urlsplit(response.headers["location"])
        assert parse_qs(location.query or location.fragment)["iss"] == [ISSUER], kind


async def test_every_error_names_its_issuer(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    responses = [
        response_of(await harness.ask(browser, app, scope="nonsense")),
        response_of(await harness.ask(browser, app, response_type="nonsense")),
        response_of(await harness.ask(harness.browser(), app, prompt="none")),
        response_of(await harness.ask(browser, app, prompt="none")),
        response_of(await harness.decide(browser, await harness.ask(browser, app), "deny")),
    ]
    assert all("error" in response.parameters for response in responses)
    assert all(response.parameters["iss"] == ISSUER for response in responses)


async def test_a_form_post_names_its_issuer(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(first_party=True)
    page = await harness.ask(await harness.signed_in(), app, response_mode="form_post")
    assert form_fields(page.text)["iss"] == ISSUER


async def test_a_client_cannot_choose_the_issuer(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(first_party=True)
    browser = await harness.signed_in()
    response = await harness.ask(browser, app, iss="https://evil.example")
    query = parse_qs(urlsplit(response.headers["location"]).query)
    assert query["iss"] == [ISSUER]
    forged = await browser.get(
        response.request.url.raw_path.decode(),
        headers={"host": "evil.example", "x-forwarded-host": "evil.example"},
    )
    assert parse_qs(urlsplit(forged.headers["location"]).query)["iss"] == [ISSUER]
