"""security.md §11: no other site presses a button of ours, frames it, or writes on it."""

import httpx

from support.app import CALLBACK, DECISION, AppHarness, form_fields, response_of


async def a_question(harness: AppHarness) -> tuple[httpx.AsyncClient, httpx.Response]:
    await harness.person()
    browser = await harness.signed_in()
    return browser, await harness.ask(browser, await harness.app())


async def test_a_decision_needs_the_proof_of_this_browser_and_session(harness: AppHarness) -> None:
    browser, page = await a_question(harness)
    fields = {**form_fields(page.text), "decision": "allow"}
    await harness.person("eve@example.org", "Eve Example")
    eve = await harness.signed_in("eve@example.org")
    eves = form_fields((await harness.ask(eve, await harness.app())).text)
    for csrf in (None, "", "x", "é", eves["csrf"], fields["csrf"][:-1], fields["csrf"].upper()):
        forged = {name: value for name, value in fields.items() if name != "csrf"}
        if csrf is not None:
            forged["csrf"] = csrf
        assert (await browser.post(DECISION, data=forged)).status_code == 403, csrf
    assert (await eve.post(DECISION, data=fields)).status_code == 403
    assert (await harness.browser().post(DECISION, data=fields)).status_code == 403
    assert not harness.rows()["codes"]
    assert "code" in response_of(await browser.post(DECISION, data=fields)).parameters


async def test_a_form_of_another_site_is_refused_even_with_the_proof(harness: AppHarness) -> None:
    browser, page = await a_question(harness)
    fields = {**form_fields(page.text), "decision": "allow"}
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "http://id.example.org"},
        {"origin": "https://id.example.org.evil.example"},
        {"origin": "https://id.example.org:8443"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
    ):
        assert (await browser.post(DECISION, data=fields, headers=headers)).status_code == 403
    assert not harness.rows()["codes"]
    ours = {"origin": "https://id.example.org", "sec-fetch-site": "same-origin"}
    assert (await browser.post(DECISION, data=fields, headers=ours)).status_code == 303


async def test_a_doubled_field_of_the_decision_is_refused(harness: AppHarness) -> None:
    browser, page = await a_question(harness)
    fields = form_fields(page.text)
    text = f"request={fields['request']}&csrf={fields['csrf']}&decision=deny&decision=allow"
    form = {"content-type": "application/x-www-form-urlencoded"}
    refused = await browser.post(DECISION, content=text, headers=form)
    assert refused.status_code in (400, 403)
    assert not harness.rows()["codes"]


async def test_the_consent_page_cannot_be_framed_scripted_or_kept(harness: AppHarness) -> None:
    _, page = await a_question(harness)
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "form-action 'self' https:;" in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"


async def test_the_description_of_an_app_is_text(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(
        name="<img src=x onerror=alert(1)>",
        description="</p><script>alert(2)</script>",
        homepage_uri="https://app.example.org/?a=%22onmouseover=alert(3)",
    )
    page = await harness.ask(await harness.signed_in(), app)
    assert page.status_code == 200
    assert "<img src=x" not in page.text
    assert "<script" not in page.text
    assert "&lt;img src=x onerror=alert(1)&gt;" in page.text


async def test_a_picture_comes_from_here_or_not_at_all(harness: AppHarness) -> None:
    _, page = await a_question(harness)
    assert "img-src 'self' data:" in page.headers["content-security-policy"]
    assert 'src="http' not in page.text


async def test_after_a_form_comes_a_303_and_never_a_307(harness: AppHarness) -> None:
    browser, page = await a_question(harness)
    decision = await harness.decide(browser, page)
    assert decision.status_code == 303
    assert decision.headers["location"].startswith(CALLBACK)
    for path in ("/sign-in/", "/sign-up/", f"{DECISION}/", "/account/"):
        response = await browser.post(path, data={"password": "x"})
        assert response.status_code == 404, path
        assert "location" not in response.headers


async def test_a_get_decides_nothing(harness: AppHarness) -> None:
    browser, page = await a_question(harness)
    fields = {**form_fields(page.text), "decision": "allow"}
    assert (await browser.get(DECISION, params=fields)).status_code == 405
    assert not harness.rows()["codes"]
