"""Mutual TLS behind a proxy (RFC 8705 §2, §3) over HTTP."""

import json
from hashlib import sha256
from typing import Any

import httpx

from support.app import (
    CALLBACK,
    INTROSPECT,
    ISSUER,
    ME,
    REVOKE,
    TOKEN,
    VERIFIER,
    App,
    AppHarness,
    OpenHarness,
)
from support.client_certificate import (
    DNS,
    EMAIL,
    IP,
    SUBJECT,
    URI,
    ClientCertificate,
    client_certificate,
)
from support.dpop import DPoPKey
from support.environment import FrozenClock
from support.jwt_forgery import claims_of, encode
from support.registered_clients import Documents, registered

HEADER = "client-cert"
OWN = {"grant_type": "client_credentials"}
BEHIND_PROXY = {
    "trusted_proxies": "127.0.0.1/32",
    "mtls__certificate_header": "Client-Cert",
    "mtls__origin": "https://mtls.example.org",
}
ELSEWHERE: tuple[tuple[str, dict[str, str], int], ...] = (
    ("/api/v2/oauth2/par", {"response_type": "code", "redirect_uri": CALLBACK}, 201),
    (INTROSPECT, {"token": "unknown"}, 200),
    (REVOKE, {"token": "unknown"}, 200),
)
ORIGIN = "https://mtls.example.org"


def proxied(harness: AppHarness, peer: str = "127.0.0.1") -> httpx.AsyncClient:
    """A connection from this peer: the trusted proxy, or another."""
    transport = httpx.ASGITransport(app=harness.application, client=(peer, 1234))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url=ISSUER)


async def token(
    harness: AppHarness,
    app: App,
    shown: ClientCertificate | None,
    peer: str = "127.0.0.1",
    **fields: str,
) -> httpx.Response:
    headers = {} if shown is None else {HEADER: shown.sequence}
    data = {"client_id": app.id, **(fields or OWN)}
    async with proxied(harness, peer) as browser:
        return await browser.post(TOKEN, data=data, headers=headers)


async def me(harness: AppHarness, raw: str, shown: ClientCertificate | None) -> httpx.Response:
    headers = {"authorization": f"Bearer {raw}"} | ({HEADER: shown.sequence} if shown else {})
    async with proxied(harness) as browser:
        return await browser.get("/api/v1/units", headers=headers)


async def test_2_both_methods_authenticate_a_client(
    open_harness: OpenHarness, clock: FrozenClock
) -> None:
    shown, attacker = client_certificate(clock.now()), client_certificate(clock.now())
    subjects = {"subject_dn": SUBJECT, "san_dns": DNS.upper(), "san_uri": URI, "san_ip": IP}
    wrong = {"subject_dn": "CN=app", "san_dns": "example.org", "san_email": "ann@example.org"}
    async with open_harness(**BEHIND_PROXY) as harness:

        async def app(**metadata: Any) -> App:
            return await registered(harness, metadata)

        tls: dict[str, Any] = {"token_endpoint_auth_method": "tls_client_auth"}
        for name, value in [*subjects.items(), ("san_email", EMAIL)]:
            known = await app(**tls, **{f"tls_client_auth_{name}": value})
            assert (await token(harness, known, shown)).status_code == 200, name
        for name, value in wrong.items():
            other = await app(**tls, **{f"tls_client_auth_{name}": value})
            assert (await token(harness, other, shown)).status_code == 401, name
        own: dict[str, Any] = {"token_endpoint_auth_method": "self_signed_tls_client_auth"}
        for x5c in (True, False):
            key_set = json.dumps({"keys": [attacker.jwk(x5c=x5c), shown.jwk(x5c=x5c)]})
            known = await app(**own, jwks=key_set)
            assert (await token(harness, known, shown)).status_code == 200
        alone = await app(**own, jwks=json.dumps({"keys": [shown.jwk(x5c=True)]}))
        assert (await token(harness, alone, attacker)).status_code == 401
        # Without a certificate, from another peer than the proxy, twice, with a secret.
        assert (await token(harness, alone, None)).status_code == 401
        assert (await token(harness, alone, shown, peer="192.0.2.7")).status_code == 401
        twice = [(HEADER, shown.sequence), (HEADER, attacker.sequence)]
        async with proxied(harness) as browser:
            data = {"client_id": alone.id, **OWN}
            assert (await browser.post(TOKEN, data=data, headers=twice)).status_code == 401
            secret = {**data, "client_secret": alone.secret or ""}
            one = {HEADER: shown.sequence}
            assert (await browser.post(TOKEN, data=secret, headers=one)).status_code == 401
            other = {HEADER: attacker.sequence}
            for path, fields, status in ELSEWHERE:
                data = {"client_id": alone.id, **fields}
                assert (await browser.post(path, data=data, headers=one)).status_code == status
                assert (await browser.post(path, data=data, headers=other)).status_code == 401
        harness.advance(hours=2)
        assert (await token(harness, alone, shown)).status_code == 401, "it has expired"
        document = (await harness.browser().get("/.well-known/openid-configuration")).json()
        methods = document["token_endpoint_auth_methods_supported"]
        assert {"tls_client_auth", "self_signed_tls_client_auth"} <= set(methods)
        # RFC 8705 §5: each endpoint that an app calls itself with a certificate or a bound token.
        assert document["mtls_endpoint_aliases"] == {
            name: document[name].replace(ISSUER, ORIGIN)
            for name in (
                *("token_endpoint", "pushed_authorization_request_endpoint", "userinfo_endpoint"),
                *("device_authorization_endpoint", "grant_management_endpoint"),
                *("revocation_endpoint", "introspection_endpoint"),
            )
        }
        assert document["tls_client_certificate_bound_access_tokens"] is True
        # RFC 9728 §2
        of_api = await harness.browser().get("/.well-known/oauth-protected-resource/api")
        assert of_api.json()["tls_client_certificate_bound_access_tokens"] is True


