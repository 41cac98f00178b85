"""security.md §13, §26: which signatures of a provider count, and which tricks do not."""

import hmac
import json
import zlib
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from quantimodo.crypto.jwt import BadToken, half_hash
from quantimodo.crypto.provider_tokens import (
    ALGORITHMS,
    BadKeySet,
    UnknownKey,
    appsecret_proof,
    client_secret_signer,
    looks_signed,
    parse_key_set,
    verify,
    verify_signed_request,
)
from quantimodo.model.secrets import Secret
from support.jwt_forgery import claims_of, decode, encode, es256, forge, header_of, hs256, unsigned
from support.upstream import ec_jwk_of, ec_key, jwk_of, pem_of, rs256, rsa_key

HEADER = {"alg": "RS256", "kid": "one", "typ": "JWT"}
CLAIMS = {"sub": "248289761001"}
KEYS = parse_key_set({"keys": [jwk_of(rsa_key(), "one"), ec_jwk_of(ec_key(), "two")]})
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def signed(**header: Any) -> str:
    kept = {name: value for name, value in {**HEADER, **header}.items() if value is not None}
    return forge(kept, CLAIMS, rs256(rsa_key()))


def test_a_token_of_a_published_key_is_read() -> None:
    found = verify(signed(), KEYS, ALGORITHMS)
    assert (found.claims, found.algorithm, found.typ) == (CLAIMS, "RS256", "JWT")
    by_curve = forge({"alg": "ES256", "kid": "two"}, CLAIMS, es256(ec_key()))
    assert verify(by_curve, KEYS, ALGORITHMS).algorithm == "ES256"


def test_an_ed25519_key_is_known_by_both_its_names() -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    raw = private.public_key().public_bytes_raw()
    keys = parse_key_set({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "e", "x": encode(raw)}]})
    for name in ("EdDSA", "Ed25519"):
        token = forge({"alg": name, "kid": "e"}, CLAIMS, private.sign)
        assert verify(token, keys, ALGORITHMS).claims == CLAIMS


def public_pem() -> bytes:
    return (
        rsa_key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


@pytest.mark.parametrize(
    "token",
    [
        forge({**HEADER, "alg": "none"}, CLAIMS, unsigned),
        forge({**HEADER, "alg": "None"}, CLAIMS, unsigned),
        forge({**HEADER, "alg": ""}, CLAIMS, unsigned),
        forge({**HEADER, "alg": None}, CLAIMS, unsigned),
        forge({**HEADER, "alg": ["RS256"]}, CLAIMS, rs256(rsa_key())),
        forge({**HEADER, "alg": "HS256"}, CLAIMS, hs256(public_pem())),
        forge({**HEADER, "alg": "HS256"}, CLAIMS, hs256(b"a-client-secret")),
        forge({**HEADER, "alg": "ES256"}, CLAIMS, es256(ec_key())),  # the RSA key's id
        forge({"alg": "RS256", "kid": "two"}, CLAIMS, rs256(rsa_key())),  # the EC key's id
        forge({**HEADER, "alg": "PS256"}, CLAIMS, rs256(rsa_key())),  # alg of the key: RS256
        forge({**HEADER, "alg": "RS1"}, CLAIMS, rs256(rsa_key())),
        forge(HEADER, CLAIMS, rs256(rsa_key(1))),
        forge(HEADER, CLAIMS, unsigned),
        forge({"alg": "ES256", "kid": "two"}, CLAIMS, lambda _: bytes(64)),  # "psychic" zeros
        forge({"alg": "ES256", "kid": "two"}, CLAIMS, lambda _: b""),
    ],
)
def test_a_signature_that_is_not_a_signature_does_not_count(token: str) -> None:
    with pytest.raises(BadToken):
        verify(token, KEYS, ALGORITHMS)


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": jwk_of(rsa_key(), "one")},
        {"jku": "https://attacker.example.org/keys"},
        {"x5u": "https://attacker.example.org/chain"},
        {"x5c": ["MIIB"]},
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": 5},
        {"zip": "DEF"},
        {"enc": "A256GCM"},
        {"b64": False, "crit": ["b64"]},
        {"kid": 5},
        {"typ": 5},
        {"typ": ["JWT"]},
    ],
)
def test_a_header_that_brings_keys_or_makes_conditions_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(BadToken) as refusal:
        verify(signed(**header), KEYS, ALGORITHMS)
    assert not isinstance(refusal.value, UnknownKey)


