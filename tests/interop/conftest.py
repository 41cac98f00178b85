"""One live server for all clients that are driven here, and the apps that they are."""

import warnings
from collections.abc import AsyncIterator
from itertools import count

import authlib.deprecate
import pytest
import pytest_asyncio

from support.app import CALLBACK, App
from support.interop import InteropSetup
from support.live_server import Live, open_live

with warnings.catch_warnings():
    # Authlib warns at its first import that it prefers the successor of httpx.
    warnings.simplefilter("ignore", authlib.deprecate.AuthlibDeprecationWarning)
    import authlib.integrations.httpx_client


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    proxy = {"trusted_proxies": "127.0.0.1/32", "mtls__certificate_header": "Client-Cert"}
    async with open_live(tmp_path_factory.mktemp("interop"), **proxy) as opened:
        yield opened


_numbers = count(1)


@pytest_asyncio.fixture(
    loop_scope="session",
    params=["confidential-opaque", "confidential-jwt", "public-opaque", "public-jwt"],
)
async def interop(site: Live, request: pytest.FixtureRequest) -> InteropSetup:
    """Both kinds of app with both kinds of access token, and both algorithms of ID tokens."""
    kind, _, token_format = request.param.partition("-")
    app = await site.app(
        CALLBACK,
        public=kind == "public",
        token_format=token_format,
        id_token_alg="ES256" if token_format == "jwt" else "RS256",
    )
    person = await site.person(f"person{next(_numbers)}@example.org", "Ann Example")
    return InteropSetup(site, app, person)


@pytest_asyncio.fixture(loop_scope="session", params=["opaque", "jwt"])
async def machine(site: Live, request: pytest.FixtureRequest) -> App:
    """An app that acts for itself."""
    return await site.app(CALLBACK, token_format=request.param)
