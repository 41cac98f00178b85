"""Registration by the application itself (RFC 7591 §2, §3; OpenID Connect Registration 1.0)."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from quantimodo.app.composition.policies import registration_policy
from quantimodo.ops.cleanup import Cleaner
from support.app import (
    CALLBACK,
    ISSUER,
    ME,
    TOKEN,
    USERINFO,
    App,
    AppHarness,
    OpenHarness,
    response_of,
)
from support.registered_clients import (
    Documents,
    assertion_of,
    key_set,
    make_key,
    presenting,
    signed,
)

REGISTER = "/api/v2/oauth2/register"
OPEN = {"registration__mode": "open", "registration__implicit": "true"}
SECTOR = "https://sector.example.org/uris.json"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes([0, 0, 0, 1, 0, 0, 0, 1]) + bytes(20)


async def register(
    harness: AppHarness, token: str | None = None, **metadata: Any
) -> httpx.Response:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    document = {"redirect_uris": [CALLBACK], **metadata}
    return await harness.browser().post(REGISTER, json=document, headers=headers)


async def app_of(harness: AppHarness, response: httpx.Response) -> App:
    assert response.status_code == 201, response.text
    client = await harness.context.stores.clients.client(response.json()["client_id"])
    assert client is not None
    return App(client, response.json().get("client_secret"))


@pytest.mark.parametrize(
    "named",
    [
        {"client_name": "QuantiModo"},
        {"client_name": "Quantim\u043edo Admin"},
        {"client_name": "Mood", "client_name#de": "Quantirnodo"},
        {"client_name": ISSUER.partition("//")[2]},
    ],
)
async def test_2_a_name_like_the_servers_is_refused(
    open_harness: OpenHarness, named: dict[str, str]
) -> None:
    """RFC 7591 §5: a server should refuse names that could mislead the person who is asked."""
    async with open_harness(**OPEN) as harness:
        response = await register(harness, **named)
        assert response.status_code == 400
        assert response.json()["error"] == "invalid_client_metadata"
        assert "looks like a name of this server" in response.json()["error_description"]
        received = (await register(harness, client_name="Mood")).json()
        headers = {"authorization": f"Bearer {received['registration_access_token']}"}
        document = {"client_id": received["client_id"], "redirect_uris": [CALLBACK], **named}
        changed = await harness.browser().put(
            received["registration_client_uri"], json=document, headers=headers
        )
        assert changed.status_code == 400
        assert "looks like a name of this server" in changed.json()["error_description"]


async def test_minimal_metadata_is_enough_and_defaults_are_returned(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(**OPEN) as harness:
        response = await register(harness)
        assert response.status_code == 201
        assert response.headers["cache-control"] == "no-store"
        received = response.json()
        assert received.pop("client_secret").startswith("qms_")
        assert received.pop("registration_access_token").startswith("qmg_")
        client_id = received.pop("client_id")
        assert received.pop("registration_client_uri") == f"{ISSUER}{REGISTER}/{client_id}"
        assert received == {
            "client_id_issued_at": int(harness.context.clock.now().timestamp()),
            "client_secret_expires_at": 0,
            "client_name": "app.example.org",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
            "scope": "address basic email offline_access openid phone profile",
            "application_type": "web",
            "subject_type": "public",
            "token_endpoint_auth_method": "client_secret_basic",
            "id_token_signed_response_alg": "RS256",
            "require_auth_time": False,
            "frontchannel_logout_session_required": False,
            "backchannel_logout_session_required": False,
            "include_claims_in_id_token": False,
            "profile": "legacy",
            "require_pushed_authorization_requests": False,
            "require_signed_request_object": False,
            "dpop_bound_access_tokens": False,
            "tls_client_certificate_bound_access_tokens": False,
        }


async def test_it_works_at_once_and_people_are_asked(open_harness: OpenHarness) -> None:
    async with open_harness(**OPEN) as harness:
        await harness.person()
        app = await app_of(harness, await register(harness, client_name="Dream Diary"))
        page = await harness.ask(await harness.signed_in(), app, scope="openid")
        assert "Dream Diary" in page.text
        tokens = await harness.tokens(app, scope="openid email")
        assert "refresh_token" not in tokens, "it did not register for that grant"


EVERYTHING: dict[str, Any] = {
    "client_name": "Dream Diary",
    "client_name#de": "Traumtagebuch",
    "client_uri": "https://app.example.org/",
    "policy_uri": "https://app.example.org/privacy",
    "policy_uri#de": "https://app.example.org/de/privacy",
    "tos_uri": "https://app.example.org/terms",
    "contacts": ["ops@app.example.org"],
    "grant_types": ["authorization_code", "implicit", "refresh_token"],
    "response_types": ["code", "code id_token"],
    "scope": "openid profile",
    "application_type": "web",
    "token_endpoint_auth_method": "private_key_jwt",
    "token_endpoint_auth_signing_alg": "ES256",
    "jwks_uri": "https://app.example.org/jwks.json",
    "subject_type": "pairwise",
    "sector_identifier_uri": SECTOR,
    "id_token_signed_response_alg": "PS256",
    "id_token_encrypted_response_alg": "RSA-OAEP",
    "id_token_encrypted_response_enc": "A128GCM",
    "userinfo_signed_response_alg": "EdDSA",
    "userinfo_encrypted_response_alg": "ECDH-ES",
    "userinfo_encrypted_response_enc": "A256GCM",
    "request_object_signing_alg": "RS256",
    "authorization_signed_response_alg": "ES256",
    "authorization_encrypted_response_alg": "RSA-OAEP-256",
    "authorization_encrypted_response_enc": "A256CBC-HS512",
    "default_max_age": 600,
    "require_auth_time": True,
    "default_acr_values": ["2"],
    "initiate_login_uri": "https://app.example.org/login",
    "request_uris": ["https://app.example.org/request.jwt#hash"],
    "post_logout_redirect_uris": ["https://app.example.org/out"],
    "frontchannel_logout_uri": "https://app.example.org/front",
    "frontchannel_logout_session_required": True,
    "backchannel_logout_uri": "https://app.example.org/back",
    "backchannel_logout_session_required": True,
    "software_id": "4NRB1-0XZABZI9E6-5SM3R",
    "software_version": "2.2",
    "include_claims_in_id_token": True,
}


async def test_all_metadata_is_stored_and_returned(open_harness: OpenHarness) -> None:
    served = Documents({SECTOR: json.dumps([CALLBACK]).encode()})
    async with open_harness(fetcher=served, **OPEN) as harness:
        response = await register(harness, **EVERYTHING, of_no_meaning="here", nothing=None)
        assert response.status_code == 201, response.text
        received = response.json()
        assert {name: received[name] for name in EVERYTHING} == EVERYTHING
        assert "of_no_meaning" not in received
        assert "client_secret" not in received, "it proves itself by its own keys"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": [CALLBACK + "#here"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://app.example.org/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://app.example.org"}, "invalid_redirect_uri"),
        ({"redirect_uris": [5]}, "invalid_redirect_uri"),
        (
            {"redirect_uris": ["http://localhost/cb"], "response_types": ["id_token"]},
            "invalid_redirect_uri",
        ),
        ({"client_name": 5}, "invalid_client_metadata"),
        ({"client_name": "a\u202eb"}, "invalid_client_metadata"),
        ({"client_name": "n" * 3000}, "invalid_client_metadata"),
        ({"response_types": ["password"]}, "invalid_client_metadata"),
        ({"grant_types": ["password"]}, "invalid_client_metadata"),
        ({"grant_types": [""]}, "invalid_client_metadata"),
        ({"grant_types": ["authorization_code", ""]}, "invalid_client_metadata"),
        ({"response_types": ["code", ""]}, "invalid_client_metadata"),
        ({"grant_types": "authorization_code"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "tls"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_signing_alg": "none"}, "invalid_client_metadata"),
        ({"id_token_signed_response_alg": "HS256"}, "invalid_client_metadata"),
        (
            {"id_token_signed_response_alg": "none", "response_types": ["code id_token"]},
            "invalid_client_metadata",
        ),
        ({"id_token_encrypted_response_alg": "RSA1_5"}, "invalid_client_metadata"),
        ({"id_token_encrypted_response_alg": "RSA-OAEP"}, "invalid_client_metadata"),
        ({"userinfo_encrypted_response_enc": "A128GCM"}, "invalid_client_metadata"),
        ({"request_object_encryption_alg": "RSA-OAEP"}, "invalid_client_metadata"),
        ({"jwks_uri": "http://app.example.org/jwks"}, "invalid_client_metadata"),
        ({"jwks_uri": "https://a.example/j", "jwks": {"keys": []}}, "invalid_client_metadata"),
        ({"jwks": []}, "invalid_client_metadata"),
        ({"jwks": {"keys": []}}, "invalid_client_metadata"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}, "invalid_client_metadata"),
        ({"subject_type": "secret"}, "invalid_client_metadata"),
        (
            {
                "subject_type": "pairwise",
                "redirect_uris": [CALLBACK, "https://other.example.org/cb"],
            },
            "invalid_client_metadata",
        ),
        ({"sector_identifier_uri": SECTOR}, "invalid_client_metadata"),
        ({"application_type": "desktop"}, "invalid_client_metadata"),
        ({"default_max_age": -1}, "invalid_client_metadata"),
        ({"default_max_age": 2**40}, "invalid_client_metadata"),
        ({"default_max_age": True}, "invalid_client_metadata"),
        ({"require_auth_time": "yes"}, "invalid_client_metadata"),
        ({"include_claims_in_id_token": "yes"}, "invalid_client_metadata"),
        ({"logo_uri": "data:image/png;base64,AAAA"}, "invalid_client_metadata"),
        ({"policy_uri": "javascript:alert(1)"}, "invalid_client_metadata"),
        ({"policy_uri#de": "javascript:alert(1)"}, "invalid_client_metadata"),
        ({"request_uris": ["ftp://app.example.org/x"]}, "invalid_client_metadata"),
        ({"initiate_login_uri": "app.example.org"}, "invalid_client_metadata"),
        # OpenID Connect Registration §2: the https scheme, on this machine too.
        ({"initiate_login_uri": "http://localhost:8443/login"}, "invalid_client_metadata"),
        ({"sector_identifier_uri": "http://127.0.0.1:8443/uris"}, "invalid_client_metadata"),
        ({"software_statement": "a.b.c"}, "unapproved_software_statement"),
        ({"software_statement": 5}, "invalid_software_statement"),
    ],
)
async def test_impossible_metadata_is_refused_by_the_right_code(
    open_harness: OpenHarness, changes: dict[str, Any], code: str
) -> None:
    async with open_harness(fetcher=Documents(), **OPEN) as harness:
        before = len(harness.rows()["clients"])
        response = await register(harness, **changes)
        assert response.status_code == 400, response.text
        assert response.json()["error"] == code
        assert response.json()["error_description"]
        assert len(harness.rows()["clients"]) == before


async def test_a_value_that_is_not_a_json_object_is_refused(open_harness: OpenHarness) -> None:
    async with open_harness(**OPEN) as harness:
        for kind, body in (
            ("application/json", b"{"),
            ("application/json", b"[]"),
            ("application/json", b"[" * 60_000),
            ("text/plain", b"{}"),
        ):
            response = await harness.browser().post(
                REGISTER, content=body, headers={"content-type": kind}
            )
            assert response.status_code == 400
            assert response.json()["error"] == "invalid_client_metadata"


async def test_it_is_closed_unless_the_operator_opens_it(harness: AppHarness) -> None:
    # Default deny.
    response = await register(harness)
    assert response.status_code == 403
    found = (await harness.browser().get("/.well-known/openid-configuration")).json()
    assert "registration_endpoint" not in found
    token = await harness.context.dynamic.mint_token("", 1, timedelta(days=1))
    assert (await register(harness, token.reveal())).status_code == 403


async def test_an_initial_access_token_is_leave_for_so_many(open_harness: OpenHarness) -> None:
    # RFC 7591 §3.1
    async with open_harness(registration__mode="token") as harness:
        found = (await harness.browser().get("/.well-known/openid-configuration")).json()
        assert found["registration_endpoint"] == ISSUER + REGISTER
        for token in (None, "nonsense", "qmi_" + "A" * 52):
            response = await register(harness, token)
            assert response.status_code == 401
            assert response.headers["www-authenticate"].startswith("Bearer")
        two = (await harness.context.dynamic.mint_token("for Ann", 2, timedelta(days=1))).reveal()
        assert (await register(harness, two, redirect_uris=[])).status_code == 400, "and not spent"
        responses = await asyncio.gather(*(register(harness, two) for _ in range(6)))
        assert sorted(response.status_code for response in responses) == [
            201,
            201,
            401,
            401,
            401,
            401,
        ]
        late = (await harness.context.dynamic.mint_token("", 9, timedelta(hours=1))).reveal()
        harness.advance(hours=1)
        assert (await register(harness, late)).status_code == 401
        assert late not in str(harness.rows())


async def test_implicit_answers_only_where_the_operator_allows_them(
    open_harness: OpenHarness,
) -> None:
    # security.md §5
    async with open_harness(registration__mode="open") as harness:
        for kind in ("token", "id_token", "code id_token token"):
            response = await register(harness, response_types=[kind])
            assert response.json()["error"] == "invalid_client_metadata"
        assert (await register(harness, response_types=["code", "none"])).status_code == 201


async def test_an_implicit_app_gets_what_it_registered(open_harness: OpenHarness) -> None:
    async with open_harness(**OPEN) as harness:
        await harness.person()
        response = await register(
            harness, grant_types=["implicit"], response_types=["token id_token"]
        )
        app = await app_of(harness, response)
        assert response.json()["response_types"] == ["id_token token"]
        assert response.json()["grant_types"] == ["implicit"]
        requested = {"response_type": "id_token token", "scope": "openid", "nonce": "n"}
        found = await harness.authorize(await harness.signed_in(), app, **requested)
        assert {"id_token", "access_token"} <= set(found.parameters)
        refused = response_of(await harness.ask(await harness.signed_in(), app))
        assert refused.parameters["error"] == "unauthorized_client"


async def test_a_client_without_a_method_uses_basic_or_post_and_no_other(
    open_harness: OpenHarness,
) -> None:
    # Basic is the default (RFC 7591 §2); libraries that register by themselves go on with post.
    async with open_harness(**OPEN) as harness:
        app = await app_of(harness, await register(harness))
        fields = {"grant_type": "authorization_code", "code": "x"}
        post = {**fields, "client_id": app.id, "client_secret": app.secret or ""}
        for response in (
            await harness.browser().post(TOKEN, data=post),
            await harness.token(app, **fields),
        ):
            assert response.json()["error"] == "invalid_grant", "it is who it says"
        assert app.secret
        key = signed(assertion_of(harness, app), app.secret, "HS256")
        response = await harness.browser().post(TOKEN, data=presenting(key, **fields))
        assert response.json()["error"] == "invalid_client"


async def test_a_client_cannot_make_itself_first_party(open_harness: OpenHarness) -> None:
    async with open_harness(**OPEN) as harness:
        response = await register(
            harness, first_party=True, resource_server=True, token_format="jwt"
        )
        client = (await app_of(harness, response)).client
        assert not client.first_party
        assert not client.resource_server


async def test_a_public_app_has_no_secret(open_harness: OpenHarness) -> None:
    async with open_harness(**OPEN) as harness:
        response = await register(harness, token_endpoint_auth_method="none")
        assert "client_secret" not in response.json()
        assert "client_secret_expires_at" not in response.json()
        assert (await app_of(harness, response)).client.public


async def test_a_secret_that_is_a_key_works_as_one(open_harness: OpenHarness) -> None:
    async with open_harness(registration__mode="token") as harness:
        token = (await harness.context.dynamic.mint_token("", 1, timedelta(days=1))).reveal()
        response = await register(
            harness,
            token,
            token_endpoint_auth_method="client_secret_jwt",
            grant_types=["client_credentials"],
            response_types=[],
        )
        app = await app_of(harness, response)
        assert app.secret
        assertion = signed(assertion_of(harness, app), app.secret, "HS256")
        data = presenting(assertion, grant_type="client_credentials")
        assert (await harness.browser().post(TOKEN, data=data)).status_code == 200
        assert app.secret.encode() not in (app.client.sealed_secret or b"")


async def test_the_sector_document_must_list_every_address(open_harness: OpenHarness) -> None:
    # OpenID Connect Registration §5
    served = Documents()
    async with open_harness(fetcher=served, **OPEN) as harness:
        for document, status in (
            (None, 400),
            (b"{}", 400),
            (b"[1]", 400),
            (b'["https://other.example.org/cb"]', 400),
            (json.dumps([CALLBACK, "https://other.example.org/cb"]).encode(), 201),
        ):
            served.at = {} if document is None else {SECTOR: document}
            response = await register(
                harness, sector_identifier_uri=SECTOR, subject_type="pairwise"
            )
            assert response.status_code == status, document


async def test_the_logo_is_fetched_once_and_shown_from_here(open_harness: OpenHarness) -> None:
    logo = "https://app.example.org/logo.png"
    served = Documents({logo: PNG})
    async with open_harness(fetcher=served, **OPEN) as harness:
        await harness.person()
        app = await app_of(harness, await register(harness, logo_uri=logo))
        kept = await harness.context.stores.clients.logo(app.id)
        assert kept is not None
        assert kept.data == PNG
        page = await harness.ask(await harness.signed_in(), app)
        assert logo not in page.text
        served.at[logo] = b"<script>"
        other = await app_of(harness, await register(harness, logo_uri=logo))
        assert await harness.context.stores.clients.logo(other.id) is None


async def test_2_2_a_logo_for_a_language_is_shown_in_it(open_harness: OpenHarness) -> None:
    logo, german, swiss = (f"https://app.example.org/{name}.png" for name in ("logo", "de", "ch"))
    other = PNG + b"German"
    served = Documents({logo: PNG, german: other, swiss: PNG})
    named = {
        "logo_uri": logo,
        "logo_uri#de-CH": swiss,  # the one for the language itself precedes it
        "logo_uri#de": german,
        "logo_uri#ja": logo,  # no page is in this language
        "logo_uri#ar": "https://app.example.org/unknown.png",
    }
    async with open_harness(fetcher=served, **OPEN) as harness:
        await harness.person()
        made = await register(harness, **named)
        app = await app_of(harness, made)
        browser = await harness.signed_in()
        for language, shown in (("de", other), ("ar", PNG), ("en", PNG)):
            page = await harness.ask(browser, app, ui_locales=language)
            source = page.text.partition('src="/logos/')[2].partition('"')[0]
            picture = await harness.browser().get(f"/logos/{source}")
            assert picture.content == shown, language
        strange = await harness.browser().get(f"/logos/{app.id}?language=../x")
        assert strange.content == PNG

        # RFC 7592 §2.2: what is not registered any more is deleted; what cannot be fetched stays.
        served.at = {logo: PNG}
        clients, token = harness.context.stores.clients, made.json()["registration_access_token"]
        for changed, left in ((named, {"de"}), ({"logo_uri": logo}, set[str]())):
            document = {"client_id": app.id, "redirect_uris": [CALLBACK], **changed}
            replaced = await harness.browser().put(
                made.json()["registration_client_uri"].removeprefix(ISSUER),
                json=document,
                headers={"authorization": f"Bearer {token}"},
            )
            assert replaced.status_code == 200, replaced.text
            assert set(await clients.localized_logos(app.id)) == left
            assert await clients.logo(app.id) is not None


async def test_a_software_statement_counts_when_its_issuer_is_trusted(
    open_harness: OpenHarness, tmp_path: Any
) -> None:
    # RFC 7591 §2.3
    key, issuer = make_key("ES256"), "https://vendor.example.org"
    trusted = tmp_path / "statements.json"
    trusted.write_text(json.dumps({issuer: json.loads(key_set(key))}))
    async with open_harness(**OPEN, registration__statements_file=str(trusted)) as harness:
        claims = {"iss": issuer, "client_name": "By Statement", "software_id": "x"}
        statement = signed(claims, key, "ES256")
        response = await register(harness, client_name="By Hand", software_statement=statement)
        assert response.json()["client_name"] == "By Statement"
        assert response.json()["software_statement"] == statement
        for forged in (
            signed(claims, make_key("ES256"), "ES256"),
            signed({**claims, "iss": "https://other.example.org"}, key, "ES256"),
        ):
            response = await register(harness, software_statement=forged)
            assert response.json()["error"] == "unapproved_software_statement"


async def test_too_many_from_one_address_have_to_wait(open_harness: OpenHarness) -> None:
    async with open_harness(limits__registrations_per_address="2 per 1h", **OPEN) as harness:
        for status in (201, 201, 429):
            response = await register(harness)
            assert response.status_code == status
        assert int(response.headers["retry-after"]) > 0


async def test_an_app_without_any_consent_is_deleted(open_harness: OpenHarness) -> None:
    async with open_harness(**OPEN) as harness:
        await harness.person()
        idle = await app_of(harness, await register(harness))
        used = await app_of(harness, await register(harness))
        await harness.tokens(used, scope="openid")
        token = (await harness.context.dynamic.mint_token("", 1, timedelta(days=90))).reveal()
        known = await app_of(harness, await register(harness, token))
        harness.advance(days=31)
        await Cleaner(
            harness.context.stores.retention,
            harness.context.stores.leases,
            harness.context.clock,
            "one",
            pause=0,
        ).round()
        stores = harness.context.stores
        assert await stores.clients.client(idle.id) is None
        assert await stores.clients.client(used.id) is not None
        assert await stores.clients.client(known.id) is not None
        assert harness.rows()["unused_clients"] == []


def test_the_settings_are_what_the_policy_says(harness: AppHarness) -> None:
    assert registration_policy(harness.context.settings).mode == "closed"


async def test_2_1_grant_types_and_response_types_fit(open_harness: OpenHarness) -> None:
    """RFC 7591 §2.1: no application registers itself into an inconsistent state."""
    async with open_harness(**OPEN) as harness:
        await harness.person()
        for requested in (
            {"grant_types": ["authorization_code"], "response_types": []},
            {"grant_types": ["refresh_token"], "response_types": []},
            {"grant_types": ["refresh_token"], "response_types": ["code"]},
            {"grant_types": [], "response_types": ["none"], "redirect_uris": []},
            {"redirect_uris": []},
        ):
            response = await register(harness, **requested)
            assert response.status_code == 400, requested
            error = response.json()["error"]
            assert error in ("invalid_client_metadata", "invalid_redirect_uri"), requested
        # RFC 7591 §3.2.1: the response has what was registered instead.
        for requested, grants, kinds in (
            (
                {"grant_types": ["client_credentials"], "response_types": ["code"]},
                ["client_credentials"],
                None,
            ),
            (
                {"response_types": ["code id_token"]},
                ["authorization_code", "implicit"],
                ["code id_token"],
            ),
            (
                {"grant_types": ["implicit"], "response_types": ["id_token"]},
                ["implicit"],
                ["id_token"],
            ),
        ):
            found = (await register(harness, **requested)).json()
            assert (found["grant_types"], found.get("response_types")) == (grants, kinds)


async def test_3_2_1_no_application_chooses_its_id(open_harness: OpenHarness) -> None:
    """RFC 9700 §4.15.1: no application is taken for a person, by an id that is a subject."""
    async with open_harness(registration__mode="token") as harness:
        ann = await harness.person()
        token = (await harness.context.dynamic.mint_token("", 1, timedelta(days=1))).reveal()
        wanted = {"client_id": ann.subject, "grant_types": ["client_credentials"]}
        app = await app_of(harness, await register(harness, token, **wanted, response_types=[]))
        assert app.id != ann.subject
        response = await harness.token(app, grant_type="client_credentials", scope="basic")
        found = await harness.introspect(app, response.json()["access_token"])
        assert (found["sub"], found["client_id"]) == (app.id, app.id)
        assert "auth_time" not in found
        for path in (ME, USERINFO):
            refused = await harness.call(response.json()["access_token"], path)
            assert refused.status_code in (401, 403), path
            assert ann.subject not in refused.text
