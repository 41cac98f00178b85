"""Certificates of clients (RFC 8705 §2, RFC 9440): how they are read and compared. Pure."""

from datetime import timedelta
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from quantimodo.clients.certificates import is_named
from quantimodo.crypto.certificates import BadCertificate, parse_certificate
from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.protocol.distinguished_names import parse_distinguished_name
from quantimodo.protocol.mutual_tls import certificate_faults
from support.client_certificate import DNS, IP, SUBJECT, client_certificate
from support.environment import FrozenClock
from support.jwt_forgery import encode


def test_each_form_in_which_proxies_write_it(clock: FrozenClock) -> None:
    shown = client_certificate(clock.now())
    expected = encode(sha256(shown.der).digest())
    forms = (shown.sequence, shown.base64, shown.escaped, shown.pem, shown.pem.replace("\n", " "))
    for text in forms:
        assert parse_certificate(text).thumbprint == expected, "RFC 8705 §3.1"
    refused = {
        "",
        ":",
        "::",
        ",",
        "some text",
        "é",
        shown.base64[:-8],
        f"{shown.sequence}, {shown.sequence}",
        shown.pem + shown.pem,
        "A" * 20_000,
        encode(shown.der) + "-_",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
    }
    for text in refused:
        with pytest.raises(BadCertificate):
            parse_certificate(text)


def test_2_1_2_subjects(clock: FrozenClock) -> None:
    certificate = parse_certificate(client_certificate(clock.now()).base64)
    for name in (
        SUBJECT,
        "2.5.4.3=app,O=Example\\, Ltd,C=DE",
        # RFC 4514 §2.3, §2.4, §3: types in any case, escapes by hexadecimal digits, encoded values.
        "cn=app,o=Example\\, Ltd,c=DE",
        "CN=app,O=Example\\2C Ltd,C=DE",
        "CN=\\61pp,O=Example\\2c\\20Ltd,C=DE",
        "CN=#0c03617070,O=#130c4578616d706c652C204c7464,C=DE",
        "OID.2.5.4.3=app,2.5.4.10=Example\\, Ltd,2.5.4.6=DE",
        "CN = app, O = Example\\, Ltd, C = DE",
    ):
        assert is_named(certificate, name), name
    others = (
        "",
        "CN=app",
        "C=DE,O=Example\\, Ltd,CN=app",
        "CN=APP,O=Example\\, Ltd,C=DE",
        "x",
        "=",
        "CN=app+O=Example\\, Ltd,C=DE",
        "CN=app\\ ,O=Example\\, Ltd,C=DE",
        "CN=app\\00,O=Example\\, Ltd,C=DE",
        "CN=*,O=Example\\, Ltd,C=DE",
        "CN=#0403617070,O=Example\\, Ltd,C=DE",
        "CN=#0c04617070,O=Example\\, Ltd,C=DE",
    )
    for name in others:
        assert not is_named(certificate, name), name
    assert certificate.dns == {DNS}
    assert certificate.has_address("2001:DB8:0::7")
    assert not certificate.has_address("2001:db8::8")
    assert not certificate.has_address(DNS)
    assert certificate.addresses == {IP}


