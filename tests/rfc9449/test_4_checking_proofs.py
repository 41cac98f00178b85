"""DPoP proofs (RFC 9449 §4.2, §4.3): each check, as a table of refusals."""

from base64 import urlsafe_b64decode
from datetime import datetime, timedelta
from typing import Any

import pytest

from quantimodo.crypto.dpop import token_hash, verify_proof
from quantimodo.crypto.jwt import BadToken, OneAlgorithm
from quantimodo.protocol.dpop import DPoPPolicy, Target, check_proof
from quantimodo.protocol.errors import InvalidDPoPProof
from support.app import ISSUER, TOKEN, AppHarness
from support.dpop import DPoPKey, post_token
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
    signed = verify_proof(key.proof(clock.now()))
    assert signed.thumbprint == key.thumbprint, "RFC 7638"
    statement = check_proof(signed.claims, TARGET, POLICY, clock.now())
    assert statement.jti == signed.claims["jti"]


def refused_proofs(now: datetime, path: str, method: str, **claims: str) -> dict[str, str]:
    """Proofs whose header or signature is not valid, for this request."""
    key = DPoPKey(key=KEYS["ES256"])
    public, rsa = key.public(), DPoPKey("PS256", KEYS["PS256"])
    good = key.proof(now, path, method, **claims)
    head, payload, signature = good.split(".")
    raw = urlsafe_b64decode(signature + "==")

    def with_header(**header: Any) -> str:
        return DPoPKey(key=KEYS["ES256"], header=header).proof(now, path, method, **claims)

    return {
        "empty": "",
        "not a JWT": "some text",
        "two parts": f"{head}.{payload}",
        "four parts": f"{good}.x",
        "two proofs": f"{good}, {good}",
        "too long": key.proof(now, path, method, padding="x" * 9000, **claims),
        "not ASCII": good + "é",
        "with padding": good + "==",
        "in plain base64": in_plain_base64(
            key, key.proof(now, path, method, **claims, jti="?" * 9)
        ),
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
        "an alg that is not offered": DPoPKey("RS256", KEYS["PS256"]).proof(now, path, method),
        "no signature": f"{head}.{payload}.",
        "a longer signature": f"{head}.{payload}.{encode(raw + b'x')}",
        "a DER signature": f"{head}.{payload}.{encode(b'0' + raw)}",
        "other claims": f"{head}.{encode(b'{}')}.{signature}",
        "claims that are no object": key_of_claims(b"[]"),
        "deep claims": key_of_claims(b"[" * 4000),
    }


def test_4_3_headers_and_signatures_that_are_refused(clock: FrozenClock) -> None:
    refused = refused_proofs(clock.now(), TOKEN, "POST")
    assert [name for name, text in refused.items() if is_signed(text)] == []


def is_signed(text: str) -> bool:
    try:
        verify_proof(text)
    except BadToken:
        return False
    return True


def in_plain_base64(key: DPoPKey, proof: str) -> str:
    """The same claims in the alphabet with plus and slash, signed so; `?` gives a slash."""
    text = proof.rpartition(".")[0].replace("-", "+").replace("_", "/")
    assert "/" in text
    signature = OneAlgorithm(key.algorithm).get_alg(key.algorithm).sign(text.encode(), key.key)
    return f"{text}.{encode(signature)}"


def len2(text: bytes) -> bytes:
    return bytes(64)


def key_of_claims(payload: bytes) -> str:
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": DPoPKey(key=KEYS["ES256"]).public()}
    return forge(header, payload, len2)


