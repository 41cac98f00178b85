"""Web Authentication §7.1 and §7.2: registrations and assertions, and each that is refused."""

import json
from contextlib import suppress
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from quantimodo.crypto import passkeys
from quantimodo.crypto.passkeys import (
    InvalidPasskey,
    RelyingParty,
    parse_assertion,
    parse_registration,
    verify_assertion,
    verify_registration,
)
from quantimodo.model.secrets import Secret
from support.authenticator import PRESENT, VERIFIED, SoftAuthenticator
from support.jwt_forgery import encode

RP = RelyingParty.of("https://id.example.org")
OPTIONS = {"challenge": encode(b"a challenge"), "user": {"id": encode(b"ann")}}
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


def authenticator(**more: Any) -> SoftAuthenticator:
    return SoftAuthenticator(origin=RP.origin, rp_id=RP.id, **more)


def registered(response: str) -> passkeys.VerifiedRegistration:
    return verify_registration(parse_registration(Secret(response)), RP)


def asserted(key: bytes, response: str) -> passkeys.VerifiedAssertion:
    return verify_assertion(parse_assertion(Secret(response)), key, RP)


def test_a_registration_and_an_assertion_by_it() -> None:
    device = authenticator(synced=True, counts=True)
    found = registered(device.create(OPTIONS))
    assert found.credential_id == device.credential_id
    assert found.transports == ("hybrid", "internal")
    assert (found.backup_eligible, found.backed_up) == (True, True)
    response = device.get(OPTIONS)
    read = parse_assertion(Secret(response))
    assert (read.challenge, read.user_handle) == (b"a challenge", b"ann")
    assert asserted(found.public_key, response) == passkeys.VerifiedAssertion(1, True)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another ceremony": ({"kind": "other"}, passkeys.WRONG_TYPE),
    "another origin": ({"origin": "https://evil.example"}, passkeys.WRONG_ORIGIN),
    "a subdomain": ({"origin": "https://x.id.example.org"}, passkeys.WRONG_ORIGIN),
    "another port": ({"origin": "https://id.example.org:444"}, passkeys.WRONG_ORIGIN),
    "a slash": ({"origin": "https://id.example.org/"}, passkeys.WRONG_ORIGIN),
    "plain http": ({"origin": "http://id.example.org"}, passkeys.WRONG_ORIGIN),
    "a frame": ({"more": {"crossOrigin": True}}, passkeys.FRAMED),
    "another host": ({"rp_id": "example.org"}, passkeys.WRONG_HOST),
    "no person": ({"flags": VERIFIED}, passkeys.NOT_PRESENT),
    "no user verification": ({"flags": PRESENT}, passkeys.NOT_VERIFIED),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_response_is_refused_for_its_reason(wrong: str) -> None:
    changes, reason = WRONG[wrong]
    device = authenticator()
    key = registered(device.create(OPTIONS)).public_key
    with pytest.raises(InvalidPasskey) as refused:
        asserted(key, device.get(OPTIONS, **changes))
    assert refused.value.reason == reason
    with pytest.raises(InvalidPasskey) as refused:
        registered(device.create(OPTIONS, **changes))
    assert refused.value.reason == reason


def test_7_2_the_signature_is_that_of_the_key() -> None:
    device = authenticator()
    key = registered(device.create(OPTIONS)).public_key
    with pytest.raises(InvalidPasskey) as refused:
        asserted(key, device.get(OPTIONS, key=OTHER_KEY))
    assert refused.value.reason == passkeys.WRONG_SIGNATURE


@pytest.mark.parametrize(
    "attested",
    [
        {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"x", "x5c": [b"certificate"]}},
        {"fmt": "fido-u2f", "attStmt": {"sig": b"x", "x5c": [b"certificate"]}},
        {"fmt": "tpm", "attStmt": {"ver": "2.0"}},
        {"fmt": "none", "attStmt": {"sig": b"x"}},
    ],
)
def test_7_1_an_attestation_is_refused(attested: dict[str, Any]) -> None:
    with pytest.raises(InvalidPasskey):
        registered(authenticator().create(OPTIONS, attested=attested))


def test_a_long_credential_id_is_refused() -> None:
    with pytest.raises(InvalidPasskey) as refused:
        registered(authenticator(credential_id=bytes(1024)).create(OPTIONS))
    assert refused.value.reason == passkeys.UNSUITABLE


JUNK = ["", "null", "[]", "{}", "x" * 20_000, "[" * 5000, '{"id": 1}', '{"id": "a", "rawId": "é"}']


@pytest.mark.parametrize("text", JUNK)
def test_a_response_that_no_browser_sends_is_refused(text: str) -> None:
    for read in (parse_assertion, parse_registration):
        with pytest.raises(InvalidPasskey):
            read(Secret(text))


PARTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary().map(encode),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["id", "rawId", "type", "response"])
    | st.sampled_from(
        ["clientDataJSON", "authenticatorData", "signature", "attestationObject", "userHandle"]
    ),
    PARTS,
)
def test_no_part_of_a_response_is_an_error_of_the_server(name: str, value: Any) -> None:
    device = authenticator()
    made = device.create(OPTIONS)
    key = registered(made).public_key
    for response, verify in ((made, registered), (device.get(OPTIONS), lambda r: asserted(key, r))):
        whole = json.loads(response)
        (whole if name in whole else whole["response"])[name] = value
        with suppress(InvalidPasskey):
            verify(json.dumps(whole))


@pytest.mark.parametrize(
    ("issuer", "host", "origin", "supported"),
    [
        ("https://id.example.org", "id.example.org", "https://id.example.org", True),
        ("https://id.example.org:443", "id.example.org", "https://id.example.org", True),
        ("https://id.example.org:8443", "id.example.org", "https://id.example.org:8443", True),
        ("http://localhost:8000", "localhost", "http://localhost:8000", True),
        ("http://127.0.0.1:8000", "127.0.0.1", "http://127.0.0.1:8000", False),
    ],
)
def test_the_relying_party_is_the_host_of_the_issuer(
    issuer: str, host: str, origin: str, supported: bool
) -> None:
    found = RelyingParty.of(issuer)
    assert (found.id, found.origin, found.is_supported) == (host, origin, supported)