READ = {
    "CN=a": ({"2.5.4.3=a"},),
    "CN=": ({"2.5.4.3="},),
    "CN=a+OU=b,O=c": ({"2.5.4.10=c"}, {"2.5.4.3=a", "2.5.4.11=b"}),
    "DC=app,DC=example,DC=org": tuple(
        {f"0.9.2342.19200300.100.1.25={each}"} for each in ("org", "example", "app")
    ),
    'CN=\\#a\\=\\"\\+\\<\\>\\;\\\\': ({'2.5.4.3=#a="+<>;\\'},),
    "CN=\\ a  b\\ ": ({"2.5.4.3= a  b "},),
    "CN=L\\C3\\BCck": ({"2.5.4.3=L\u00fcck"},),
    "CN=L\u00fcck": ({"2.5.4.3=L\u00fcck"},),
    "organizationIdentifier=PSDDE-1": ({"2.5.4.97=PSDDE-1"},),
    "2.5.4.97=#1308505344444520203a": ({"2.5.4.97=PSDDE  :"},),
    "emailAddress=app@example.org": ({"1.2.840.113549.1.9.1=app@example.org"},),
    "CN=#1e0600610070002e": ({"2.5.4.3=ap."},),
}
UNREADABLE = (
    *("", ",", "CN", "CN=a,", "CN=a+", "CN=a,,O=b", "CN=a;O=b", "/C=DE/CN=a", 'CN="a"', "CN=a\\"),
    *("CN=a\\x", "CN=\\FF", "X=a", "CN=#", "CN=#0", "CN=#zz", "CN=#0c0361", "CN=#0c02c328"),
    *("CN=a\0b", "2=a", "2.=a", "CN=<a>", "CN=" + "a" * 1025),
)


def test_2_1_2_names_are_read_as_rfc_4514_writes_them() -> None:
    for text, parts in READ.items():
        expected = tuple(frozenset(tuple(each.split("=", 1)) for each in part) for part in parts)
        assert parse_distinguished_name(text) == expected, text
    for text in UNREADABLE:
        with pytest.raises(ValueError, match=r"\w"):
            parse_distinguished_name(text)
        faults = certificate_faults(
            ClientMetadata(
                token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn=text
            ),
            has_keys=False,
        )
        assert [name for name, _ in faults] != [], text


def test_2_2_2_keys(clock: FrozenClock) -> None:
    large = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for key in (None, large):
        shown, other = client_certificate(clock.now(), key), client_certificate(clock.now())
        again = client_certificate(clock.now(), shown.key)
        certificate = parse_certificate(shown.base64)
        assert certificate.is_of_key(shown.jwk(x5c=True))
        assert certificate.is_of_key(shown.jwk(x5c=False))
        assert not certificate.is_of_key(again.jwk(x5c=True)), "another certificate of the key"
        assert not certificate.is_of_key(other.jwk(x5c=True))
        assert not certificate.is_of_key(other.jwk(x5c=False))
        strange_keys: list[dict[str, object]] = [
            {},
            {"kty": []},
            {"kty": "EC"},
            {"x5c": []},
            {"x5c": [5]},
            {"x5c": "é"},
        ]
        for strange in strange_keys:
            assert not certificate.is_of_key(strange)


def test_2_dates(clock: FrozenClock) -> None:
    now = clock.now()
    certificate = parse_certificate(client_certificate(now).base64)
    assert certificate.is_valid_at(now)
    assert not certificate.is_valid_at(now - timedelta(seconds=1))
    assert not certificate.is_valid_at(now + timedelta(hours=1, seconds=1))


def test_2_1_2_exactly_one_subject_is_registered() -> None:
    def faults(has_keys: bool = False, **members: object) -> list[str]:
        metadata = ClientMetadata(**members)  # type: ignore[arg-type]
        return [name for name, _ in certificate_faults(metadata, has_keys=has_keys)]

    tls, own = "tls_client_auth", "self_signed_tls_client_auth"
    assert faults(token_endpoint_auth_method=tls, tls_client_auth_san_dns=DNS) == []
    assert faults(token_endpoint_auth_method=own, has_keys=True) == []
    assert faults(token_endpoint_auth_method=tls) == ["token_endpoint_auth_method"]
    assert faults(
        token_endpoint_auth_method=tls, tls_client_auth_san_dns=DNS, tls_client_auth_san_ip=IP
    ) == ["token_endpoint_auth_method"]
    assert faults(token_endpoint_auth_method=own) == ["token_endpoint_auth_method"]
    assert faults(tls_client_auth_san_dns=DNS) == ["tls_client_auth_san_dns"]
    both = faults(dpop_bound_access_tokens=True, tls_client_certificate_bound_access_tokens=True)
    assert both == ["tls_client_certificate_bound_access_tokens"]