async def test_3_tokens_are_bound_to_the_certificate(
    open_harness: OpenHarness, clock: FrozenClock
) -> None:
    shown, attacker = client_certificate(clock.now()), client_certificate(clock.now())
    bound = {"tls_client_certificate_bound_access_tokens": True}
    async with open_harness(**BEHIND_PROXY) as harness:
        await harness.person()
        for token_format in ("opaque", "jwt"):
            app = await registered(
                harness,
                {
                    **bound,
                    "token_endpoint_auth_method": "tls_client_auth",
                    "tls_client_auth_san_dns": DNS,
                },
                token_format=token_format,
            )
            issued = (await token(harness, app, shown)).json()
            raw = issued["access_token"]
            assert issued["token_type"] == "Bearer"
            assert (await me(harness, raw, shown)).status_code == 200
            for other in (attacker, None):
                refused = await me(harness, raw, other)
                assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")
            if token_format == "jwt":
                assert list(claims_of(raw)["cnf"]) == ["x5t#S256"]
            async with proxied(harness) as browser:
                data = {"client_id": app.id, "token": raw}
                headers = {HEADER: shown.sequence}
                path = "/api/v2/oauth2/introspect"
                found = (await browser.post(path, data=data, headers=headers)).json()
                assert list(found["cnf"]) == ["x5t#S256"]
                scheme = {"authorization": f"DPoP {raw}", **headers}
                assert (await browser.get(ME, headers=scheme)).status_code == 401
                for bad in ("some text", f"{shown.sequence}, {shown.sequence}"):
                    unread = {"authorization": f"Bearer {raw}", HEADER: bad}
                    refused = await browser.get("/api/v1/units", headers=unread)
                    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")
        # RFC 8705 §4: a public client's refresh token is bound to the certificate too.
        public = await registered(harness, bound, public=True)
        code = (await harness.authorize(await harness.signed_in(), public)).code
        redeeming = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        first = await token(harness, public, shown, **redeeming, redirect_uri=CALLBACK)
        refreshing = {"grant_type": "refresh_token", "refresh_token": first.json()["refresh_token"]}
        stolen = await token(harness, public, attacker, **refreshing)
        assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
        missing = await token(harness, public, None, **refreshing)
        assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")
        assert (await token(harness, public, shown, **refreshing)).status_code == 200
        async with proxied(harness) as browser:
            proof = DPoPKey().proof(clock.now())
            headers = {HEADER: shown.sequence, "dpop": proof}
            data = {"client_id": public.id, **refreshing}
            both = await browser.post(TOKEN, data=data, headers=headers)
            assert both.json()["error"] == "invalid_request"


