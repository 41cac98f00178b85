"""Clients with a metadata document (Client ID Metadata Document §5, §6, §9), over HTTP."""

import json
from dataclasses import replace
from typing import Any

from published import APP, Published, app_of, described

from quantimodo.app.composition.policies import client_document_policy
from quantimodo.app.composition.resources import client_documents
from quantimodo.model.clients import Client
from quantimodo.pages.portal.client_addresses import client_path
from support.app import AUTHORIZE, CALLBACK, CHALLENGE, OpenHarness, response_of
from support.registered_clients import BEARER, assertion_of, key_set, make_key, signed

ON = {"registration__client_id_metadata_documents": "on"}
PAR = "/api/v2/oauth2/par"
LOOPBACK = "http://127.0.0.1:53123/callback"
_ANY_PROGRAM = "any program there can say that it is from <strong>diary.example.org</strong>"


async def test_an_app_without_a_registration_gets_tokens(open_harness: OpenHarness) -> None:
    published = Published(cache_control="max-age=600")
    published.put()
    async with open_harness(fetcher=published, **ON) as harness:
        await harness.person()
        app = app_of(await harness.app())
        browser = await harness.signed_in()
        page = await harness.ask(browser, app, scope="basic readmeasurements")
        # Client ID Metadata Document §9.5: the host comes first.
        assert "Allow <bdi>diary.example.org</bdi>" in page.text
        assert "says that it is <bdi>Diary</bdi>" in page.text
        assert "Registered by this server" not in page.text
        assert _ANY_PROGRAM not in page.text
        tokens = (
            await harness.redeem(app, response_of(await harness.decide(browser, page)).code)
        ).json()
        assert tokens["scope"] == "basic readmeasurements"
        assert (await harness.call(tokens["access_token"])).status_code == 200
        # The person decided, and the address is the app's own.
        assert response_of(await harness.ask(browser, app)).code
        # RFC 8252 §8.6: any program can receive a response at a loopback address.
        again = await harness.ask(browser, app, redirect_uri=LOOPBACK)
        assert 'id="allow"' in again.text
        # MCP, Authorization Security Considerations, Localhost Redirect URI Risks.
        assert _ANY_PROGRAM in again.text
        assert "go back to <strong>127.0.0.1:53123</strong>" in again.text
        # The token endpoint uses the stored copy: the document is gone, and time has passed.
        published.at.clear()
        harness.advance(days=2)
        refreshed = await harness.refresh(app, tokens["refresh_token"])
        assert refreshed.status_code == 200
        assert published.fetched == [APP]
        # The account has a page of it, and takes the access back.
        one = await browser.get(client_path(APP))
        assert "Diary" in one.text
        account = await browser.get("/account")
        assert f"{client_path(APP)}/revoke" in account.text
        # Client ID Metadata Document §5.1: a new request without the document is refused.
        refused = await harness.ask(browser, app)
        assert (refused.status_code, "client_document_unusable" in refused.text) == (400, True)


async def test_5_2_a_copy_is_used_as_long_as_caching_allows(open_harness: OpenHarness) -> None:
    published = Published()
    published.put()
    async with open_harness(fetcher=published, **ON) as harness:
        app, browser = app_of(await harness.app()), harness.browser()

        async def fetches(caching: str, **later: float) -> int:
            published.cache_control = caching
            harness.advance(days=2)
            await harness.ask(browser, app)
            before = len(published.fetched)
            harness.advance(**later)
            await harness.ask(browser, app)
            return len(published.fetched) - before

        assert await fetches("max-age=1800", minutes=29) == 0
        assert await fetches("max-age=1800", minutes=31) == 1
        assert await fetches("no-store", minutes=4) == 0, "the lower bound"
        assert await fetches("no-store", minutes=6) == 1
        assert await fetches("max-age=9999999", hours=25) == 1, "the upper bound"
        assert await fetches("", minutes=59) == 0
        assert await fetches("", minutes=61) == 1


