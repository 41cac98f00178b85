"""Client authentication (RFC 6749 §2.3, §2.3.1) at the token endpoint, over HTTP."""

from base64 import b64encode
from datetime import timedelta
from urllib.parse import quote_plus

import httpx

from support.app import TOKEN, App, AppHarness

OWN = {"grant_type": "client_credentials"}


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(f"{client_id}:{secret}".encode()).decode()}


async def ask(harness: AppHarness, data: dict[str, str], **headers: str) -> httpx.Response:
    return await harness.browser().post(TOKEN, data=data, headers=headers)


def is_refused(response: httpx.Response, *, challenged: bool) -> bool:
    challenge = response.headers.get("www-authenticate", "")
    return (
        response.status_code == 401
        and response.json()["error"] == "invalid_client"
        and challenge.startswith("Basic ") == challenged
    )


async def test_a_client_authenticates_by_basic(harness: AppHarness) -> None:
    app = await harness.app()
    assert (await harness.token(app, **OWN)).status_code == 200


async def test_a_client_authenticates_in_the_body(harness: AppHarness) -> None:
    app = await harness.app()
    body = {**OWN, "client_id": app.id, "client_secret": app.secret or ""}
    assert (await ask(harness, body)).status_code == 200


async def test_basic_halves_are_form_urlencoded(harness: AppHarness) -> None:
    app = await harness.app()
    assert app.secret is not None
    encoded = "".join(f"%{ord(character):02X}" for character in app.secret)
    assert encoded != quote_plus(app.secret)
    for client_id, secret in ((app.id, encoded), (quote_plus(app.id), quote_plus(app.secret))):
        response = await ask(harness, OWN, **basic(client_id, secret))
        assert response.status_code == 200, response.text


async def test_the_scheme_is_read_without_case(harness: AppHarness) -> None:
    app = await harness.app()
    value = basic(app.id, app.secret or "")["authorization"].replace("Basic", "bAsIc")
    assert (await ask(harness, OWN, authorization=value)).status_code == 200


async def test_a_client_id_beside_basic_must_be_the_same(harness: AppHarness) -> None:
    app, other = await harness.app(), await harness.app()
    same = await harness.token(app, **OWN, client_id=app.id)
    assert same.status_code == 200
    different = await harness.token(app, **OWN, client_id=other.id)
    assert different.status_code == 400
    assert different.json()["error"] == "invalid_request"


async def test_two_methods_at_once_are_refused_even_when_both_are_right(
    harness: AppHarness,
) -> None:
    app = await harness.app()
    response = await harness.token(app, **OWN, client_id=app.id, client_secret=app.secret)
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"


async def test_an_assertion_is_a_second_method_too(harness: AppHarness) -> None:
    response = await harness.token(await harness.app(), **OWN, client_assertion="a.b.c")
    assert response.status_code == 400


async def test_an_assertion_alone_proves_nothing(harness: AppHarness) -> None:
    # security.md §14: assertions are not offered, so none may stand in for a secret.
    app = await harness.app()
    body = {
        **OWN,
        "client_id": app.id,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": "eyJhbGciOiJub25lIn0.e30.",
    }
    assert is_refused(await ask(harness, body), challenged=False)


async def test_a_bearer_header_is_ignored(harness: AppHarness) -> None:
    for value in (
        "Bearer ",
        "Bearer",
        "bearer qma_not-a-token",
        "Bearer a.b.c",
    ):
        app = await harness.app()
        body = {**OWN, "client_id": app.id, "client_secret": app.secret or ""}
        assert (await ask(harness, body, authorization=value)).status_code == 200
        assert is_refused(await ask(harness, OWN, authorization=value), challenged=False)


async def test_a_live_access_token_does_not_authenticate_a_client(harness: AppHarness) -> None:
    app = await harness.app()
    token = (await harness.token(app, **OWN)).json()["access_token"]
    body = {**OWN, "client_id": app.id}
    assert is_refused(await ask(harness, body, authorization=f"Bearer {token}"), challenged=False)


