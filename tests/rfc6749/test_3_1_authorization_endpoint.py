"""Authorization endpoint (RFC 6749 §3.1): its parameters and the redirection endpoint (RFC 6749
§3.1.2)."""

from urllib.parse import urlencode

import httpx
import pytest

from support.app import AUTHORIZE, CALLBACK, CHALLENGE, ISSUER, App, AppHarness, response_of
from support.registered_clients import key_set, make_key, registered, signed

FORM = {"content-type": "application/x-www-form-urlencoded"}
OTHER = "https://app.example.org/other"


def is_error_page(response: httpx.Response) -> bool:
    """A page of ours that leads nowhere."""
    return (
        response.status_code == 400
        and "location" not in response.headers
        and response.headers["content-type"].startswith("text/html")
        and "<form" not in response.text
        and 'http-equiv="refresh"' not in response.text
    )


def requested(app: App, **changes: str) -> list[tuple[str, str]]:
    fields = {
        "client_id": app.id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "basic",
        "state": "some-state",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return list(fields.items())


async def test_get_and_post_ask_the_same(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app(first_party=True)
    responses = [
        response_of(await browser.get(AUTHORIZE, params=requested(app))),
        response_of(await browser.post(AUTHORIZE, data=dict(requested(app)))),
    ]
    assert all(response.code.startswith("qmc_") for response in responses)


async def test_a_post_that_is_not_a_form_is_a_page(harness: AppHarness) -> None:
    app = await harness.app()
    browser = harness.browser()
    body = urlencode(requested(app)).encode()
    for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x", ""):
        response = await browser.post(AUTHORIZE, content=body, headers={"content-type": kind})
        assert is_error_page(response), kind


async def test_a_fault_in_what_names_the_target_is_a_page(harness: AppHarness) -> None:
    # Which of the two redirect URIs would it be? Nothing is trusted, so nothing is answered to.
    app, browser = await harness.app(), harness.browser()
    for name in ("client_id", "redirect_uri"):
        pairs = requested(app)
        again = next(pair for pair in pairs if pair[0] == name)
        assert is_error_page(await browser.get(AUTHORIZE, params=[*pairs, again]))
        assert is_error_page(await browser.get(AUTHORIZE, params=[*pairs, (name, "other")]))
        assert is_error_page(await browser.get(AUTHORIZE, params=[*pairs, (name, "")]))
        query = urlencode([pair for pair in pairs if pair[0] != name])
        for value in ("%FF", "%00", "a%0ab", "a" * 9000):
            assert is_error_page(await browser.get(f"{AUTHORIZE}?{query}&{name}={value}"))
            body = f"{query}&{name}={value}".encode()
            assert is_error_page(await browser.post(AUTHORIZE, content=body, headers=FORM))
    secret = f"client_secret={app.secret}"
    for value in (f"{secret}&{secret}", "client_secret=%FF"):
        assert is_error_page(await browser.get(f"{AUTHORIZE}?{urlencode(requested(app))}&{value}"))


FAULTS = {
    "a long nonce": "nonce=" + "a" * 9000,
    "a tab between scopes": "scope=basic%09openid",
    "a tab after a language": "ui_locales=de%09",
    "a hint that is not UTF-8": "login_hint=%FF",
    "a surrogate": "login_hint=%ED%A0%80",
    "a NUL": "claims=%00",
    "a prompt twice": "prompt=login&prompt=login",
    "a response type twice": "response_type=code&response_type=code",
    "a challenge twice": "code_challenge=x&code_challenge=y",
    "two scopes in two parameters": "scope=basic&scope=openid",
    "two spellings that differ": "response_type=code&responseType=token",
    "an age that is no number": "max_age=soon",
    "an age that is too long": "max_age=" + "9" * 9000,
    "a request object twice": "request=a.b.c&request=a.b.c",
    "a request object that is not UTF-8": "request=%FF",
    "details twice": "authorization_details=[]&authorization_details=[]",
    "details that are not UTF-8": "authorization_details=%FF",
    "details of nine thousand characters": "authorization_details=" + "+" * 9000,
    "a mode twice": "response_mode=query&response_mode=fragment",
    "a mode that is not UTF-8": "response_mode=%FF",
}


@pytest.mark.parametrize("says", FAULTS)
async def test_every_other_fault_goes_to_the_client(harness: AppHarness, says: str) -> None:
    # RFC 6749 §4.1.2.1, v2-api.md §5
    await harness.person()
    app, browser = await harness.app(first_party=True), await harness.signed_in()
    given = FAULTS[says].partition("=")[0]
    kept = [pair for pair in requested(app) if pair[0] != given]
    text = f"{urlencode(kept)}&{FAULTS[says]}"
    before = harness.rows()
    for response in (
        await browser.get(f"{AUTHORIZE}?{text}"),
        await browser.post(AUTHORIZE, content=text.encode("latin-1"), headers=FORM),
        await browser.head(f"{AUTHORIZE}?{text}"),
    ):
        authorization_response = response_of(response)
        assert authorization_response.location.startswith(f"{CALLBACK}?")
        assert authorization_response.parameters["error"] == "invalid_request"
        assert authorization_response.parameters["state"] == "some-state"
        assert authorization_response.parameters["iss"] == ISSUER
        assert given in authorization_response.parameters["error_description"]
    as_json = await browser.get(f"{AUTHORIZE}?{text}", headers={"accept": "application/json"})
    assert as_json.status_code == 400
    assert as_json.json()["error"]["code"] == "invalid_request"
    assert harness.rows() == before


async def test_raw_bytes_of_a_form_go_to_the_client_too(harness: AppHarness) -> None:
    app = await harness.app()
    body = f"{urlencode(requested(app))}&login_hint=é".encode()
    response = response_of(await harness.browser().post(AUTHORIZE, content=body, headers=FORM))
    assert response.parameters["error"] == "invalid_request"


async def test_a_state_that_is_malformed_does_not_come_back(harness: AppHarness) -> None:
    app, browser = await harness.app(), harness.browser()
    query = urlencode([pair for pair in requested(app) if pair[0] != "state"])
    for state in (
        "state=1&state=1",
        "state=a%0d%0aSet-Cookie:x",
        "state=%FF",
        "state=" + "a" * 9000,
    ):
        response = response_of(await browser.get(f"{AUTHORIZE}?{query}&{state}"))
        assert response.parameters["error"] == "invalid_request"
        assert response.parameters["iss"] == ISSUER
        assert "state" not in response.parameters


async def test_a_malformed_request_object_member_goes_to_the_client(harness: AppHarness) -> None:
    key = make_key("ES256")
    app = await registered(harness, {"jwks": key_set(key)})
    claims = {**dict(requested(app)), "iss": app.id, "aud": ISSUER}
    for member, word in (
        ({"login_hint": "a\nb"}, "error"),
        ({"nonce": "a\tb"}, "error"),
        ({"foo": "a\nb", "audience": ["a", "b"], "bar": {"x": [None]}}, "return_to"),
    ):
        token = signed({**claims, **member}, key, "ES256")
        response = await harness.ask(harness.browser(), app, request=token)
        assert word in response.headers["location"]


async def test_an_unknown_parameter_is_ignored_whatever_it_holds(harness: AppHarness) -> None:
    # RFC 6749 §3.1: MUST ignore unrecognized request parameters.
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app(first_party=True)
    for more in (
        "utm_source=a%20letter&resource_owner=bob",
        "audience=https%3A%2F%2Fa.example.org&audience=https%3A%2F%2Fb.example.org",
        "foo=1&foo=2",
        "foo=1&foo=1&foo",
        "foo=" + "a" * 9000,
        "foo=a%0Ab%00",
        "foo=%FF&%FF=1",
        "%00=1",
        "=1&&=",
        "&".join(f"p{number}=1" for number in range(300)),
    ):
        text = f"{urlencode(requested(app))}&{more}"
        for response in (
            await browser.get(f"{AUTHORIZE}?{text}"),
            await browser.post(AUTHORIZE, content=text.encode(), headers=FORM),
        ):
            assert response_of(response).code.startswith("qmc_"), more[:20]


async def test_an_empty_value_is_as_if_absent(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app(first_party=True)
    response = response_of(
        await harness.ask(browser, app, state="", nonce="", prompt="", max_age="")
    )
    assert "state" not in response.parameters
    assert is_error_page(await harness.ask(browser, app, client_id=""))
    missing = response_of(await harness.ask(browser, app, response_type=""))
    assert missing.parameters["error"] == "invalid_request"


async def test_a_missing_or_unknown_client_is_a_page(harness: AppHarness) -> None:
    app, browser = await harness.app(), harness.browser()
    assert is_error_page(await harness.ask(browser, app, client_id=None))
    assert is_error_page(await harness.ask(browser, app, client_id="unknown-client"))
    await harness.disable(app)
    assert is_error_page(await harness.ask(browser, app))


async def test_a_redirect_uri_that_is_not_registered_is_a_page(harness: AppHarness) -> None:
    app, browser = await harness.app(), harness.browser()
    for uri in (
        OTHER,
        CALLBACK + "/",
        CALLBACK + "?",
        CALLBACK + "?next=1",
        CALLBACK + "#x",
        CALLBACK.replace("https", "http"),
        CALLBACK.replace("https", "HTTPS"),
        CALLBACK.replace("app.example.org", "APP.example.org"),
        CALLBACK.replace("app.example.org", "app.example.org:443"),
        CALLBACK.replace("app.example.org", "app.example.org.evil.example"),
        CALLBACK.replace("app.example.org", "app.example.org@evil.example"),
        "https://app.example.org/x/../callback",
        "https://app.example.org/%63allback",
        "//app.example.org/callback",
        "/callback",
        "javascript:alert(1)",
    ):
        assert is_error_page(await harness.ask(browser, app, redirect_uri=uri)), uri


async def test_every_other_fault_beside_a_bad_address_is_still_a_page(harness: AppHarness) -> None:
    # security.md §1: an unvalidated URI gives an error page on *every* error path.
    app, browser = await harness.app(), harness.browser()
    for fault in (
        {"response_type": None},
        {"response_type": "nonsense"},
        {"scope": "nonsense"},
        {"prompt": "none"},
        {"prompt": "none login"},
        {"response_mode": "nonsense"},
        {"response_mode": "form_post"},
        {"code_challenge_method": "plain"},
        {"max_age": "-1"},
        {"request": "a.b.c"},
        {"request_uri": "https://evil.example/request"},
    ):
        assert is_error_page(await harness.ask(browser, app, redirect_uri=OTHER, **fault)), fault


async def test_redirect_uri_may_be_left_out_when_exactly_one_is_registered(
    harness: AppHarness,
) -> None:
    await harness.person()
    browser = await harness.signed_in()
    one = await harness.app(first_party=True)
    two = await harness.app(first_party=True, redirect_uris=(CALLBACK, OTHER))
    response = response_of(await harness.ask(browser, one, redirect_uri=None))
    assert response.location.startswith(CALLBACK + "?")
    assert is_error_page(await harness.ask(browser, two, redirect_uri=None))
    named = response_of(await harness.ask(browser, two, redirect_uri=OTHER))
    assert named.location.startswith(OTHER + "?")


async def test_a_query_in_the_registered_uri_is_kept(harness: AppHarness) -> None:
    await harness.person()
    uri = CALLBACK + "?tenant=a%20b&x="
    app = await harness.app(first_party=True, redirect_uris=(uri,))
    response = response_of(await harness.ask(await harness.signed_in(), app, redirect_uri=uri))
    assert response.location.startswith(uri + "&code=")


async def test_the_state_is_returned_unchanged(harness: AppHarness) -> None:
    await harness.person()
    state = "a b+c&d=é%20/#?\"'<>日本"
    app = await harness.app(first_party=True)
    response = response_of(await harness.ask(await harness.signed_in(), app, state=state))
    assert response.parameters["state"] == state


async def test_an_error_page_never_repeats_what_was_sent(harness: AppHarness) -> None:
    app = await harness.app()
    mark = "m4rked<script>"
    response = await harness.ask(harness.browser(), app, redirect_uri=f"https://{mark}", state=mark)
    assert is_error_page(response)
    assert "m4rked" not in response.text


async def test_the_response_is_a_303_and_is_not_stored(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(first_party=True)
    response = await harness.ask(await harness.signed_in(), app)
    assert response.status_code == 303
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"


async def test_the_address_with_a_slash_at_its_end_is_not_ours(harness: AppHarness) -> None:
    # RFC 9700 §4.12: a 307 would send the body, with its secrets, once more to wherever it says.
    for method in ("GET", "POST"):
        response = await harness.browser().request(method, AUTHORIZE + "/?client_secret=x")
        assert response.status_code == 404
        assert "location" not in response.headers