async def test_without_the_setting_the_header_is_nothing(
    harness: AppHarness, clock: FrozenClock
) -> None:
    shown = client_certificate(clock.now())
    app = await registered(
        harness, {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": DNS}
    )
    assert (await token(harness, app, shown)).status_code == 401
    document = (await harness.browser().get("/.well-known/openid-configuration")).json()
    assert "tls_client_auth" not in document["token_endpoint_auth_methods_supported"]
    assert "mtls_endpoint_aliases" not in document


async def test_2_a_client_without_its_certificate_is_an_invalid_client(
    open_harness: OpenHarness, clock: FrozenClock
) -> None:
    """RFC 8705 §2: by client_id, with the error of RFC 6749 §5.2, the same for each cause."""
    shown, other = client_certificate(clock.now()), client_certificate(clock.now())
    async with open_harness(**BEHIND_PROXY) as harness:
        tls: dict[str, Any] = {
            "token_endpoint_auth_method": "tls_client_auth",
            "tls_client_auth_san_dns": DNS,
        }
        own = {
            "token_endpoint_auth_method": "self_signed_tls_client_auth",
            "jwks": json.dumps({"keys": [shown.jwk(x5c=True)]}),
        }
        plain, public = await harness.app(), await harness.app(public=True)
        refused = []
        for app in (await registered(harness, tls), await registered(harness, own)):
            assert (await token(harness, app, shown)).status_code == 200
            refused += [await token(harness, app, None)]
            async with proxied(harness) as browser:
                for header, fields in (
                    (shown.sequence, OWN),  # without client_id
                    ("some text", {"client_id": app.id, **OWN}),
                    ("", {"client_id": app.id, **OWN}),
                    (f"{shown.sequence}, {other.sequence}", {"client_id": app.id, **OWN}),
                ):
                    refused.append(await browser.post(TOKEN, data=fields, headers={HEADER: header}))
        # Where another method is registered, a certificate authenticates no client.
        refused += [await token(harness, plain, shown), await token(harness, public, shown, **OWN)]
        unauthorized = refused.pop()
        assert unauthorized.json()["error"] == "unauthorized_client", "a public client has no self"
        for number, response in enumerate(refused):
            found = response.status_code, response.json()["error"]
            assert found == (401, "invalid_client"), number
            assert response.headers["cache-control"] == "no-store"


async def test_2_2_a_key_set_at_an_address_rotates_the_certificate(
    open_harness: OpenHarness, clock: FrozenClock
) -> None:
    first, second = client_certificate(clock.now()), client_certificate(clock.now())
    address, served = "https://app.example.org/jwks.json", Documents()
    served.at[address] = json.dumps({"keys": [first.jwk(x5c=True)]}).encode()
    own = {"token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks_uri": address}
    async with open_harness(fetcher=served, **BEHIND_PROXY) as harness:
        app = await registered(harness, own)
        assert (await token(harness, app, first)).status_code == 200
        assert (await token(harness, app, second)).status_code == 401
        served.at[address] = json.dumps({"keys": [second.jwk(x5c=True)]}).encode()
        harness.advance(minutes=10)
        assert (await token(harness, app, second)).status_code == 200
        assert (await token(harness, app, first)).status_code == 401


async def test_3_1_the_thumbprint_is_that_of_the_certificate_not_of_the_key(
    open_harness: OpenHarness, clock: FrozenClock
) -> None:
    """RFC 8705 §3, §3.1, §3.2, §6.3 and §7.1."""
    shown = client_certificate(clock.now())
    renewed = client_certificate(clock.now(), shown.key)
    tls: dict[str, Any] = {
        "tls_client_certificate_bound_access_tokens": True,
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": SUBJECT,
    }
    async with open_harness(**BEHIND_PROXY) as harness:
        await harness.person()
        types = frozenset({"code", "token", "code token"})
        app = await registered(harness, tls, token_format="jwt", response_types=types)
        browser = await harness.signed_in()
        # RFC 8705 §6.4: a browser has no certificate, so nothing is issued there.
        for words in ("token", "code token"):
            refused = await harness.authorize(browser, app, response_type=words)
            assert refused.parameters["error"] == "unauthorized_client"
        code = (await harness.authorize(browser, app)).code
        redeeming = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        first = (await token(harness, app, shown, **redeeming, redirect_uri=CALLBACK)).json()
        refreshing = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
        second = (await token(harness, app, renewed, **refreshing)).json()
        for issued, holder, other in ((first, shown, renewed), (second, renewed, shown)):
            raw = issued["access_token"]
            expected = {"x5t#S256": encode(sha256(holder.der).digest())}
            assert claims_of(raw)["cnf"] == expected
            async with proxied(harness) as server:
                data = {"client_id": app.id, "token": raw}
                found = await server.post(INTROSPECT, data=data, headers={HEADER: shown.sequence})
                assert found.json()["cnf"] == expected
            assert (await me(harness, raw, holder)).status_code == 200
            refused = await me(harness, raw, other)
            assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")
            assert refused.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
        # RFC 8705 §7.5: the certificate ends before its token does.
        harness.advance(minutes=30)
        late = (await token(harness, app, renewed)).json()["access_token"]
        harness.advance(minutes=31)
        refused = await me(harness, late, renewed)
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")
        assert "expired" in refused.json()["error_description"]


async def test_2_1_2_registration_takes_exactly_one_subject(open_harness: OpenHarness) -> None:
    tls: dict[str, Any] = {"token_endpoint_auth_method": "tls_client_auth"}
    own: dict[str, Any] = {"token_endpoint_auth_method": "self_signed_tls_client_auth"}
    dns, ip = {"tls_client_auth_san_dns": DNS}, {"tls_client_auth_san_ip": IP}
    async with open_harness(registration__mode="open", **BEHIND_PROXY) as harness:
        for members, status in (
            ({**tls, **dns}, 201),
            ({**tls, "tls_client_auth_subject_dn": SUBJECT}, 201),
            ({**tls, "tls_client_auth_subject_dn": "/C=DE/O=Example/CN=app"}, 400),
            ({**tls, "tls_client_auth_san_ip": "app.example.org"}, 400),
            ({**tls, **dns, **ip}, 400),
            (tls, 400),
            (dns, 400),
            (own, 400),
            ({**own, "jwks_uri": "https://app.example.org/jwks.json"}, 201),
        ):
            document = {"redirect_uris": [CALLBACK], **members}
            response = await harness.browser().post("/api/v2/oauth2/register", json=document)
            assert response.status_code == status, response.text
            if status == 400:
                assert response.json()["error"] == "invalid_client_metadata"
            else:
                assert members.items() <= response.json().items()
                assert "client_secret" not in response.json()


async def test_2_1_a_name_counts_only_in_a_certificate_with_a_verified_chain(
    open_harness: OpenHarness, clock: FrozenClock
) -> None:
    """RFC 8705 §2.1, §7.4: each client can make a certificate with the name of another one."""
    made = client_certificate(clock.now())
    tls: dict[str, Any] = {
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_san_dns": DNS,
    }
    own: dict[str, Any] = {
        "token_endpoint_auth_method": "self_signed_tls_client_auth",
        "jwks": json.dumps({"keys": [made.jwk(x5c=True)]}),
    }
    bound = {"tls_client_certificate_bound_access_tokens": True}
    verify = "Client-Verify"
    async with open_harness(mtls__verification_header=verify, **BEHIND_PROXY) as harness:
        named, signed_itself = await registered(harness, tls), await registered(harness, own)
        secret = await registered(harness, bound)

        async def status(app: App, *values: str, peer: str = "127.0.0.1") -> int:
            headers = [(HEADER, made.sequence), *((verify, each) for each in values)]
            async with proxied(harness, peer) as browser:
                response = await browser.post(
                    TOKEN,
                    data={"client_id": app.id, **OWN} if app is not secret else OWN,
                    headers=headers,
                    auth=secret.auth if app is secret else None,
                )
            return response.status_code

        for value in ("SUCCESS", "0"):
            assert await status(named, value) == 200
            assert await status(named, value, peer="192.0.2.7") == 401
        for values in (
            *((), ("",), ("NONE",), ("FAILED:self-signed certificate",), ("18",), ("success",)),
            *(("SUCCESS", "NONE"), ("NONE", "SUCCESS"), ("SUCCESS", "SUCCESS"), ("0, 18",)),
        ):
            assert await status(named, *values) == 401, values
            # These need no authority (RFC 8705 §2.2, §4).
            assert await status(signed_itself, *values) == 200, values
            assert await status(secret, *values) == 200, values
