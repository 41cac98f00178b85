"""`quantimodo doctor` looks at each provider over real sockets, and says what to do."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from quantimodo.app.settings.reading import Settings, load_settings
from quantimodo.cli.doctor.command import Finding, examine
from support.upstream import jwk_of, rsa_key


@asynccontextmanager
async def provider(
    *, issuer: str = "", keys: bool = True, **metadata: object
) -> AsyncIterator[str]:
    """An OpenID provider's public documents on a loopback socket; its address."""
    documents: dict[bytes, object] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
        body = json.dumps(documents.get(path, {})).encode()
        head = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
        writer.write(head + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    documents[b"/.well-known/openid-configuration"] = {
        "issuer": issuer or address,
        "authorization_endpoint": f"{address}/authorize",
        "token_endpoint": f"{address}/token",
        "jwks_uri": f"{address}/keys",
        **metadata,
    }
    documents[b"/keys"] = {"keys": [jwk_of(rsa_key(), "one")] if keys else []}
    try:
        yield address
    finally:
        server.close()


def settings_with(tmp_path: Path, address: str) -> Settings:
    return load_settings(
        {
            "QUANTIMODO_DATABASE": f"sqlite:///{tmp_path}/absent.db",
            "QUANTIMODO_SECRET_KEY": "A" * 43,
            "QUANTIMODO_INSECURE_PRIVATE_HOSTS": address.removeprefix("http://"),
            "QUANTIMODO_PROVIDERS__WORK__KIND": "oidc",
            "QUANTIMODO_PROVIDERS__WORK__ISSUER": address,
            "QUANTIMODO_PROVIDERS__WORK__CLIENT_ID": "quantimodo",
            "QUANTIMODO_PROVIDERS__WORK__CLIENT_SECRET": "a-fake-secret",
        }
    )


async def finding(settings: Settings, what: str) -> Finding:
    return next(found for found in await examine(settings) if found.what == what)


async def test_a_working_provider_is_listed_with_what_to_register(tmp_path: Path) -> None:
    async with provider() as address:
        found = await finding(settings_with(tmp_path, address), "sign-in work")
    assert found.state == "ok"
    assert found.text.endswith("http://127.0.0.1:8000/api/v2/auth/social/callback/work")


async def test_the_endpoints_of_a_declared_provider_are_tried(tmp_path: Path) -> None:
    async with provider() as address:
        plain = settings_with(tmp_path, address)
        work = replace(
            plain.providers["work"],
            kind="oauth2",
            authorization_endpoint=f"{address}/authorize",
            token_endpoint=f"{address}/token",
            subject_field="id",
        )
        one = await finding(replace(plain, providers={"work": work}), "sign-in work")
        open_to_all = replace(work, userinfo_endpoint=f"{address}/me")
        other = await finding(replace(plain, providers={"work": open_to_all}), "sign-in work")
    assert (one.state, other.state) == ("ok", "fault")
    assert other.text == "cannot be used: userinfo_endpoint: status 200 for no token"


async def test_each_registration_that_a_setting_needs_is_listed_or_a_fault(tmp_path: Path) -> None:
    async with provider(end_session_endpoint="http://127.0.0.1:9/logout") as address:
        plain = settings_with(tmp_path, address)
        work = replace(
            plain.providers["work"],
            client_authentication="private_key_jwt",
            initiated_login=True,
            sign_out_at_provider=True,
            backchannel_logout=True,
            frontchannel_logout=True,
            end_session_endpoint=f"{address}/logout",
        )
        found = await finding(replace(plain, providers={"work": work}), "sign-in work")
        assert found.state == "ok", found.text
        for registered in (
            "jwks_uri http://127.0.0.1:8000/api/v2/auth/social/keys/work",
            "initiate_login_uri http://127.0.0.1:8000/sign-in/initiated",
            "post_logout_redirect_uri http://127.0.0.1:8000/sign-out/returned",
            "backchannel_logout_uri http://127.0.0.1:8000/api/v2/auth/social/notifications/work",
            "frontchannel_logout_uri"
            " http://127.0.0.1:8000/api/v2/auth/social/frontchannel-logout/work",
        ):
            assert registered in found.text
        by_form = replace(work, response_mode="form_post")
        found = await finding(replace(plain, providers={"work": by_form}), "sign-in work")
        assert (found.state, "https" in found.text) == ("fault", True)
    async with provider() as address:
        plain = settings_with(tmp_path, address)
        work = replace(plain.providers["work"], sign_out_at_provider=True)
        found = await finding(replace(plain, providers={"work": work}), "sign-in work")
        assert (found.state, "end_session_endpoint" in found.text) == ("fault", True)


async def test_a_provider_that_does_not_answer_is_a_fault(tmp_path: Path) -> None:
    async with provider() as address:
        pass
    found = await finding(settings_with(tmp_path, address), "sign-in work")
    assert found.state == "fault"
    assert "127.0.0.1" in found.text


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"issuer": "https://another.example.org"}, "another issuer"),
        ({"keys": False}, "none that we can use"),
        (
            {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
            "none of our client authentication methods",
        ),
        (
            {"id_token_signing_alg_values_supported": ["HS256"]},
            "no algorithm that we accept",
        ),
    ],
)
async def test_a_provider_that_is_another_one_is_a_fault(
    tmp_path: Path, changes: dict[str, object], because: str
) -> None:
    async with provider(**changes) as address:  # type: ignore[arg-type]
        found = await finding(settings_with(tmp_path, address), "sign-in work")
    assert found.state == "fault"
    assert because in found.text


async def test_an_open_private_host_is_a_warning(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, "http://127.0.0.1:9")
    assert (await finding(settings, "providers")).state == "warning"