async def test_malformed_credentials_are_refused(harness: AppHarness) -> None:
    for value in (
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic =",
        "Basic " + b64encode(b"no colon").decode(),
        "Basic " + b64encode(b":only-a-secret").decode(),
        "Basic " + b64encode(b"\xff\xfe:x").decode(),
        "Basic " + b64encode(b"a\x00b:x").decode(),
        "Basic " + b64encode(b"%00:x").decode(),
        "Basic " + b64encode(b"%ff%fe:x").decode(),
        "Basic " + b64encode(b"%zz:%").decode(),
        "Basic " + b64encode(b"a" * 9000 + b":x").decode(),
        "Digest username=x",
        "Negotiate abc",
        "  ",
    ):
        response = await ask(harness, OWN, authorization=value)
        assert response.status_code == 401, response.text
        assert response.json()["error"] == "invalid_client"


async def test_an_unknown_client_and_a_wrong_secret_get_one_response(harness: AppHarness) -> None:
    app = await harness.app()
    responses = [
        await ask(harness, OWN, **basic(app.id, "qms_wrong")),
        await ask(harness, OWN, **basic("unknown-client", "qms_wrong")),
        await ask(harness, OWN, **basic(app.id, "")),
    ]
    assert all(is_refused(response, challenged=True) for response in responses)
    assert len({response.content for response in responses}) == 1


async def test_a_wrong_secret_in_the_body_gets_no_challenge(harness: AppHarness) -> None:
    app = await harness.app()
    body = {**OWN, "client_id": app.id, "client_secret": "qms_wrong"}
    assert is_refused(await ask(harness, body), challenged=False)


async def test_a_confidential_client_does_not_pass_by_its_id_alone(harness: AppHarness) -> None:
    app = await harness.app()
    assert is_refused(await ask(harness, {**OWN, "client_id": app.id}), challenged=False)
    empty = {**OWN, "client_id": app.id, "client_secret": ""}
    assert is_refused(await ask(harness, empty), challenged=False)
    assert is_refused(await ask(harness, OWN, **basic(app.id, "")), challenged=True)


async def test_a_public_client_that_sends_a_secret_is_refused(harness: AppHarness) -> None:
    app = await harness.app(public=True)
    await harness.person()
    code = (await harness.authorize(await harness.signed_in(), app)).code
    refused = await harness.redeem(app, code, client_secret="qms_anything")
    assert is_refused(refused, challenged=False)
    assert (await harness.redeem(app, code)).status_code == 200


async def test_a_request_without_a_client_is_refused(harness: AppHarness) -> None:
    assert is_refused(await ask(harness, OWN), challenged=False)


async def test_a_disabled_client_is_refused_at_once(harness: AppHarness) -> None:
    app = await harness.app()
    assert (await harness.token(app, **OWN)).status_code == 200
    await harness.disable(app)
    assert is_refused(await harness.token(app, **OWN), challenged=True)


async def test_a_rotated_secret_works_until_its_overlap_ends(harness: AppHarness) -> None:
    before = await harness.app()
    registry = harness.context.registry
    rotated = await registry.rotate_secret(before.client, overlap=timedelta(hours=1))
    assert rotated.secret is not None
    after = App(rotated.client, rotated.secret.reveal())
    assert (await harness.token(before, **OWN)).status_code == 200
    assert (await harness.token(after, **OWN)).status_code == 200
    harness.advance(hours=1)
    assert is_refused(await harness.token(before, **OWN), challenged=True)
    assert (await harness.token(after, **OWN)).status_code == 200


async def test_a_repeated_authorization_header_is_refused(harness: AppHarness) -> None:
    app = await harness.app()
    one = basic(app.id, app.secret or "")["authorization"]
    response = await harness.browser().post(
        TOKEN, data=OWN, headers=[("authorization", one), ("authorization", one)]
    )
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"
