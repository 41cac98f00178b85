"""RFC 9700 §4.11.2: a registration does not make this server lead people to a site."""

from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from support.app import CALLBACK, ISSUER, App, AppHarness, OpenHarness, form_fields, response_of

LINK = 'id="continue" href="'
INVALID: tuple[tuple[str, dict[str, str]], ...] = (
    ("invalid_scope", {"scope": "nonsense"}),
    ("unsupported_response_type", {"response_type": "nonsense"}),
    ("invalid_request", {"code_challenge_method": "plain"}),
    ("unauthorized_client", {"response_type": "token"}),
    ("invalid_request_object", {"request": "nonsense"}),
)


async def of_itself(harness: AppHarness, **metadata: Any) -> App:
    """An application that registered itself."""
    document = {"redirect_uris": [CALLBACK], "client_name": "Prize & <b>Co</b>", **metadata}
    made = await harness.browser().post("/api/v2/oauth2/register", json=document)
    assert made.status_code == 201, made.text
    client = await harness.context.stores.clients.client(made.json()["client_id"])
    assert client is not None
    return App(client, made.json().get("client_secret"))


def stops(page: httpx.Response) -> bool:
    """Whether the person sees the page that leads on by a press only."""
    return page.status_code == 400 and 'id="continue"' in page.text


def leads_to(page: httpx.Response) -> dict[str, list[str]]:
    """The parameters of the link on that page."""
    address = unescape(page.text.partition(LINK)[2].partition('"')[0])
    parts = urlsplit(address)
    assert address.partition("?")[0].partition("#")[0] == CALLBACK
    return parse_qs(parts.query or parts.fragment)


async def test_4_11_2_an_error_leads_on_only_if_the_person_wants_it(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(registration__mode="open") as harness:
        await harness.person()
        app = await of_itself(harness)
        for browser in (harness.browser(), await harness.signed_in()):
            for error, changes in INVALID:
                page = await harness.ask(browser, app, **changes)
                assert stops(page), error
                assert "location" not in page.headers
                assert "refresh" not in page.headers
                assert "<script" not in page.text
                assert "app.example.org" in page.text
                assert "Prize &amp; &lt;b&gt;Co&lt;/b&gt;" in page.text
                found = leads_to(page)
                assert (found["error"], found["state"]) == ([error], ["some-state"])
                assert found["iss"] == [ISSUER]  # RFC 9207 §2
        posted = await harness.ask(browser, app, scope="nonsense", response_mode="form_post")
        assert stops(posted)
        assert f'action="{CALLBACK}"' in posted.text
        assert form_fields(posted.text)["error"] == "invalid_scope"
        # OpenID Connect Core §3.1.2.1: `prompt=none` shows no page.
        for browser in (harness.browser(), await harness.signed_in()):
            silent = response_of(await harness.ask(browser, app, scope="openid", prompt="none"))
            assert silent.parameters["error"] in ("login_required", "consent_required")
        # A person who saw the consent page of the application goes where that says.
        page = await harness.ask(browser, app, scope="openid")
        denied = response_of(await harness.decide(browser, page, "deny"))
        assert denied.parameters["error"] == "access_denied"
        # A caller that is no browser gets the error as JSON (v2-api.md §5).
        as_json = await harness.browser().get(
            page.request.url.raw_path.decode().replace("scope=openid", "scope=x"),
            headers={"accept": "application/json"},
        )
        assert (as_json.status_code, as_json.json()["error"]["code"]) == (400, "invalid_scope")


async def test_4_11_2_whom_the_operator_knows_gets_its_errors_at_once(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(registration__mode="open") as harness:
        ann = await harness.person()
        browser, wrong = await harness.signed_in(), {"scope": "nonsense"}
        assert response_of(await harness.ask(browser, await harness.app(), **wrong)).parameters
        app = await of_itself(harness)
        assert stops(await harness.ask(browser, app, **wrong))
        metadata = app.client.metadata
        for changes in ({"reviewed": True}, {"verified_domain": "app.example.org"}):
            await harness.register_again(app, metadata=type(metadata)(**changes))
            found = response_of(await harness.ask(browser, app, **wrong)).parameters
            assert found["error"] == "invalid_scope"
        await harness.register_again(app, metadata=metadata)
        assert stops(await harness.ask(browser, app, **wrong))
        # One of a person in the portal, until the operator reviews it.
        theirs = await harness.app()
        await harness.register_again(theirs, owner_id=ann.id)
        assert stops(await harness.ask(browser, theirs, **wrong))
        # A program on the person's own device is no site of others.
        native = {"application_type": "native", "token_endpoint_auth_method": "none"}
        for uri in ("http://127.0.0.1/cb", "org.example.app:/cb"):
            local = await of_itself(harness, redirect_uris=[uri], **native)
            response = await harness.ask(browser, local, redirect_uri=uri, **wrong)
            assert response_of(response).parameters["error"] == "invalid_scope"


@pytest.mark.parametrize("redirect_uri", ["https://evil.example/", CALLBACK + "/x", None])
async def test_4_11_2_a_redirect_uri_that_is_not_registered_is_a_page(
    harness: AppHarness, redirect_uri: str | None
) -> None:
    """RFC 6749 §4.1.2.1: nothing on it leads there."""
    app = await harness.app(redirect_uris=(CALLBACK, "https://app.example.org/other"))
    page = await harness.ask(harness.browser(), app, redirect_uri=redirect_uri, scope="nonsense")
    assert page.status_code == 400
    assert 'id="continue"' not in page.text
    assert "evil.example" not in page.text
