"""DPoP proofs (RFC 9449 §4.2, §4.3): each check, as a table of refusals."""

from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import Any

import pytest

from quantimodo.crypto.dpop import open_proof, token_hash
from quantimodo.crypto.jwt import BadToken
from quantimodo.protocol.dpop import DPoPPolicy, Target, check_proof
from quantimodo.protocol.errors import InvalidDPoPProof
from support.app import ISSUER, TOKEN
from support.dpop import DPoPKey
from support.environment import FrozenClock
from support.jwt_forgery import encode, forge, hs256, unsigned
from support.registered_clients import make_key

POLICY = DPoPPolicy(origins=(ISSUER,))
TARGET = Target("POST", TOKEN)
KEYS = {
    "ES256": make_key("ES256"),
    "PS256": make_key("PS256"),
    "EdDSA": make_key("EdDSA"),
}


@pytest.mark.parametrize("algorithm", ["ES256", "PS256", "EdDSA", "Ed25519"])
def test_4_2_a_proof_by_each_algorithm(clock: FrozenClock, algorithm: str) -> None:
    key = DPoPKey(algorithm, KEYS.get(algorithm, KEYS["EdDSA"]))
    signed = open_proof(key.proof(clock.now()))
    assert signed.thumbprint == key.thumbprint, "RFC 7638"
    statement = check_proof(signed.claims, TARGET, POLICY, clock.now())
    assert statement.jti == signed.claims["jti"]


def test_4_3_headers_and_signatures_that_are_refused(clock: FrozenClock) -> None:
    now, key = clock.now(), DPoPKey(key=KEYS["ES256"])
    public, rsa = key.public(), DPoPKey("PS256", KEYS["PS256"])
    good = key.proof(now)
    head, payload, signature = good.split(".")
    raw = urlsafe_b64decode(signature + "==")

    def with_header(**header: Any) -> str:
        return DPoPKey(key=KEYS["ES256"], header=header).proof(now)

    refused = {
        "empty": "",
        "not a JWT": "some text",
        "two parts": f"{head}.{payload}",
        "four parts": f"{good}.x",
        "too long": key.proof(now, padding="x" * 9000),
        "not ASCII": good + "é",
        "another typ": with_header(typ="JWT"),
        "no typ": with_header(typ=None),
        "crit": with_header(crit=["x"]),
        "no key": with_header(jwk=None),
        "a private key": with_header(jwk=KEYS["ES256"].as_dict(private=True)),
        "a key of another kind": with_header(jwk=rsa.public()),
        "another curve": with_header(jwk={**public, "crv": "P-384"}),
        "a point off the curve": with_header(jwk={**public, "y": public["x"]}),
        "a second spelling of the key": with_header(jwk={**public, "x": public["x"] + "="}),
        "a key of another person": with_header(jwk=DPoPKey().public()),
        "a key that is no object": with_header(jwk="key"),
        "alg none": forge({"typ": "dpop+jwt", "alg": "none", "jwk": public}, {}, unsigned),
        "a symmetric alg": forge(
            {"typ": "dpop+jwt", "alg": "HS256", "jwk": {"kty": "oct", "k": "AAAA"}},
            {},
            hs256(b"\0"),
        ),
        "an alg that is not offered": DPoPKey("RS256", KEYS["PS256"]).proof(now),
        "no signature": f"{head}.{payload}.",
        "a longer signature": f"{head}.{payload}.{encode(raw + b'x')}",
        "a DER signature": f"{head}.{payload}.{encode(b'0' + raw)}",
        "other claims": f"{head}.{encode(b'{}')}.{signature}",
        "claims that are no object": key_of_claims(b"[]"),
        "deep claims": key_of_claims(b"[" * 4000),
    }
    assert [name for name, text in refused.items() if is_signed(text)] == []


def is_signed(text: str) -> bool:
    try:
        open_proof(text)
    except BadToken:
        return False
    return True


def len2(text: bytes) -> bytes:
    return bytes(64)


def key_of_claims(payload: bytes) -> str:
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": DPoPKey(key=KEYS["ES256"]).public()}
    return forge(header, payload, len2)


ACCEPTED: list[dict[str, Any]] = [
    {"htu": ISSUER + TOKEN + "?query=1#fragment"},
    {"htu": "HTTPS://ID.EXAMPLE.ORG:443" + TOKEN},
    {"htu": ISSUER + TOKEN.replace("token", "%74oken")},
    {"iat": -69},
    {"iat": 10},
    {"nonce": "any"},
    {"another": ["claim"]},
]
REFUSED: list[dict[str, Any]] = [
    {"jti": None},
    {"jti": ""},
    {"jti": 5},
    {"jti": "x" * 513},
    {"htm": None},
    {"htm": "GET"},
    {"htm": "post"},
    {"htu": None},
    {"htu": 5},
    {"htu": TOKEN},
    {"htu": ISSUER + "/api/v2/oauth2/revoke"},
    {"htu": ISSUER + TOKEN + "/"},
    {"htu": "http://id.example.org" + TOKEN},
    {"htu": "https://id.example.org:8443" + TOKEN},
    {"htu": "https://id.example.com" + TOKEN},
    {"htu": "https://user@id.example.org" + TOKEN},
    {"htu": "https://[" + TOKEN},
    {"htu": "https://id.example.org:port" + TOKEN},
    {"iat": None},
    {"iat": "now"},
    {"iat": True},
    {"iat": 1e300},
    {"iat": -71},
    {"iat": 11},
    {"nonce": 5},
    {"nonce": "x" * 257},
]


def test_4_3_claims(clock: FrozenClock) -> None:
    now, key = clock.now(), DPoPKey(key=KEYS["ES256"])

    def check(changes: dict[str, Any], target: Target = TARGET) -> None:
        if type(changes.get("iat")) is int:
            changes = {"iat": int(now.timestamp()) + changes["iat"]}
        check_proof(open_proof(key.proof(now, **changes)).claims, target, POLICY, now)

    for changes in ACCEPTED:
        check(changes)
    for changes in REFUSED:
        with pytest.raises(InvalidDPoPProof):
            check(changes)
    bound = Target("POST", TOKEN, token_hash("some-token"))
    check({"ath": token_hash("some-token")}, bound)
    for ath in (None, "", token_hash("another-token")):
        with pytest.raises(InvalidDPoPProof):
            check({"ath": ath}, bound)


def test_4_3_a_proof_is_on_record_until_it_is_too_old(clock: FrozenClock) -> None:
    now = clock.now()
    claims = open_proof(DPoPKey().proof(now, iat=int(now.timestamp()) + 10)).claims
    statement = check_proof(claims, TARGET, POLICY, now)
    last = statement.expires_at - timedelta(microseconds=1)
    with pytest.raises(InvalidDPoPProof):
        check_proof(claims, TARGET, POLICY, last)
