"""Error responses of the token endpoint (RFC 6749 §5.2): shape, status, headers."""

import string

import httpx

from support.app import ISSUER, TOKEN, AppHarness

# RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E
_ALLOWED = set(map(chr, range(0x20, 0x7F))) - {'"', "\\"}


def check(response: httpx.Response, status: int, error: str) -> None:
    body = response.json()
    assert (response.status_code, body["error"]) == (status, error), response.text
    assert body.keys() == {"error", "error_description", "error_uri"}
    assert body["error_uri"].startswith(f"{ISSUER}/guides/developer/errors/#")
    assert set(body["error_description"]) <= _ALLOWED
    assert body["error_description"]
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_each_code_has_its_status_and_shape(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    lesser = await harness.app(grant_types=frozenset({"authorization_code"}))
    check(await harness.token(app), 400, "invalid_request")
    check(await harness.token(app, grant_type="authorization_code"), 400, "invalid_request")
    check(await harness.token(app, grant_type="refresh_token"), 400, "invalid_request")
    check(await harness.token(app, grant_type="nonsense"), 400, "unsupported_grant_type")
    check(await harness.token(app, grant_type="implicit"), 400, "unsupported_grant_type")
    check(await harness.token(lesser, grant_type="client_credentials"), 400, "unauthorized_client")
    check(await harness.redeem(app, "qmc_nothing"), 400, "invalid_grant")
    check(await harness.refresh(app, "qmr_nothing"), 400, "invalid_grant")
    check(
        await harness.token(app, grant_type="client_credentials", scope="nonsense"),
        400,
        "invalid_scope",
    )
    check(await harness.browser().post(TOKEN, data={"grant_type": "x"}), 401, "invalid_client")


async def test_basic_that_failed_is_answered_with_a_basic_challenge(harness: AppHarness) -> None:
    app = await harness.app()
    wrong = httpx.BasicAuth(app.id, "qms_wrong")
    response = await harness.browser().post(TOKEN, data={"grant_type": "x"}, auth=wrong)
    check(response, 401, "invalid_client")
    assert response.headers["www-authenticate"] == 'Basic realm="quantimodo", charset="UTF-8"'


async def test_an_error_never_repeats_the_input(harness: AppHarness) -> None:
    app = await harness.app()
    mark = "m4rked"
    for response in (
        await harness.token(app, grant_type=mark),
        await harness.token(app, grant_type="client_credentials", scope=mark),
        await harness.redeem(app, mark, code_verifier=mark, redirect_uri=mark),
        await harness.refresh(app, mark),
        await harness.token(app, **{mark: mark}),
        await harness.browser().post(TOKEN, data={"client_id": mark, "client_secret": mark}),
        await harness.browser().post(TOKEN, content=mark, headers={"content-type": mark}),
    ):
        assert 400 <= response.status_code < 500
        assert mark not in response.text
        assert all(mark not in value for value in response.headers.values())


async def test_descriptions_are_sentences_for_people(harness: AppHarness) -> None:
    app = await harness.app()
    text = (await harness.redeem(app, "qmc_nothing")).json()["error_description"]
    assert " " in text
    assert text[0] in string.ascii_letters
