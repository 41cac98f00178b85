"""The address and the document (Client ID Metadata Document §3, §4, §8.7), as plain calls."""

import json
from typing import Any

import pytest
from published import APP, described

from quantimodo.protocol.client_documents import (
    DocumentRefused,
    check_document_id,
    read_document,
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
def test_3_another_address_is_no_client_identifier(client_id: str) -> None:
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
    ],
)
def test_4_a_document_that_is_not_valid_is_refused(document: Any) -> None:
    with pytest.raises((DocumentRefused, OAuthError)):
        read_document(APP, document)


def test_4_what_a_document_can_never_say() -> None:
    read = read_document(
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
    confidential = read_document(
        APP, described(token_endpoint_auth_method="private_key_jwt", jwks=PUBLIC, scope="basic")
    )
    assert (confidential.public, confidential.scope) == (False, {"basic"})


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
