"""The FAPI 2.0 Security Profile with mutual TLS (FAPI 2.0 §5.3.2.1 (5), (6)) over HTTP."""

from typing import Any

import httpx

from quantimodo.model.client_metadata import ClientMetadata
from support.app import ALL_GRANTS, AUTHORIZE, ISSUER, TOKEN, AppHarness, OpenHarness, response_of
from support.client_certificate import SUBJECT, ClientCertificate, client_certificate
from support.environment import FrozenClock
from support.fapi import PAR, WHOLE, redeeming, signer
from support.registered_clients import BEARER

BEHIND_PROXY = {
    "trusted_proxies": "127.0.0.1/32",
    "mtls__certificate_header": "Client-Cert",
    "mtls__origin": "https://mtls.example.org",
}
RESOURCE = "/api/v1/units"
BOUND: dict[str, Any] = {
    "dpop_bound_access_tokens": False,
    "tls_client_certificate_bound_access_tokens": True,
}


async def send(
    harness: AppHarness, method: str, path: str, shown: ClientCertificate | None, **more: Any
) -> httpx.Response:
    """Through the trusted proxy, which forwards the certificate."""
    transport = httpx.ASGITransport(app=harness.application, client=("127.0.0.1", 1234))  # type: ignore[arg-type]
    headers = {"client-cert": shown.sequence} if shown else {}
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as proxied:
        return await proxied.request(
            method, path, headers={**headers, **more.pop("headers", {})}, **more
        )


async def test_5_3_2_1_6_both_methods_with_bound_tokens(
    open_harness: OpenHarness, clock: FrozenClock
) -> None:
    shown, other = client_certificate(clock.now()), client_certificate(clock.now())
    async with open_harness(**BEHIND_PROXY) as harness:
        await harness.person()
        browser = await harness.signed_in()
        signing = await signer(harness, **BOUND)
        members: dict[str, Any] = {
            **BOUND,
            "profile": "fapi2",
            "token_endpoint_auth_method": "tls_client_auth",
            "tls_client_auth_subject_dn": SUBJECT,
        }
        certified = await harness.app(
            first_party=True, metadata=ClientMetadata(**members), grant_types=ALL_GRANTS
        )

        def by_assertion() -> dict[str, str]:
            return {"client_assertion_type": BEARER, "client_assertion": signing.assertion()}

        def by_certificate() -> dict[str, str]:
            return {"client_id": certified.id}

        for app, credentials in ((signing.app, by_assertion), (certified, by_certificate)):
            tls = app is certified
            # A client with `private_key_jwt` shows its certificate at the token endpoint only.
            pushed = await send(
                harness, "POST", PAR, shown if tls else None, data={**WHOLE, **credentials()}
            )
            assert pushed.status_code == 201, pushed.text
            uri = pushed.json()["request_uri"]
            response = await browser.get(
                AUTHORIZE, params={"client_id": app.id, "request_uri": uri}
            )
            code = response_of(response).parameters["code"]
            bare = await send(
                harness, "POST", TOKEN, None, data={**redeeming(code), **credentials()}
            )
            expected = (401, "invalid_client") if tls else (400, "invalid_request")
            assert (bare.status_code, bare.json()["error"]) == expected
            redeemed = await send(
                harness, "POST", TOKEN, shown, data={**redeeming(code), **credentials()}
            )
            tokens = redeemed.json()
            assert (redeemed.status_code, tokens["token_type"]) == (200, "Bearer")
            bearer = {"authorization": f"Bearer {tokens['access_token']}"}
            for certificate, status in ((shown, 200), (other, 401), (None, 401)):
                found = await send(harness, "GET", RESOURCE, certificate, headers=bearer)
                assert found.status_code == status
            refreshing = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
            for _ in range(2):
                again = await send(
                    harness, "POST", TOKEN, shown, data={**refreshing, **credentials()}
                )
                assert again.status_code == 200, again.text
                assert "refresh_token" not in again.json()
            for certificate in (None,):
                refused = await send(
                    harness, "POST", TOKEN, certificate, data={**refreshing, **credentials()}
                )
                assert refused.is_error
        document = (await harness.browser().get("/.well-known/openid-configuration")).json()
        assert document["tls_client_certificate_bound_access_tokens"] is True
        assert document["mtls_endpoint_aliases"]["pushed_authorization_request_endpoint"]
