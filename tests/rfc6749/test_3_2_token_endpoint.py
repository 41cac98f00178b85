"""Token endpoint (RFC 6749 §3.2): how its parameters arrive."""

from support.app import CALLBACK, ISSUER, TOKEN, VERIFIER, App, AppHarness

FORM = {"content-type": "application/x-www-form-urlencoded"}


def body(app: App, text: str = "grant_type=client_credentials") -> str:
    return f"{text}&client_id={app.id}&client_secret={app.secret}"


async def test_a_form_body_with_a_charset_is_a_form(harness: AppHarness) -> None:
    app = await harness.app()
    kind = {"content-type": "Application/X-WWW-Form-Urlencoded; charset=UTF-8"}
    response = await harness.browser().post(TOKEN, content=body(app), headers=kind)
    assert response.status_code == 200


async def test_a_repeated_parameter_is_refused(harness: AppHarness) -> None:
    for more in (
        "&grant_type=client_credentials",
        "&grant_type=authorization_code",
        "&grant_type=",
        "&grantType=authorization_code",
        "&scope=basic&scope=basic",
        "&scope=basic&scope=",
        "&client_id=other",
    ):
        app = await harness.app()
        response = await harness.browser().post(TOKEN, content=body(app) + more, headers=FORM)
        assert response.status_code == 400
        assert response.json()["error"] == "invalid_request"


async def test_the_names_of_parameters_have_a_case(harness: AppHarness) -> None:
    app = await harness.app()
    response = await harness.browser().post(
        TOKEN, content=body(app, "Grant_Type=client_credentials"), headers=FORM
    )
    assert response.json()["error"] == "invalid_request"


async def test_an_unknown_parameter_is_ignored(harness: AppHarness) -> None:
    app = await harness.app()
    text = body(app) + "&utm_source=x&audience=unknown"
    assert (await harness.browser().post(TOKEN, content=text, headers=FORM)).status_code == 200


async def test_an_unknown_parameter_is_ignored_whatever_it_holds(harness: AppHarness) -> None:
    app = await harness.app()
    for more in (
        "&state=1&state=2",
        "&unknown=1&unknown=1",
        "&audience=https://a.example.org&audience=https://b.example.org",
        "&unknown=%ff",
        "&unknown=a%0ab",
        "&%ff=1",
        "&unknown=" + "a" * 9000,
        "".join(f"&p{number}=1" for number in range(100)),
    ):
        text = body(app) + more
        by_form = await harness.browser().post(TOKEN, content=text, headers=FORM)
        by_query = await harness.browser().get(f"{TOKEN}?{text}")
        for response in (by_form, by_query):
            assert response.status_code == 200, more[:20]


async def test_an_unknown_member_of_a_json_body_is_ignored_whatever_its_type(
    harness: AppHarness,
) -> None:
    # v2-api.md §6
    app = await harness.app()
    known = (
        f'"grant_type": "client_credentials", "client_id": "{app.id}",'
        f' "client_secret": "{app.secret}"'
    )
    for more in (
        '"x": 7',
        '"x": 7.5e400',
        '"x": ' + "9" * 5000,
        '"x": true, "y": null',
        '"x": {"a": [{}, {"b": null}]}',
        '"x": ["a", 1]',
        '"x": "\\ud800"',
        '"x": "a\\u0000b"',
        '"x": "a", "x": "b"',
        '"\\u0000": 1',
        '"scope": null',
        ", ".join(f'"p{number}": {number}' for number in range(100)),
    ):
        response = await harness.browser().post(
            TOKEN,
            content=f"{{{known}, {more}}}",
            headers={"content-type": "application/json"},
        )
        assert response.status_code == 200, more[:20]


async def test_a_known_member_of_a_json_body_is_a_string(harness: AppHarness) -> None:
    app = await harness.app()
    for member in ('"scope": ["basic"]', '"scope": 7', '"scope": {}', '"client_secret": true'):
        response = await harness.browser().post(
            TOKEN,
            content=f'{{"grant_type": "client_credentials", "client_id": "{app.id}", {member}}}',
            headers={"content-type": "application/json"},
        )
        assert response.status_code == 400
        assert response.json()["error"] == "invalid_request"


async def test_an_empty_value_is_as_if_absent(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(public=True)
    code = (await harness.authorize(await harness.signed_in(), app)).code
    assert (await harness.token(app, grant_type="")).json()["error"] == "invalid_request"
    assert (await harness.redeem(app, "")).json()["error"] == "invalid_request"
    assert (await harness.redeem(app, code, code_verifier="")).json()["error"] == "invalid_grant"
    assert (await harness.redeem(app, code, redirect_uri="")).json()["error"] == "invalid_grant"
    whole = await harness.redeem(app, code, scope="", client_secret="", refresh_token="")
    assert whole.status_code == 200


async def test_parameters_of_a_post_are_read_from_its_body_alone(harness: AppHarness) -> None:
    # RFC 6749 §2.3.1: credentials MUST NOT be in the request URI of a POST.
    app = await harness.app()
    response = await harness.browser().post(f"{TOKEN}?{body(app)}", content=b"", headers=FORM)
    assert response.status_code == 401
    code = await harness.browser().post(
        f"{TOKEN}?code_verifier={VERIFIER}&redirect_uri={CALLBACK}",
        content=body(app, "grant_type=authorization_code"),
        headers=FORM,
    )
    assert code.json()["error"] == "invalid_request"


async def test_a_missing_grant_type_says_so(harness: AppHarness) -> None:
    response = await harness.token(await harness.app(), scope="basic")
    assert response.status_code == 400
    assert response.json() == {
        "error": "invalid_request",
        "error_description": "the parameter grant_type is missing",
        "error_uri": f"{ISSUER}/guides/developer/errors/#parameter_missing",
    }


async def test_responses_are_not_cached_whatever_they_are(harness: AppHarness) -> None:
    app = await harness.app()
    responses = [
        await harness.token(app, grant_type="client_credentials"),
        await harness.token(app, grant_type="nonsense"),
        await harness.token(app),
        await harness.browser().post(TOKEN),
        await harness.browser().put(TOKEN),
    ]
    assert [response.status_code for response in responses] == [200, 400, 400, 400, 405]
    for response in responses:
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["pragma"] == "no-cache"
        assert response.headers["content-type"] == "application/json"