async def test_5_1_what_cannot_be_used_is_refused_and_never_stored(
    open_harness: OpenHarness,
) -> None:
    published = Published()
    async with open_harness(fetcher=published, **ON) as harness:
        browser = harness.browser()
        first = await harness.app()
        before = harness.rows()["clients"]
        documents = {
            "missing": None,
            "not JSON": b"<html>",
            "not an object": b"[]",
            "huge": json.dumps(described(client_name="x" * 6000)).encode(),
            "deep": b"[" * 5000,
            "of another host": json.dumps(described("https://other.example.org/c")).encode(),
            "with a name of this server": json.dumps(described(client_name="QuantiModo")).encode(),
            "with another redirect": json.dumps(described(redirect_uris=["javascript:x"])).encode(),
        }
        for says, document in documents.items():
            published.at = {} if document is None else {APP: document}
            for _ in range(2):
                response = await harness.ask(browser, app_of(first))
                assert response.status_code == 400, says
                assert response.headers["content-type"].startswith("text/html"), says
        assert published.fetched == [APP] * 2 * len(documents), "no failure is cached"
        assert harness.rows()["clients"] == before
        for client_id in (
            f"{APP}?x",
            f"{APP}#x",
            "https://diary.example.org",
            "http://a.example/c",
        ):
            response = await harness.ask(browser, app_of(first, client_id))
            assert response.status_code == 400, client_id
        assert len(published.fetched) == 2 * len(documents)


async def test_9_4_changes_under_way(open_harness: OpenHarness) -> None:
    published = Published(cache_control="no-store")
    published.put()
    async with open_harness(fetcher=published, **ON) as harness:
        await harness.person()
        app, browser = app_of(await harness.app()), await harness.signed_in()
        page = await harness.ask(browser, app)
        # Another redirect URI: the request under way is over.
        published.put(redirect_uris=["https://elsewhere.example.org/"])
        harness.advance(minutes=6)
        await harness.ask(harness.browser(), app, redirect_uri="https://elsewhere.example.org/")
        late = await harness.decide(browser, page)
        assert (late.status_code, "location" in late.headers) == (400, False)
        # Another name: the page is shown again.
        published.put()
        harness.advance(minutes=6)
        page = await harness.ask(browser, app)
        published.put(client_name="Bank")
        harness.advance(minutes=6)
        await harness.ask(harness.browser(), app)
        again = await harness.decide(browser, page)
        assert again.headers["location"].startswith(f"{AUTHORIZE}/resume")
        page = await browser.get(again.headers["location"])
        assert "Bank" in page.text
        assert response_of(await harness.decide(browser, page)).code
        assert response_of(await harness.ask(browser, app)).code, "decided"
        # Other keys: the earlier consent was to another program.
        published.put(token_endpoint_auth_method="private_key_jwt", jwks_uri=f"{APP}.jwks")
        harness.advance(minutes=6)
        assert 'id="allow"' in (await harness.ask(browser, app)).text


async def test_9_2_private_key_jwt(open_harness: OpenHarness) -> None:
    key, other = make_key("ES256"), make_key("ES256")
    published = Published()
    published.put(token_endpoint_auth_method="private_key_jwt", jwks=json.loads(key_set(key)))
    async with open_harness(fetcher=published, **ON) as harness:
        await harness.person()
        app, browser = app_of(await harness.app()), await harness.signed_in()
        code = (await harness.authorize(browser, app)).code
        assert (await harness.redeem(app, code)).status_code == 401, "no authentication"
        fields = {"client_assertion_type": BEARER, "client_id": APP}
        for signer, status in ((other, 401), (key, 200)):
            claims = assertion_of(harness, app, jti=str(status))
            response = await harness.redeem(
                app, code, client_assertion=signed(claims, signer, "ES256"), **fields
            )
            assert response.status_code == status, response.text


async def test_5_the_first_request_may_be_a_pushed_one(open_harness: OpenHarness) -> None:
    key, published = make_key("ES256"), Published()
    described_key = json.loads(key_set(key))
    async with open_harness(fetcher=published, **ON) as harness:
        app = app_of(await harness.app())
        sent = {"client_id": APP, "response_type": "code", "redirect_uri": CALLBACK}
        sent |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
        refused = await harness.post(PAR, app, sent)
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
        published.put(token_endpoint_auth_method="private_key_jwt", jwks=described_key)
        assert (await harness.post(PAR, app, sent)).status_code == 401, "no authentication"
        assertion = signed(assertion_of(harness, app), key, "ES256")
        sent |= {"client_assertion_type": BEARER, "client_assertion": assertion}
        pushed = await harness.post(PAR, app, sent)
        assert pushed.status_code == 201, pushed.text
        query = {"client_id": APP, "request_uri": pushed.json()["request_uri"]}
        assert (await harness.browser().get(AUTHORIZE, params=query)).status_code == 303
        assert published.fetched == [APP] * 2, "a failure, and one copy for all that follows"


