"""The log of an application: no secret is ever in it, and a flood of requests is bounded."""

from collections.abc import Sequence

from quantimodo.model.client_log import ClientRefusal
from quantimodo.ops.client_log import PER_KIND, PER_MINUTE
from quantimodo.protocol.refusals import REFUSALS
from quantimodo.protocol.request_summaries import NAMES
from support.app import (
    AUTHORIZE,
    CALLBACK,
    CHALLENGE,
    INTROSPECT,
    REVOKE,
    TOKEN,
    App,
    AppHarness,
)
from support.registered_clients import key_set, make_key, registered, signed

PAR = "/api/v2/oauth2/par"
DEVICE = "/api/v2/oauth2/device_authorization"
SECRET = "s3cret-canary-value"


async def log_of(harness: AppHarness, app: App) -> Sequence[ClientRefusal]:
    """What its owner finds, the oldest first."""
    await harness.context.client_log.flush()
    found = await harness.context.stores.client_log.client_refusals(app.id, limit=500)
    return [refusal for _, refusal in reversed(found)]


async def test_every_endpoint_leaves_the_refusals_of_an_app_in_its_log(
    harness: AppHarness,
) -> None:
    app, other = await harness.app(), await harness.app(public=True, scope=frozenset({"basic"}))
    browser = harness.browser()
    await harness.redeem(app, "qmc_nothing")
    await harness.token(app, grant_type="unheard of")
    await browser.post(TOKEN, data={"client_id": app.id, "client_secret": "wrong"})
    await browser.post(TOKEN, data={"client_id": app.id, "grant_type": "refresh_token"})
    await harness.post(INTROSPECT, other, {"client_id": other.id, "token": "x"})
    await harness.post(REVOKE, app, {"token_type_hint": "x"})
    await harness.post(PAR, app, {"response_type": "code", "redirect_uri": f"{CALLBACK}/"})
    await harness.post(DEVICE, app, {"scope": "basic"})
    await harness.ask(browser, app, redirect_uri="https://app.example.org:8443/callback")
    await harness.ask(browser, app, response_type="nonsense")
    await harness.ask(browser, other, code_challenge=None, code_challenge_method=None)
    await harness.ask(browser, other, scope="readmeasurements")
    assert [(each.endpoint, each.code) for each in await log_of(harness, app)] == [
        ("token", "code_not_valid"),
        ("token", "grant_type_unknown"),
        ("token", "client_secret_wrong"),
        ("token", "client_secret_missing"),
        ("revoke", "parameter_missing"),
        ("pushed_request", "redirect_uri_not_registered"),
        ("device_authorization", "grant_type_not_registered"),
        ("authorize", "redirect_uri_not_registered"),
        ("authorize", "response_type_unknown"),
    ]
    found = await log_of(harness, other)
    assert [(each.endpoint, each.code) for each in found] == [
        ("introspect", "public_client_not_allowed"),
        ("authorize", "pkce_required"),
        ("authorize", "scope_not_registered"),
    ]
    assert "scopes that the app is not registered for: readmeasurements" in found[2].received
    received = [each.received for each in await log_of(harness, app)]
    assert "grant_type: another value" in received[1]
    assert received[2][-1] == ("authenticated by client_secret_post; registered is a client secret")
    differs = f"redirect_uri differs from the registered {CALLBACK} in: "
    assert f"{differs}the slash at the end" in received[5]
    assert f"{differs}port" in received[7]
    days = await harness.context.stores.client_log.client_days(
        app.id, harness.context.clock.now().date()
    )
    assert [(day.tokens, day.refusals) for day in days] == [(0, 9)]


