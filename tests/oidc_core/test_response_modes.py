"""Response modes (Multiple Response Types §2.1, Form Post Response Mode)."""

import re
from base64 import b64encode
from hashlib import sha256
from html import unescape

from support.app import CALLBACK, AppHarness, form_fields, response_of


async def test_a_code_may_come_in_the_fragment(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(first_party=True)
    response = response_of(
        await harness.ask(await harness.signed_in(), app, response_mode="fragment")
    )
    assert response.location.startswith(f"{CALLBACK}#code=")
    assert (await harness.redeem(app, response.code)).status_code == 200


async def test_a_form_post_carries_the_response_out_of_every_url(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(first_party=True)
    state = "<script>alert(1)</script>\"'&"
    page = await harness.ask(await harness.signed_in(), app, response_mode="form_post", state=state)
    assert page.status_code == 200
    assert "location" not in page.headers
    assert page.headers["cache-control"] == "no-store"
    assert f'action="{CALLBACK}"' in unescape(page.text)
    fields = form_fields(page.text)
    assert fields.keys() == {"code", "state", "iss"}
    assert fields["state"] == state
    assert "<script>alert" not in page.text
    assert (await harness.redeem(app, fields["code"])).status_code == 200


async def test_its_only_script_is_the_one_that_the_policy_names(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(first_party=True)
    page = await harness.ask(await harness.signed_in(), app, response_mode="form_post")
    (script,) = re.findall(r"<script>(.*?)</script>", page.text)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    policy = page.headers["content-security-policy"]
    assert f"script-src 'sha256-{digest}'" in policy
    assert "form-action 'self' https:;" in policy
    assert "frame-ancestors 'none'" in policy


async def test_errors_are_posted_too(harness: AppHarness) -> None:
    app = await harness.app()
    page = await harness.ask(harness.browser(), app, response_mode="form_post", scope="nonsense")
    error = {"error", "error_description", "error_uri"}
    assert form_fields(page.text).keys() == {*error, "state", "iss"}


async def test_tokens_may_be_posted(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(first_party=True, response_types=frozenset({"id_token token"}))
    page = await harness.ask(
        await harness.signed_in(),
        app,
        response_type="id_token token",
        response_mode="form_post",
        scope="openid basic",
        nonce="n",
    )
    fields = form_fields(page.text)
    assert {"access_token", "id_token"} <= fields.keys()
    assert (await harness.call(fields["access_token"])).status_code == 200


async def test_an_unsupported_mode_is_reported_the_usual_way(harness: AppHarness) -> None:
    app = await harness.app()
    for mode in ("JWT", "jwt.query", "QUERY", "web_message"):
        response = response_of(await harness.ask(harness.browser(), app, response_mode=mode))
        assert response.parameters["error"] == "invalid_request"
        assert response.location.startswith(f"{CALLBACK}?")


async def test_a_denial_is_posted_after_consent(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    page = await harness.ask(browser, app, response_mode="form_post")
    response = await harness.decide(browser, page, "deny")
    assert response.status_code == 200
    assert form_fields(response.text)["error"] == "access_denied"
