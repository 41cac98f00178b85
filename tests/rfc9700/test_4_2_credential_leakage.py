"""Leakage by address and referrer (RFC 9700 §4.2; v2-api.md §1): what carries a secret in a query
is answered so that the address stays nowhere."""

import httpx

from quantimodo.protocol.discovery import CHECK_SESSION
from support.app import AUTHORIZE, ME, TOKEN, USERINFO, AppHarness, form_fields, response_of

MARK = "m4rked-secret"


def leaves_no_trace(response: httpx.Response) -> bool:
    return (
        response.headers.get("cache-control") == "no-store"
        and response.headers.get("referrer-policy") == "no-referrer"
        and MARK not in response.text
        and MARK not in str(response.headers)
    )


async def test_a_response_to_a_secret_in_a_query_is_not_kept_and_not_referred_to(
    harness: AppHarness,
) -> None:
    for address in (
        f"{TOKEN}?client_id=x&client_secret={MARK}",
        f"{TOKEN}?clientSecret={MARK}",
        f"{TOKEN}?grant_type=authorization_code&code={MARK}&client_id=x",
        f"{TOKEN}?token={MARK}",
        f"/api/v2/oauth/access_token?client_secret={MARK}&client_secret={MARK}",
        f"{ME}?access_token={MARK}",
        f"{ME}?access_token={MARK}&access_token={MARK}",
        f"{USERINFO}?access_token={MARK}",
        f"{AUTHORIZE}?client_id=x&client_secret={MARK}",
        f"{AUTHORIZE}?token={MARK}",
        f"{AUTHORIZE}/?token={MARK}",
        f"/sign-in?token={MARK}",
        f"/nowhere?access_token={MARK}&code={MARK}&accessToken={MARK}",
        f"/.well-known/openid-configuration?access_token={MARK}",
        f"/.well-known/jwks.json?x=1&client%5Fsecret={MARK}",
        f"/api/openapi.json?code={MARK}",
        f"{CHECK_SESSION}?token={MARK}",
        f"/static/none.css?access_token={MARK}",
    ):
        for method in ("GET", "POST", "PUT"):
            response = await harness.browser().request(method, address)
            assert 200 <= response.status_code < 500
            assert leaves_no_trace(response), (method, dict(response.headers), response.text)


async def test_a_success_leaves_no_trace_either(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(first_party=True)
    browser = await harness.signed_in()
    secret = app.secret or ""
    authorized = await harness.ask(browser, app, client_secret=secret)
    assert secret not in authorized.headers["location"]
    code = response_of(authorized).code
    query = {
        "grant_type": "authorization_code",
        "client_id": app.id,
        "client_secret": secret,
        "code": code,
        "redirect_uri": "https://app.example.org/callback",
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    }
    redeemed = await harness.browser().get(TOKEN, params=query)
    assert redeemed.status_code == 200
    me = await harness.browser().get(ME, params={"access_token": redeemed.json()["access_token"]})
    assert me.status_code == 200
    for response in (authorized, redeemed, me):
        assert leaves_no_trace(response)
        assert secret not in response.text


async def test_secrets_of_the_request_do_not_travel_through_the_sign_in(
    harness: AppHarness,
) -> None:
    app = await harness.app()
    browser = harness.browser()
    extra = {"client_secret": app.secret, "token": MARK, "access_token": MARK}
    sent = await harness.ask(browser, app, **extra, accessToken=MARK, code=MARK, refresh_token=MARK)
    assert sent.status_code == 303
    page = await browser.get(sent.headers["location"])
    for text in (sent.headers["location"], page.text, str(harness.rows())):
        assert MARK not in text
        assert (app.secret or "") not in text


async def test_a_consent_page_holds_no_code_or_token(harness: AppHarness) -> None:
    await harness.person()
    page = await harness.ask(await harness.signed_in(), await harness.app(), state=MARK, nonce=MARK)
    assert set(form_fields(page.text)) == {"request", "csrf", "revision"}
    assert MARK not in page.text
