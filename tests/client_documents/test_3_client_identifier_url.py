"""The address and the document (Client ID Metadata Document §3, §4, §6, §9.7), as plain calls."""

import json
from typing import Any

import pytest
from published import APP, described

from quantimodo.protocol.client_documents import (
    DocumentRefused,
    MethodsRefused,
    check_document_id,
    parse_document,
    seconds_fresh,
)
from quantimodo.protocol.errors import OAuthError
from quantimodo.protocol.scopes import KNOWN
from support.registered_clients import make_key


@pytest.mark.parametrize(
    "client_id",
    [
        "http://diary.example.org/client",
        "https://diary.example.org",
        "https://ann:secret@diary.example.org/client",
        "https://diary.example.org/client#part",
        "https://diary.example.org/client?version=2",
        "https://diary.example.org/a/../client",
        "https://diary.example.org/./client",
        "https://diary.example.org/%2e%2E/client",
        "https:///client",
        "https://diary.example.org:0/client",
        "https://diary.example.org/a b",
        "https://diary.example.org/" + "a" * 1000,
    ],
)
def test_3_another_address_is_not_a_client_identifier(client_id: str) -> None:
    with pytest.raises(DocumentRefused):
        check_document_id(client_id)


def test_3_an_https_address_with_a_path_is_one() -> None:
    assert check_document_id("https://Diary.example.org:8443/") == "diary.example.org:8443"
    assert check_document_id(APP) == "diary.example.org"


PRIVATE = {"keys": [make_key("ES256").as_dict(private=True)]}
PUBLIC = {"keys": [make_key("ES256").as_dict(private=False)]}


@pytest.mark.parametrize(
    "document",
    [
        [],
        "text",
        None,
        {},
        described("https://diary.example.org/other"),
        described("https://diary.example.org:443/client.json"),
        described(token_endpoint_auth_method="client_secret_basic"),
        described(token_endpoint_auth_method="client_secret_post"),
        described(token_endpoint_auth_method="client_secret_jwt"),
        described(client_secret="obviously-fake"),
        described(client_secret_expires_at=0),
        described(token_endpoint_auth_method="private_key_jwt"),
        described(token_endpoint_auth_method="private_key_jwt", jwks=PRIVATE),
        described(
            token_endpoint_auth_method="private_key_jwt", jwks={"keys": [{"kty": "oct", "k": "x"}]}
        ),
        described(response_types=["token"]),
        described(response_types=["code", "id_token"]),
        described(grant_types=["client_credentials"]),
        described(sector_identifier_uri="https://bank.example.org/sector.json"),
        described(redirect_uris="https://diary.example.org/"),
        described(token_endpoint_auth_methods_supported="none"),
        described(token_endpoint_auth_methods_supported=["none", 5]),
        described(token_endpoint_auth_methods_supported=[]),
        described(token_endpoint_auth_methods_supported=["none", "client_secret_basic"]),
        described(token_endpoint_auth_methods_supported=["private_key_jwt"], jwks=PUBLIC),
        described(
            token_endpoint_auth_method=None,
            token_endpoint_auth_methods_supported=["private_key_jwt"],
        ),
    ],
)
def test_4_a_document_that_is_not_valid_is_refused(document: Any) -> None:
    with pytest.raises((DocumentRefused, OAuthError)):
        parse_document(APP, document)


def test_4_what_a_document_can_never_say() -> None:
    read = parse_document(
        APP,
        json.loads(
            json.dumps(
                described(
                    first_party=True,
                    resource_server=True,
                    strict=True,
                    grant_types=["authorization_code", "refresh_token", "client_credentials"],
                )
            )
        ),
    )
    assert not read.first_party
    assert not read.resource_server
    assert read.grant_types == {"authorization_code", "refresh_token"}
    assert (read.public, read.scope) == (True, KNOWN)
    confidential = parse_document(
        APP, described(token_endpoint_auth_method="private_key_jwt", jwks=PUBLIC, scope="basic")
    )
    assert (confidential.public, confidential.scope) == (False, {"basic"})


@pytest.mark.parametrize(
    ("stated", "offered", "method"),
    [
        (None, None, "none"),
        ("none", ["none", "private_key_jwt"], "none"),
        ("private_key_jwt", ["none", "private_key_jwt"], "private_key_jwt"),
        ("tls_client_auth", ["none", "tls_client_auth"], "none"),
        ("tls_client_auth", ["tls_client_auth", "none", "private_key_jwt"], "private_key_jwt"),
        (None, ["private_key_jwt"], "private_key_jwt"),
        (None, ["none", "private_key_jwt"], "private_key_jwt"),
        (None, ["attest_jwt_client_auth", "none"], "none"),
    ],
)
def test_6_one_of_the_offered_methods_counts(
    stated: str | None, offered: list[str] | None, method: str
) -> None:
    read = parse_document(
        APP,
        described(
            token_endpoint_auth_method=stated,
            token_endpoint_auth_methods_supported=offered,
            jwks=PUBLIC,
        ),
    )
    assert (read.metadata.token_endpoint_auth_method, read.public) == (method, method == "none")


def test_6_a_document_that_states_none_is_public_also_if_it_has_keys() -> None:
    """RFC 7591 §2: `none` is a public client."""
    read = parse_document(APP, described(token_endpoint_auth_method="none", jwks=PUBLIC))
    assert (read.metadata.token_endpoint_auth_method, read.public) == ("none", True)


def test_6_without_keys_none_counts_if_it_is_offered() -> None:
    offered = ["private_key_jwt", "none"]
    document = described(
        token_endpoint_auth_method=None, token_endpoint_auth_methods_supported=offered
    )
    assert parse_document(APP, document).public


@pytest.mark.parametrize(
    ("stated", "offered"),
    [
        ("tls_client_auth", None),
        ("tls_client_auth", ["tls_client_auth"]),
        (None, ["tls_client_auth", "attest_jwt_client_auth"]),
    ],
)
def test_6_no_method_that_is_supported_is_refused(
    stated: str | None, offered: list[str] | None
) -> None:
    with pytest.raises(MethodsRefused):
        parse_document(
            APP,
            described(
                token_endpoint_auth_method=stated, token_endpoint_auth_methods_supported=offered
            ),
        )


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [
        ("", None),
        ("public", None),
        ("max-age=60", 60),
        ("public, Max-Age=600", 600),
        ("no-store", 0),
        ("max-age=600, no-cache", 0),
        ("s-maxage=60", None),
        ("max-age=x", None),
    ],
)
def test_5_2_caching_is_as_the_server_of_the_document_says(
    cache_control: str, seconds: int | None
) -> None:
    assert seconds_fresh(cache_control) == seconds