async def test_a_pushed_request_is_described_by_the_parameters_of_its_object(
    harness: AppHarness,
) -> None:
    key = make_key("ES256")
    app = await registered(harness, {"jwks": key_set(key)})
    claims = {
        "client_id": app.id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "basic",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    pushed = await harness.post(PAR, app, {"request": signed(claims, key, "ES256")})
    await harness.register_again(app, scope=frozenset({"openid"}))
    named = {"client_id": app.id, "request_uri": pushed.json()["request_uri"]}
    await harness.browser().get(AUTHORIZE, params=named)
    (refusal,) = await log_of(harness, app)
    assert refusal.code == "scope_not_registered"
    assert refusal.received[0] == f"parameters: {', '.join(sorted(claims))}"


async def test_no_value_of_a_request_is_in_the_log(harness: AppHarness) -> None:
    app = await harness.app()
    browser = harness.browser()
    everything = {name: f"{SECRET}-{name}" for name in sorted(NAMES | {SECRET})}
    for path in (TOKEN, INTROSPECT, REVOKE, PAR, DEVICE):
        await harness.post(path, app, {**everything, "client_id": app.id})
        for name in sorted(NAMES - {"client_id"}):
            await harness.post(path, app, {name: f"{SECRET} https://{SECRET}/#{SECRET}"})
        await browser.post(path, data={**everything, "client_id": app.id})
    for name in sorted(NAMES - {"client_id"}):
        await harness.ask(browser, app, **{name: f"https://{SECRET}.example/{SECRET}?{SECRET}"})
    await browser.get(AUTHORIZE, params={**everything, "client_id": app.id})
    await browser.get(AUTHORIZE, params={"client_id": app.id, "scope": "openid", SECRET: SECRET})
    page = await harness.ask(browser, app, redirect_uri=f"https://{SECRET}.example/")
    assert SECRET not in page.text
    refusals = await log_of(harness, app)
    assert len(refusals) == PER_MINUTE
    rows = harness.rows()
    assert rows["client_requests"]
    for table in ("client_requests", "client_days"):
        assert SECRET not in repr(rows[table]), table


async def test_each_kind_of_request_is_described_without_its_values(harness: AppHarness) -> None:
    # A minute apart, so that each leaves its row.
    app = await harness.app()
    browser = harness.browser()
    for name in sorted(NAMES - {"client_id", "client_secret"}):
        harness.advance(minutes=2)
        await harness.post(TOKEN, app, {name: f"{SECRET} {SECRET}"})
        await harness.ask(browser, app, **{name: f"https://{SECRET}.example/{SECRET}?{SECRET}"})
    await harness.context.client_log.flush()
    rows = harness.rows()["client_requests"]
    assert len(rows) > len(NAMES)
    assert SECRET not in repr(rows)


async def test_a_flood_of_refusals_is_bounded(harness: AppHarness) -> None:
    app = await harness.app()
    browser = harness.browser()
    for _ in range(3 * PER_KIND):
        await browser.post(TOKEN, data={"client_id": app.id, "client_secret": "wrong"})
    assert len(await log_of(harness, app)) == PER_KIND
    (day,) = await harness.context.stores.client_log.client_days(
        app.id, harness.context.clock.now().date()
    )
    assert day.refusals == 3 * PER_KIND
    unknown = await browser.post(TOKEN, data={"client_id": "unknown", "client_secret": "wrong"})
    assert unknown.status_code == 401
    assert len(await log_of(harness, app)) == PER_KIND


async def test_a_refusal_for_the_form_of_a_request_has_its_guide(harness: AppHarness) -> None:
    browser, form = harness.browser(), {"content-type": "application/x-www-form-urlencoded"}
    for method, headers, content, code in (
        ("PUT", form, b"", "method_not_allowed"),
        ("POST", {**form, "content-encoding": "gzip"}, b"x", "body_encoded"),
        ("POST", form, b"x=" + b"x" * 70_000, "request_too_large"),
        ("POST", {"content-type": "text/plain"}, b"x", "content_type_wrong"),
    ):
        response = await browser.request(method, TOKEN, headers=headers, content=content)
        assert response.json()["error_uri"].endswith(f"#{code}"), response.text
    # At a resource, an error has no guide of the OAuth endpoints.
    response = await browser.put("/api/v2/oauth2/userinfo")
    assert response.json().keys() == {"error", "error_description"}


async def test_a_caller_does_not_learn_which_credential_is_wrong(harness: AppHarness) -> None:
    app = await harness.app()
    browser = harness.browser()
    responses = {
        (await browser.post(TOKEN, data=data)).text
        for data in (
            {"client_id": "unknown", "client_secret": "wrong"},
            {"client_id": app.id, "client_secret": "wrong"},
            {"client_id": app.id},
        )
    }
    (response,) = responses
    assert "#client_authentication_failed" in response


async def test_expected_responses_are_not_refusals(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    silent = await harness.ask(harness.browser(), app, prompt="none")
    assert "error=login_required" in silent.headers["location"]
    assert REFUSALS["login_required"].ordinary
    await harness.tokens(app)
    assert await log_of(harness, app) == []
    (day,) = await harness.context.stores.client_log.client_days(
        app.id, harness.context.clock.now().date()
    )
    assert (day.tokens, day.refusals) == (1, 0)
