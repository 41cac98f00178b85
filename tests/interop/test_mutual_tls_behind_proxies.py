"""RFC 8705 behind each documented proxy: certificates reach the server in every kind of request,
and no client pretends to have one."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from proxies import HOST, MTLS_HOST, proxy
from quantimodo.app.composition.resources import resource_registry
from quantimodo.app.requests.proxies import Proxies
from quantimodo.crypto.certificates import parse_certificate, thumbprint
from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.model.resources import ResourceScope
from quantimodo.protocol.constants import ACCESS_TOKEN_URN, TOKEN_EXCHANGE
from quantimodo.protocol.resource_registration import ResourceRegistration
from support.app import INTROSPECT, ME, PASSWORD, REVOKE, TOKEN, App, form_fields
from support.client_certificate import (
    DNS,
    ClientCertificate,
    authority,
    client_certificate,
    issued,
)
from support.devices import DEVICE, GRANT, confirm, decide, entered
from support.live_server import Live, open_live

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]

TASKS = "https://tasks.example.org/"
OWN = {"grant_type": "client_credentials", "scope": "readmeasurements"}
SETTINGS = {
    "trusted_proxies": "127.0.0.1/32",
    "mtls__certificate_header": "Client-Cert",
    "mtls__origin": f"https://{MTLS_HOST}",
    "tokens__exchange": "true",
}


@dataclass(frozen=True)
class Place:
    """The server, an application that is known by its certificate, and one by the name in it.
    `attacker` has a certificate of the same authority, `stranger` one of another authority."""

    live: Live
    folder: Path
    person: httpx.AsyncClient
    app: App
    by_name: App
    signer: ClientCertificate
    own: ClientCertificate
    attacker: ClientCertificate
    stranger: ClientCertificate

    def tls(self, shown: ClientCertificate | None) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if shown is not None:
            key = shown.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            file = self.folder / "shown.pem"
            file.write_bytes(key + shown.pem.encode())
            context.load_cert_chain(file)
        return context


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    folder = tmp_path_factory.mktemp("mtls")
    now = datetime.now(UTC) - timedelta(minutes=1)
    signer = authority(now, "Authority of applications")
    own, attacker = issued(signer, now, DNS), issued(signer, now, "other.example.org")
    stranger = issued(authority(now, "Another authority"), now, DNS)
    async with open_live(folder, **SETTINGS) as live:
        await live.person()
        keys = json.dumps({"keys": [own.jwk(x5c=True)]})
        app = await _app(live, "self_signed_tls_client_auth", jwks=keys)
        by_name = await _app(live, "tls_client_auth", tls_client_auth_san_dns=DNS)
        scopes = (ResourceScope("tasks:read", "Read your tasks"),)
        await resource_registry(live.context).register(
            TASKS,
            ResourceRegistration(name="Tasks", scopes=scopes, introspected_by=frozenset({app.id})),
            owner_id=None,
            by_operator=True,
        )
        person = live.browser()
        fields = form_fields((await person.get("/sign-in")).text)
        fields |= {"username": "ann@example.org", "password": PASSWORD}
        assert (await person.post("/sign-in", data=fields)).status_code == 303
        yield Place(live, folder, person, app, by_name, signer, own, attacker, stranger)


async def _app(live: Live, method: str, **members: Any) -> App:
    return await live.app(
        "https://app.example.org/callback",
        grant_types=frozenset({"client_credentials", "refresh_token", GRANT, TOKEN_EXCHANGE}),
        metadata=ClientMetadata(
            token_endpoint_auth_method=method,  # type: ignore[arg-type]
            tls_client_certificate_bound_access_tokens=True,
            **members,
        ),
    )


@pytest.mark.parametrize("name", ["nginx", "caddy", "haproxy"])
async def test_a_certificate_counts_in_every_request_and_is_never_pretended(
    place: Place, name: str
) -> None:
    with proxy(name, place.live.server.port, place.signer.pem.encode()) as port:
        async with AsyncExitStack() as stack:

            async def client(shown: ClientCertificate | None, host: str) -> httpx.AsyncClient:
                opened = httpx.AsyncClient(
                    base_url=f"https://127.0.0.1:{port}",
                    verify=place.tls(shown),
                    headers={"host": host},
                    timeout=60,
                    event_hooks={"request": [_named(host)]},
                )
                return await stack.enter_async_context(opened)

            own = await client(place.own, MTLS_HOST)
            attacker = await client(place.attacker, MTLS_HOST)
            others = [await client(None, host) for host in (HOST, MTLS_HOST)]
            await _every_grant(place, own, [attacker, *others])
            for each in (attacker, *others):
                await _forged(place, each)
            # RFC 8705 §2.1: the proxy did not verify this one.
            stranger = await client(place.stranger, MTLS_HOST)
            try:
                unknown = await stranger.post(TOKEN, data={"client_id": place.by_name.id, **OWN})
                assert unknown.status_code in (400, 401), unknown.text
            except (httpx.TransportError, ssl.SSLError):
                pass  # the TLS handshake failed
            for each in (own, *others):
                assert (await each.get("/metrics")).status_code in (403, 404)


# What docs/operator/reverse-proxy.md says of `verification_header`.
EVERY_CERTIFICATE = {
    "nginx": {
        "ssl_verify_client optional;": "ssl_verify_client optional_no_ca;",
        "proxy_set_header Client-Cert": "proxy_set_header Client-Verify $ssl_client_verify;"
        "\n proxy_set_header Client-Cert",
    },
    "haproxy": {
        "alpn h2,http/1.1": "alpn h2,http/1.1 ca-ignore-err all crt-ignore-err all",
        "if { ssl_c_used } { ssl_c_verify 0 }": "if { ssl_c_used }\n"
        "    http-request set-header Client-Verify %[ssl_c_verify]",
    },
}


@pytest.mark.parametrize("name", EVERY_CERTIFICATE)
async def test_2_1_the_proxy_says_which_chain_it_verified(place: Place, name: str) -> None:
    """RFC 8705 §2.1: on one host, which accepts every certificate. The server behind it shows what
    it received; tests/rfc8705 has what it accepts."""
    made = client_certificate(datetime.now(UTC) - timedelta(minutes=1))
    trusted = Proxies.of(["127.0.0.1/32"])
    received: list[tuple[bool, str]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[1:-2]
        pairs = [line.partition(b":")[::2] for line in lines]
        headers = [(key.lower(), value.strip()) for key, value in pairs]
        scope = {"client": ("127.0.0.1", 1), "headers": headers}
        certificate = trusted.certificate(scope, b"client-cert")
        received.append((trusted.verified(scope, b"client-verify"), certificate))
        writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    upstream = server.sockets[0].getsockname()[1]
    changes = EVERY_CERTIFICATE[name]
    async with server:
        with proxy(name, upstream, place.signer.pem.encode(), changes) as port:
            for shown, verified in ((place.own, True), (place.stranger, False), (made, False)):
                async with httpx.AsyncClient(
                    base_url=f"https://127.0.0.1:{port}",
                    verify=place.tls(shown),
                    # What a client sends itself is replaced.
                    headers={"host": MTLS_HOST, "client-verify": "SUCCESS"},
                    timeout=60,
                    event_hooks={"request": [_named(MTLS_HOST)]},
                ) as client:
                    assert (await client.get("/")).status_code == 204
                found, certificate = received[-1]
                assert found is verified
                assert parse_certificate(certificate).thumbprint == thumbprint(shown.der)


def _named(host: str) -> Any:
    async def name(request: httpx.Request) -> None:
        request.extensions["sni_hostname"] = host

    return name


async def _every_grant(
    place: Place, own: httpx.AsyncClient, others: list[httpx.AsyncClient]
) -> None:
    """RFC 8705 §2, §3: authentication and bound tokens, whichever the request."""
    app = {"client_id": place.app.id}
    named = {"client_id": place.by_name.id, **OWN}
    by_name = await own.post(TOKEN, data=named)
    assert by_name.status_code == 200, by_name.text
    wanted = {"scope": "basic offline_access tasks:read", "resource": [_api(place), TASKS]}
    device = await own.post(DEVICE, data={**app, **wanted})
    assert device.status_code == 200, device.text
    page = await confirm(place.person, await entered(place.person, device.json()["user_code"]))
    if 'id="allow"' in page.text:  # the consent page, unless the person allowed it before
        await decide(place.person, page)
    polling = {**app, "grant_type": GRANT, "device_code": device.json()["device_code"]}
    polling["resource"] = _api(place)
    for other in others:
        assert (await other.post(TOKEN, data=named)).status_code == 401
        refused = await other.post(DEVICE, data={**app, **wanted})
        assert refused.status_code == 401, refused.text
        assert (await other.post(TOKEN, data=polling)).status_code == 401
    tokens = await own.post(TOKEN, data=polling)
    assert tokens.status_code == 200, tokens.text
    refreshing = {**app, "grant_type": "refresh_token", "resource": _api(place)}
    refreshing["refresh_token"] = tokens.json()["refresh_token"]
    for other in others:
        assert (await other.post(TOKEN, data=refreshing)).status_code == 401
    refreshed = await own.post(TOKEN, data=refreshing)
    assert refreshed.status_code == 200, refreshed.text
    raw = refreshed.json()["access_token"]
    exchanging = {
        **app,
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": raw,
        "subject_token_type": ACCESS_TOKEN_URN,
        "resource": TASKS,
    }
    bearer = {"authorization": f"Bearer {raw}"}
    for other in others:
        assert (await other.post(TOKEN, data=exchanging)).status_code == 401
        assert (await other.post(REVOKE, data={**app, "token": raw})).status_code == 401
        assert (await other.get(ME, headers=bearer)).status_code == 401
    assert (await own.get(ME, headers=bearer)).status_code == 200
    exchanged = await own.post(TOKEN, data=exchanging)
    assert exchanged.status_code == 200, exchanged.text
    token = {**app, "token": exchanged.json()["access_token"]}
    found = (await own.post(INTROSPECT, data=token)).json()
    assert (found["aud"], list(found["cnf"])) == (TASKS, ["x5t#S256"])
    assert (await own.post(REVOKE, data={**app, "token": raw})).status_code == 200
    assert (await own.get(ME, headers=bearer)).status_code == 401
    assert (await own.post(INTROSPECT, data=token)).json() == {"active": False}


async def _forged(place: Place, client: httpx.AsyncClient) -> None:
    """The header of another application's certificate, sent from outside."""
    real = place.own
    forms = [real.escaped, real.base64, real.sequence]
    forged: list[list[tuple[str, str]]] = [
        *([(name, form)] for form in forms for name in ("Client-Cert", "client_cert")),
        [("Client-Cert", real.sequence), ("client-cert", real.base64)],
        [("Client-Cert", ""), ("CLIENT-CERT", real.base64)],
        [("Connection", "close, Client-Cert"), ("Client-Cert", real.base64)],
    ]
    for headers in forged:
        sent = {"client_id": place.app.id, **OWN}
        refused = await client.post(TOKEN, data=sent, headers=headers)
        assert refused.status_code in (400, 401), headers
        assert "access_token" not in refused.text


def _api(place: Place) -> str:
    return f"{place.live.address}/api"
