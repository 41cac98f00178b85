"""A standard client does not notice how many processes serve it, nor which database they share."""

import pytest
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import AsyncOAuth2Client

from support.app import CALLBACK
from support.interop import SCOPE, InteropSetup
from support.live_server import Live, ServeLive

pytestmark = pytest.mark.slow

TOKEN = "/api/v2/oauth2/access_token"


async def test_the_main_job_over_workers_on_sqlite(serve_live: ServeLive) -> None:
    await _main_job(await serve_live(workers=3))


@pytest.mark.postgres
async def test_the_main_job_over_workers_on_postgresql(
    serve_live: ServeLive, postgres_url: str
) -> None:
    await _main_job(await serve_live(workers=3, database=postgres_url))


async def _main_job(live: Live) -> None:
    app = await live.app(CALLBACK)
    interop = InteropSetup(live, app, await live.person())
    token_url, userinfo = live.address + TOKEN, f"{live.address}/api/v2/oauth2/userinfo"
    async with AsyncOAuth2Client(
        app.id, app.secret, scope=SCOPE, redirect_uri=CALLBACK, code_challenge_method="S256"
    ) as client:
        verifier = generate_token(64)
        url, _ = client.create_authorization_url(
            f"{live.address}/api/v2/oauth/authorize", code_verifier=verifier
        )
        back = await interop.allow(url)
        tokens = await client.fetch_token(
            token_url, authorization_response=back, code_verifier=verifier
        )
        for _ in range(10):
            assert (await client.get(userinfo)).status_code == 200
            tokens = await client.refresh_token(token_url, refresh_token=tokens["refresh_token"])
        await client.revoke_token(
            f"{live.address}/api/v2/oauth2/revoke", token=tokens["refresh_token"]
        )
        for _ in range(10):
            assert (await client.get(userinfo)).status_code == 401
