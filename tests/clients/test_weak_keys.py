"""Keys of applications that are too weak (FAPI 2.0 §5.4.1): refused where they are registered, and
where they are used. The message names the key by its place, and has nothing else of it."""

from base64 import urlsafe_b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import RSAKey

from quantimodo.protocol.client_documents import DocumentRefused, parse_document
from quantimodo.protocol.key_strength import weak_keys, weakness
from support.app import TOKEN, OpenHarness
from support.registered_clients import (
    Documents,
    assertion_of,
    key_set,
    make_key,
    presenting,
    registered,
    signed,
)

REGISTER = "/api/v2/oauth2/register"
OPEN = {"registration__mode": "open"}
JWKS_URI = "https://app.example.org/jwks.json"
APP = "https://app.example.org/client.json"


def rsa_jwk(bits: int, **more: Any) -> dict[str, Any]:
    """A public key with a modulus of this length; no signature is made with it."""
    modulus = (1 << bits - 1) + 1
    data = modulus.to_bytes((bits + 7) // 8, "big")
    n = urlsafe_b64encode(data).rstrip(b"=").decode()
    return {"kty": "RSA", "n": n, "e": "AQAB", **more}


def public(key: Any) -> dict[str, Any]:
    members: dict[str, Any] = key.as_dict(private=False)
    return members


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (rsa_jwk(2048), ""),
        (rsa_jwk(2047), "is an RSA key of 2047 bits: at least 2048 are needed"),
        (rsa_jwk(1024), "is an RSA key of 1024 bits: at least 2048 are needed"),
        (rsa_jwk(8192), ""),
        (rsa_jwk(8193), "is an RSA key of more than 8192 bits"),
        ({"kty": "RSA", "n": "AAAA"}, "is an RSA key of 0 bits: at least 2048 are needed"),
        ({"kty": "RSA", "n": "é"}, "is an RSA key of 0 bits: at least 2048 are needed"),
        ({"kty": "EC", "crv": "P-256"}, ""),
        ({"kty": "EC", "crv": "P-521"}, ""),
        ({"kty": "OKP", "crv": "Ed25519"}, ""),
        ({"kty": "EC", "crv": "P-192"}, "has a curve that is weak or unknown"),
        ({"kty": "EC", "crv": "Ed25519"}, "has a curve that is weak or unknown"),
        ({"kty": "OKP", "crv": "P-256"}, "has a curve that is weak or unknown"),
        ({"kty": "AKP", "alg": "ML-DSA-44", "crv": "P-192"}, ""),  # a kind of key of later
        ({"kty": "RSA"}, ""),  # incomplete: another rule's matter
        ({"kty": []}, ""),
        ({}, ""),
    ],
)
def test_which_keys_are_weak(key: dict[str, Any], says: str) -> None:
    assert weakness(key).startswith(says)
    assert bool(weakness(key)) == bool(says)


def test_a_key_is_named_by_its_place_and_not_by_what_it_says() -> None:
    document = {
        "keys": [rsa_jwk(2048), rsa_jwk(1024, kid="<script>"), 5, {"kty": "EC", "crv": "x<"}]
    }
    first, second = weak_keys(document)
    assert first == "key 2 is an RSA key of 1024 bits: at least 2048 are needed"
    assert second.startswith("key 4 has a curve")
    assert "<" not in first + second
    assert [*weak_keys([]), *weak_keys({"keys": {}}), *weak_keys(None)] == []


async def test_a_registration_with_a_weak_key_is_refused(open_harness: OpenHarness) -> None:
    async with open_harness(**OPEN) as harness:
        browser, good = harness.browser(), public(make_key("ES256"))
        document = {
            "redirect_uris": ["https://app.example.org/cb"],
            "token_endpoint_auth_method": "private_key_jwt",
        }
        for weak in (rsa_jwk(1024), {"kty": "EC", "crv": "P-192", "x": "AA", "y": "AA"}):
            jwks = {"keys": [good, weak]}
            refused = await browser.post(REGISTER, json={**document, "jwks": jwks})
            assert (refused.status_code, refused.json()["error"]) == (
                400,
                "invalid_client_metadata",
            )
            assert "jwks: key 2 " in refused.json()["error_description"]
        made = await browser.post(REGISTER, json={**document, "jwks": {"keys": [good]}})
        assert made.status_code == 201
        # RFC 7592 §2.2: nor later.
        manage = {"authorization": f"Bearer {made.json()['registration_access_token']}"}
        changed = {**document, "client_id": made.json()["client_id"]}
        address = made.json()["registration_client_uri"].partition(".org")[2]
        refused = await browser.put(
            address, headers=manage, json={**changed, "jwks": {"keys": [rsa_jwk(1024)]}}
        )
        assert refused.status_code == 400
        assert "key 1 is an RSA key of 1024 bits" in refused.json()["error_description"]


def test_a_metadata_document_with_a_weak_key_is_refused() -> None:
    document = {
        "client_id": APP,
        "client_name": "Diary",
        "redirect_uris": ["https://app.example.org/cb"],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [rsa_jwk(2048)]},
    }
    assert parse_document(APP, document).name == "Diary"
    with pytest.raises(DocumentRefused, match="key 1 is an RSA key of 1024 bits"):
        parse_document(APP, {**document, "jwks": {"keys": [rsa_jwk(1024)]}})


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
async def test_a_weak_key_behind_an_address_does_not_authenticate(
    open_harness: OpenHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
    weak, strong = RSAKey.import_key(private, {"kid": "one"}), make_key("ES256", "two")
    served = Documents({JWKS_URI: key_set(weak).encode()})
    metadata = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": JWKS_URI}
    async with open_harness(fetcher=served) as harness:
        app = await registered(harness, metadata)
        fields = {"grant_type": "client_credentials"}

        async def status(key: Any, algorithm: str) -> int:
            assertion = signed(assertion_of(harness, app), key, algorithm)
            response = await harness.browser().post(TOKEN, data=presenting(assertion, **fields))
            return response.status_code

        assert await status(weak, "RS256") == 401
        logged = capsys.readouterr().out
        assert "of the app's key set, key 1 is an RSA key of 1024 bits" in logged
        # A strong key beside the weak one is used.
        served.at = {JWKS_URI: key_set(weak, strong).encode()}
        harness.advance(seconds=6)
        assert await status(strong, "ES256") == 200
        assert await status(weak, "RS256") == 401