ACCEPTED: list[dict[str, Any]] = [
    {"htu": ISSUER + TOKEN + "?query=1#fragment"},
    {"htu": "HTTPS://ID.EXAMPLE.ORG:443" + TOKEN},
    {"htu": ISSUER + TOKEN.replace("token", "%74oken")},
    {"htu": ISSUER + TOKEN.replace("/oauth2/", "/./x/../oauth2/")},
    {"htu": ISSUER + "/.." + TOKEN},
    {"htu": "https://id.example.org:" + TOKEN},
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
    {"htu": "https://id.example.org:0" + TOKEN},
    {"htu": ISSUER + TOKEN + "/."},
    {"htu": ISSUER + TOKEN + "/.."},
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
        changes = at(now, changes)
        check_proof(verify_proof(key.proof(now, **changes)).claims, target, POLICY, now)

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
    claims = verify_proof(DPoPKey().proof(now, iat=int(now.timestamp()) + 10)).claims
    statement = check_proof(claims, TARGET, POLICY, now)
    accepted_until = now + timedelta(seconds=10 + 60 + 10)
    check_proof(claims, TARGET, POLICY, accepted_until)
    assert statement.expires_at > accepted_until, "otherwise it could be used twice"
    last = statement.expires_at - timedelta(microseconds=1)
    with pytest.raises(InvalidDPoPProof):
        check_proof(claims, TARGET, POLICY, last)


OWN = {"grant_type": "client_credentials"}
UNITS = "/api/v1/units"


def at(now: datetime, changes: dict[str, Any]) -> dict[str, Any]:
    """The changes of claims; `iat` counts from now."""
    if type(changes.get("iat")) is not int:
        return changes
    return {**changes, "iat": int(now.timestamp()) + changes["iat"]}


async def test_4_3_each_check_at_the_token_endpoint(harness: AppHarness) -> None:
    app, now = await harness.app(), harness.context.clock.now()
    key, before = DPoPKey(key=KEYS["ES256"]), harness.rows()
    proofs = refused_proofs(now, TOKEN, "POST")
    proofs |= {str(each): key.proof(now, **at(now, each)) for each in REFUSED}
    for name, text in proofs.items():
        response = await harness.browser().post(
            TOKEN, data=OWN, auth=app.auth, headers={"dpop": text.encode()}
        )
        # RFC 9449 §5
        found = response.status_code, response.json().get("error")
        assert found == (400, "invalid_dpop_proof"), name
        assert response.headers["cache-control"] == "no-store"
        assert len(response.headers.get_list("dpop-nonce")) == 1, "RFC 9449 §8"
        assert text not in response.text or not text
    assert harness.rows() == before, "a refused proof stores nothing"
    for changes in ACCEPTED[: ACCEPTED.index({"nonce": "any"})]:
        proof = key.proof(now, **at(now, changes))
        assert (await post_token(harness, app, proof, **OWN)).status_code == 200, changes


async def test_4_3_each_check_at_a_protected_resource(harness: AppHarness) -> None:
    app, now = await harness.app(), harness.context.clock.now()
    key = DPoPKey(key=KEYS["ES256"])
    token = (await post_token(harness, app, key.proof(now), **OWN)).json()["access_token"]
    ath, before = token_hash(token), harness.rows()

    async def refusal(text: str) -> tuple[int, str]:
        headers = {"authorization": f"DPoP {token}".encode(), "dpop": text.encode()}
        response = await harness.browser().get(UNITS, headers=headers)
        code = response.json()["error"] if response.is_error else ""
        if response.is_error:
            challenge = response.headers["www-authenticate"]
            assert challenge.startswith(f'DPoP error="{code}", error_description="')
            assert 'algs="ES256 PS256 EdDSA Ed25519"' in challenge, "RFC 9449 §7.1"
        return response.status_code, code

    proofs = refused_proofs(now, UNITS, "GET", ath=ath)
    for each in REFUSED:
        changed = at(now, {"ath": ath, **each})
        if isinstance(changed.get("htu"), str):
            changed["htu"] = changed["htu"].replace(TOKEN, UNITS)
        if changed.get("htm") == "GET":
            changed["htm"] = "POST"
        proofs[str(each)] = key.proof(now, UNITS, "GET", **changed)
    for wrong in (None, "", token, token_hash("another"), ath + "="):
        proofs[f"ath {wrong}"] = key.proof(now, UNITS, "GET", ath=wrong)
    for name, text in proofs.items():
        assert await refusal(text) == (401, "invalid_dpop_proof"), name
    other = DPoPKey().proof(now, UNITS, "GET", ath=ath)
    assert await refusal(other) == (401, "invalid_token"), "RFC 9449 §6: the key of the token"
    assert harness.rows() == before, "a refused proof stores nothing"
    assert await refusal(key.proof(now, UNITS, "GET", ath=ath)) == (200, "")