def test_a_header_that_says_harmless_things_is_read() -> None:
    assert verify(signed(x5t="AAAA", **{"x5t#S256": "AAAA"}, cty="x"), KEYS, ALGORITHMS)


def test_an_unknown_key_is_distinguished() -> None:
    with pytest.raises(UnknownKey):
        verify(signed(kid="never"), KEYS, ALGORITHMS)


def test_without_a_key_id_there_must_be_nothing_to_choose() -> None:
    """OpenID Connect Core §10.1."""
    assert verify(signed(kid=None), KEYS, ALGORITHMS)
    two = parse_key_set({"keys": [jwk_of(rsa_key(), "one"), jwk_of(rsa_key(1), "two")]})
    with pytest.raises(BadToken):
        verify(signed(kid=None), two, ALGORITHMS)


def test_only_algorithms_that_the_caller_names_count() -> None:
    with pytest.raises(BadToken):
        verify(signed(), KEYS, {"ES256"})
    with pytest.raises(BadToken):
        verify(forge({**HEADER, "alg": "HS256"}, CLAIMS, hs256(b"x")), KEYS, {"HS256", "none"})


def test_algorithms_are_asymmetric_only() -> None:
    assert not any(name.startswith("HS") or name == "none" for name in ALGORITHMS)


@pytest.mark.parametrize(
    "claims", [b"[]", b'"x"', b"5", b"null", b"", b"{", b'{"exp": NaN}', b"\xff", b"[" * 9000]
)
def test_claims_that_are_no_object_are_refused(claims: bytes) -> None:
    with pytest.raises(BadToken):
        verify(forge(HEADER, claims, rs256(rsa_key())), KEYS, ALGORITHMS)


def test_an_over_long_token_is_not_even_looked_at() -> None:
    with pytest.raises(BadToken):
        verify(forge(HEADER, {"sub": "x" * 16_384}, rs256(rsa_key())), KEYS, ALGORITHMS)
    bomb = urlsafe_b64encode(zlib.compress(bytes(10**6))).decode()
    with pytest.raises(BadToken):
        verify(f"{signed(zip='DEF').split('.')[0]}.{bomb}.AAAA", KEYS, ALGORITHMS)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_one_changed_character_breaks_it(index: int) -> None:
    parts = signed().split(".")
    parts[index] = ("A" if parts[index][4] != "A" else "B").join(
        (parts[index][:4], parts[index][5:])
    )
    with pytest.raises(BadToken):
        verify(".".join(parts), KEYS, ALGORITHMS)


@given(st.text(max_size=200) | st.from_regex(r"\A[\w-]{0,40}(\.[\w-]{0,40}){0,4}\Z"))
def test_no_text_does_anything_but_be_refused(text: str) -> None:
    with pytest.raises(BadToken):
        verify(text, KEYS, ALGORITHMS)
    assert looks_signed(text) in (True, False)


def test_another_spelling_of_a_signature_has_the_same_fingerprint() -> None:
    """Else a used token would count once more: an ECDSA signature has two values."""
    token = forge({"alg": "ES256", "kid": "two"}, CLAIMS, es256(ec_key()))

    def mirrored(text: bytes) -> bytes:
        raw = decode(token.rpartition(".")[2])
        s = P256_ORDER - int.from_bytes(raw[32:], "big")
        return raw[:32] + s.to_bytes(32, "big")

    twin = forge({"alg": "ES256", "kid": "two"}, CLAIMS, mirrored)
    assert token != twin
    first, second = (verify(each, KEYS, ALGORITHMS) for each in (token, twin))
    assert first.fingerprint == second.fingerprint


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"keys": None},
        {"keys": {}},
        {"keys": []},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "one", "alg": "HS256"}]},
        {"keys": [{**jwk_of(rsa_key(), "one"), "use": "enc"}]},
        {"keys": [{**jwk_of(rsa_key(), "one"), "alg": "HS256"}]},
        {"keys": [{**jwk_of(rsa_key(), "one"), "alg": ["RS256"]}]},
        {"keys": [{**jwk_of(rsa_key(), "one"), "key_ops": ["encrypt"]}]},
        {"keys": [{**jwk_of(rsa_key(), "one"), "key_ops": 5}]},
        {"keys": [{**jwk_of(rsa_key(), "one"), "n": "AQAB"}]},
        {"keys": [{**jwk_of(rsa_key(), "one"), "n": 5}]},
        {"keys": [{**jwk_of(rsa_key(), "one"), "e": encode(b"\xff" * 200)}]},
        {"keys": [{**ec_jwk_of(ec_key(), "two"), "x": encode(bytes(32))}]},
        {"keys": [{**ec_jwk_of(ec_key(), "two"), "crv": "P-192"}]},
        {"keys": [{**ec_jwk_of(ec_key(), "two"), "crv": ["P-256"]}]},
    ],
)
def test_a_key_set_without_a_usable_key_is_none(document: dict[str, Any]) -> None:
    with pytest.raises(BadKeySet):
        parse_key_set(document)


