"""`iss` in every authorization answer (RFC 9207 §2), errors included."""

from urllib.parse import parse_qs, urlsplit

from world import ISSUER, World, answer_of, form_fields

KINDS = ("code", "none", "token", "id_token", "code id_token token")


async def test_every_kind_of_answer_names_its_issuer_once(world: World) -> None:
    await world.person()
    app = await world.app(first_party=True, response_types=frozenset(KINDS))
    browser = await world.signed_in()
    for kind in KINDS:
        response = await world.ask(browser, app, response_type=kind, scope="openid", nonce="n")
        location = urlsplit(response.headers["location"])
        assert parse_qs(location.query or location.fragment)["iss"] == [ISSUER], kind


async def test_every_error_names_its_issuer(world: World) -> None:
    await world.person()
    browser, app = await world.signed_in(), await world.app()
    answers = [
        answer_of(await world.ask(browser, app, scope="nonsense")),
        answer_of(await world.ask(browser, app, response_type="nonsense")),
        answer_of(await world.ask(world.browser(), app, prompt="none")),
        answer_of(await world.ask(browser, app, prompt="none")),
        answer_of(await world.decide(browser, await world.ask(browser, app), "deny")),
    ]
    assert all("error" in answer.parameters for answer in answers)
    assert all(answer.parameters["iss"] == ISSUER for answer in answers)


async def test_a_form_post_names_its_issuer(world: World) -> None:
    await world.person()
    app = await world.app(first_party=True)
    page = await world.ask(await world.signed_in(), app, response_mode="form_post")
    assert form_fields(page.text)["iss"] == ISSUER


async def test_a_client_cannot_choose_the_issuer(world: World) -> None:
    await world.person()
    app = await world.app(first_party=True)
    browser = await world.signed_in()
    response = await world.ask(browser, app, iss="https://evil.example")
    query = parse_qs(urlsplit(response.headers["location"]).query)
    assert query["iss"] == [ISSUER]
    forged = await browser.get(
        response.request.url.raw_path.decode(),
        headers={"host": "evil.example", "x-forwarded-host": "evil.example"},
    )
    assert parse_qs(urlsplit(forged.headers["location"]).query)["iss"] == [ISSUER]
