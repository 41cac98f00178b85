"""Metadata that is never sent by mistake, and what an outsider can make the server do (RFC 7591 §5,
RFC 7592 §5)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from support.app import CALLBACK, AppHarness, OpenHarness
from support.registered_clients import Documents, key_set, make_key, signed

REGISTER = "/api/v2/oauth2/register"
OPEN = {"registration__mode": "open", "registration__implicit": "true"}
SECTOR = "https://sector.example.org/uris.json"
LOGO = "https://app.example.org/logo.png"


async def register(
    harness: AppHarness, token: str | None = None, **metadata: Any
) -> httpx.Response:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    document = {"redirect_uris": [CALLBACK], **metadata}
    return await harness.browser().post(REGISTER, json=document, headers=headers)


BROKEN = ["https://[::1", "https://app.example.org:port/", "http://[", "https://[x]/cb", "//", "\0"]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"response_types": ["id_token"]},
        {"subject_type": "pairwise"},
        {"frontchannel_logout_uri": "https://app.example.org/front"},
    ],
    ids=["code", "implicit", "pairwise", "front channel"],
)
async def test_a_broken_address_has_a_separate_fault(
    open_harness: OpenHarness, more: dict[str, Any]
) -> None:
    async with open_harness(fetcher=Documents(), **OPEN) as harness:
        for uri in BROKEN:
            response = await register(harness, redirect_uris=[uri, CALLBACK], **more)
            assert response.status_code == 400, uri
            assert response.json()["error"] == "invalid_redirect_uri", uri


@pytest.mark.parametrize(
    "member",
    [
        *("jwks_uri", "sector_identifier_uri", "logo_uri", "client_uri", "policy_uri", "tos_uri"),
        *("initiate_login_uri", "frontchannel_logout_uri", "backchannel_logout_uri"),
        *("logo_uri#de", "client_uri#de"),
    ],
)
async def test_no_member_takes_a_broken_address(open_harness: OpenHarness, member: str) -> None:
    async with open_harness(fetcher=Documents(), **OPEN) as harness:
        for uri in (*BROKEN, "javascript:alert(1)", "http://app.example.org/"):
            response = await register(harness, **{member: uri})
            assert response.status_code == 400, uri
            assert response.json()["error"] == "invalid_client_metadata", uri
        for uri in BROKEN:
            response = await register(harness, request_uris=[uri])
            assert response.json()["error"] == "invalid_client_metadata", uri


@pytest.mark.parametrize("name", ["می‌خواهم", "👩‍⚕️ Notes"])
async def test_a_name_may_be_in_any_script(open_harness: OpenHarness, name: str) -> None:
    async with open_harness(**OPEN) as harness:
        response = await register(harness, client_name=name, **{"client_name#fa": name})
        assert response.status_code == 201, response.text
        assert (response.json()["client_name"], response.json()["client_name#fa"]) == (name, name)


async def test_a_refusal_never_repeats_what_was_sent(open_harness: OpenHarness) -> None:
    async with open_harness(**OPEN) as harness:
        for sent in (
            {"client_name#<b>marked": 5},
            {"client_name#<b>marked": "a"},
            {"client_name#" + "m" * 3000: "a"},
            {"client_name#\u0000": "a"},
            {"jwks": {"keys": [{"marked": 1}] * 21}},
            {"grant_types": ["marked"]},
        ):
            response = await register(harness, **sent)
            assert response.json()["error"] == "invalid_client_metadata", sent
            assert response.json()["error_description"].isascii()
            assert "marked" not in response.text


async def test_members_of_any_depth_and_size_are_refused_or_passed_over(
    open_harness: OpenHarness,
) -> None:
    deep: dict[str, Any] = {}
    for _ in range(400):
        deep = {"keys": [deep]}
    async with open_harness(**OPEN) as harness:
        for document in (
            {"jwks": deep},
            {"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}},
            {"jwks": {"keys": 5}},
            {"jwks": {"keys": []}},
            {"default_max_age": 2**31},
            {"default_max_age": -1},
            {"default_max_age": True},
            {"default_max_age": 1.5},
            {"contacts": ["a"] * 200},
        ):
            response = await register(harness, **document)
            assert response.status_code == 400, document
        raw = b'{"redirect_uris":["%s"],"default_max_age":%s}'
        for number in (b"9" * 4000, b"9" * 5000, b"1e999"):
            content = raw % (CALLBACK.encode(), number)
            response = await harness.browser().post(
                REGISTER, content=content, headers={"content-type": "application/json"}
            )
            assert response.status_code == 400


async def test_a_public_app_has_no_secret_to_sign_requests_by(open_harness: OpenHarness) -> None:
    async with open_harness(**OPEN) as harness:
        response = await register(
            harness, token_endpoint_auth_method="none", request_object_signing_alg="HS256"
        )
        assert response.json()["error"] == "invalid_client_metadata"


async def test_without_leave_nothing_is_fetched(open_harness: OpenHarness) -> None:
    # security.md §15: what a stranger names is not asked for in our name.
    served = Documents()
    async with open_harness(fetcher=served, registration__mode="token") as harness:
        spent = (await harness.context.dynamic.mint_token("", 1, timedelta(days=1))).reveal()
        assert (await register(harness, spent)).status_code == 201
        for token in (None, "nonsense", "qmi_" + "A" * 52, spent):
            response = await register(
                harness, token, sector_identifier_uri=SECTOR, logo_uri=LOGO, client_name=5
            )
            assert response.status_code == 401, "without information on what may be registered"
            response = await register(harness, token, sector_identifier_uri=SECTOR, logo_uri=LOGO)
            assert response.status_code == 401
        assert served.requested == []


async def test_a_software_statement_holds_for_its_time(
    open_harness: OpenHarness, tmp_path: Any
) -> None:
    # RFC 7519 §4.1.4, §4.1.5
    import json

    key, issuer = make_key("ES256"), "https://vendor.example.org"
    trusted = tmp_path / "statements.json"
    trusted.write_text(json.dumps({issuer: json.loads(key_set(key))}))
    async with open_harness(**OPEN, registration__statements_file=str(trusted)) as harness:
        now = int(harness.context.clock.now().timestamp())
        for more, status in (
            ({"exp": now + 600, "nbf": now - 600}, 201),
            ({"exp": now - 600}, 400),
            ({"nbf": now + 600}, 400),
            ({"exp": "tomorrow"}, 400),
        ):
            claims = {"iss": issuer, "client_name": "By Statement", **more}
            response = await register(harness, software_statement=signed(claims, key, "ES256"))
            assert response.status_code == status, more
            if status == 400:
                assert response.json()["error"] == "invalid_software_statement"


async def test_an_app_cannot_shake_off_what_the_operator_set(open_harness: OpenHarness) -> None:
    async with open_harness(**OPEN) as harness:
        made = (await register(harness)).json()
        client = await harness.context.stores.clients.client(made["client_id"])
        assert client is not None
        flags: dict[str, Any] = {
            "strict": True,
            "first_party": True,
            "resource_server": True,
            "token_format": "jwt",
            "description": "known to us",
        }
        assert await harness.context.stores.clients.replace_client(replace(client, **flags))
        response = await harness.browser().put(
            f"{REGISTER}/{client.id}",
            json={"client_id": client.id, "redirect_uris": [CALLBACK], "client_name": "New"},
            headers={"authorization": f"Bearer {made['registration_access_token']}"},
        )
        assert response.status_code == 200, response.text
        edited = await harness.context.stores.clients.client(client.id)
        assert edited is not None
        assert edited.name == "New"
        assert {name: getattr(edited, name) for name in flags} == flags


async def test_a_logo_that_is_not_registered_any_more_is_dropped(open_harness: OpenHarness) -> None:
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes([0, 0, 0, 1, 0, 0, 0, 1]) + bytes(20)
    async with open_harness(fetcher=Documents({LOGO: png}), **OPEN) as harness:
        made = (await register(harness, logo_uri=LOGO)).json()
        assert await harness.context.stores.clients.logo(made["client_id"]) is not None
        response = await harness.browser().put(
            f"{REGISTER}/{made['client_id']}",
            json={"client_id": made["client_id"], "redirect_uris": [CALLBACK]},
            headers={"authorization": f"Bearer {made['registration_access_token']}"},
        )
        assert response.status_code == 200, response.text
        assert await harness.context.stores.clients.logo(made["client_id"]) is None


async def test_no_name_in_the_address_is_too_strange(open_harness: OpenHarness) -> None:
    async with open_harness(**OPEN) as harness:
        for name in ("%00", "a%0Ab", "%F0%9F%98%80", "x" * 3000, ""):
            for method in ("GET", "DELETE"):
                response = await harness.browser().request(
                    method, f"{REGISTER}/{name}", headers={"authorization": "Bearer x"}
                )
                assert response.status_code == 401, name