@pytest.mark.parametrize("bits", [1024, 1536])
def test_a_short_rsa_key_counts_for_nothing(bits: int) -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    with pytest.raises(BadKeySet):
        parse_key_set({"keys": [jwk_of(weak, "weak")]})


def test_a_private_key_in_a_key_set_is_used_as_a_public_one() -> None:
    fields = {**ec_jwk_of(ec_key(), "two"), "d": encode(bytes(31) + b"\x01")}
    (key,) = parse_key_set({"keys": [fields]})
    assert key.key.is_private is False


def test_keys_that_are_not_understood_are_passed_over() -> None:
    odd: list[Any] = [5, None, "x", {}, {"kty": "new"}, {"kty": "RSA"}]
    keys = parse_key_set({"keys": [*odd, jwk_of(rsa_key(), "one")]})
    assert [key.kid for key in keys] == ["one"]


@pytest.mark.parametrize(
    ("algorithm", "length"),
    [("RS256", 22), ("PS384", 32), ("ES512", 43), ("EdDSA", 43), ("Ed25519", 43)],
)
def test_half_a_hash_is_as_long_as_its_algorithm_says(algorithm: str, length: int) -> None:
    assert len(half_hash(algorithm, "an-access-token")) == length


def test_a_client_secret_can_be_a_signed_token() -> None:
    signer = client_secret_signer("KEYID", Secret(pem_of(ec_key()).replace("\n", "\\n")))
    token = signer.sign({"iss": "TEAMID"}, "JWT")
    assert header_of(token) == {"alg": "ES256", "kid": "KEYID", "typ": "JWT"}
    assert claims_of(token) == {"iss": "TEAMID"}
    (key,) = parse_key_set({"keys": [ec_jwk_of(ec_key(), "KEYID")]})
    assert verify(token, [key], {"ES256"})


def pem_of_another_curve() -> str:
    return pem_of(ec.generate_private_key(ec.SECP384R1()))


def pem_of_rsa() -> str:
    return (
        rsa_key()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


@pytest.mark.parametrize("pem", ["", "marked", pem_of_another_curve(), pem_of_rsa()])
def test_no_other_key_signs_a_client_secret(pem: str) -> None:
    with pytest.raises(ValueError) as refusal:
        client_secret_signer("KEYID", Secret(pem))
    assert "marked" not in str(refusal.value)
    assert refusal.value.__cause__ is None


# Facebook's own


def request_of(fields: Any, secret: bytes = b"app-secret") -> str:
    payload = encode(fields if isinstance(fields, bytes) else json.dumps(fields).encode())
    return f"{encode(hmac.digest(secret, payload.encode(), 'sha256'))}.{payload}"


def test_a_signed_request_is_read() -> None:
    at = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp())
    fields = {"algorithm": "HMAC-SHA256", "user_id": "218471", "issued_at": at}
    assert verify_signed_request(request_of(fields), Secret("app-secret")) == fields


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "x",
        "x.y",
        "é.é",
        request_of({"algorithm": "HMAC-SHA256"}, b"another secret"),
        request_of({"algorithm": "none"}),
        request_of({"user_id": "1"}),
        request_of([]),
        request_of(b"\xff"),
        "." + request_of({"algorithm": "HMAC-SHA256"}).partition(".")[2],
        request_of({"algorithm": "HMAC-SHA256", "x": "y" * 9000}),
    ],
)
def test_a_signed_request_of_another_signer_is_refused(text: str) -> None:
    with pytest.raises(BadToken):
        verify_signed_request(text, Secret("app-secret"))


def test_the_proof_of_the_app_secret_is_its_hmac_over_the_token() -> None:
    expected = hmac.new(b"app-secret", b"token", "sha256").hexdigest()
    assert appsecret_proof(Secret("token"), Secret("app-secret")) == expected