async def test_6_methods_that_are_not_supported_end_the_request(
    open_harness: OpenHarness,
) -> None:
    published = Published()
    # It lists methods, so it is not taken for a public client.
    published.put(
        token_endpoint_auth_method=None,
        token_endpoint_auth_methods_supported=["tls_client_auth"],
    )
    async with open_harness(fetcher=published, **ON) as harness:
        app = app_of(await harness.app())
        page = await harness.ask(harness.browser(), app)
        assert (page.status_code, "location" in page.headers) == (400, False)
        assert "client_methods_unsupported" in page.text
        sent = {"client_id": APP, "response_type": "code", "redirect_uri": CALLBACK}
        pushed = await harness.post(PAR, app, sent)
        assert (pushed.status_code, pushed.json()["error"]) == (400, "unauthorized_client")
        assert await harness.context.stores.clients.client(APP) is None


async def test_6_a_document_that_offers_both_authenticates_as_it_states(
    open_harness: OpenHarness,
) -> None:
    key, published = make_key("RS256"), Published()
    published.put(
        token_endpoint_auth_method="private_key_jwt",
        token_endpoint_auth_methods_supported=["none", "private_key_jwt"],
        token_endpoint_auth_signing_alg="RS256",
        jwks=json.loads(key_set(key)),
    )
    async with open_harness(fetcher=published, **ON) as harness:
        await harness.person()
        metadata = await harness.browser().get("/.well-known/oauth-authorization-server")
        supported = metadata.json()["token_endpoint_auth_methods_supported"]
        assert {"none", "private_key_jwt"} <= set(supported)
        app, browser = app_of(await harness.app()), await harness.signed_in()
        code = (await harness.authorize(browser, app)).code
        assert (await harness.redeem(app, code)).status_code == 401, "no authentication"
        fields = {"client_assertion_type": BEARER, "client_id": APP}
        for typ, status in (("oauth-authz-req+jwt", 401), ("client-authentication+jwt", 200)):
            assertion = signed(assertion_of(harness, app, jti=typ), key, "RS256", typ=typ)
            response = await harness.redeem(app, code, client_assertion=assertion, **fields)
            assert response.status_code == status, response.text


async def test_the_policy_decides_which_hosts_count(open_harness: OpenHarness) -> None:
    published = Published()
    published.put()
    names = (("off", ""), ("allowlist", "other.example.org"), ("allowlist", "diary.example.org"))
    for mode, hosts in names:
        settings = {
            "registration__client_id_metadata_documents": mode,
            "registration__client_id_metadata_hosts": hosts,
        }
        async with open_harness(fetcher=published, **settings) as harness:
            offered = client_document_policy(harness.context.settings).allows(APP)
            response = await harness.ask(harness.browser(), app_of(await harness.app()))
            assert (response.status_code == 303) is offered is (hosts == "diary.example.org")
            document = await harness.browser().get("/.well-known/oauth-authorization-server")
            supported = document.json()["client_id_metadata_document_supported"]
            assert supported is (mode != "off")
    assert published.fetched == [APP]


async def test_a_document_adds_no_redirect_uri(open_harness: OpenHarness) -> None:
    """Social sign-in takes the applications of a redirect URI for those that it is for."""
    published = Published()
    published.put()
    async with open_harness(fetcher=published, **ON) as harness:
        app = app_of(await harness.app())
        assert (await harness.ask(harness.browser(), app)).status_code == 303
        found = await harness.context.stores.clients.clients_by_redirect_uri(CALLBACK, limit=9)
        assert APP not in {each.id for each in found}
        assert len(found) == 1


class Displaced:
    """A store in which the documents of others displace each one at once."""

    async def document(self, client_id: str) -> None:
        return None

    async def save_document(self, *_: Any, **__: Any) -> None:
        pass

    async def record_document_use(self, *_: Any) -> None:
        pass


async def test_each_stored_client_counts_and_a_disabled_one_stays(
    open_harness: OpenHarness,
) -> None:
    published = Published()
    published.put()
    async with open_harness(fetcher=published, **ON) as harness:
        stores, clock = harness.context.stores, harness.context.clock
        documents = replace(client_documents(harness.context), store=Displaced())

        async def admit() -> None:
            pass

        assert await documents.current(APP, admit) is None
        assert await stores.clients.client(APP) is None
        await stores.clients.add_client(
            Client(id=APP, name="", created_at=clock.now(), disabled_at=clock.now())
        )
        found = await documents.current(APP, admit)
        assert found is not None
        assert (found.name, found.disabled_at is None) == ("Diary", False)
