"""openid-client (npm) registers itself: plainly, and with keys, JAR, JARM and encryption."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support.live_server import Live, ServeLive

pytestmark = pytest.mark.node

_SCRIPT = Path(__file__).parent.parent / "node" / "openid_client_registration.mjs"
CALLBACK = "http://127.0.0.1:8765/callback"


async def _run(live: Live, wanted: dict[str, Any]) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        "node",
        *("--no-warnings", str(_SCRIPT), json.dumps(wanted)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(60):
            async for line in process.stdout:
                message = json.loads(line)
                if "result" in message:
                    found: dict[str, Any] = message["result"]
                    return found
                back = await live.allow(message["open"])
                process.stdin.write(json.dumps({"back": back}).encode() + b"\n")
        pytest.fail((await process.stderr.read()).decode())
    finally:
        process.stdin.close()
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.parametrize(
    ("method", "everything"),
    [
        ("client_secret_basic", False),
        ("client_secret_post", False),
        ("client_secret_jwt", False),
        ("none", False),
        ("private_key_jwt", True),
    ],
)
async def test_a_client_registers_signs_in_and_manages_itself(
    serve_live: ServeLive, method: str, everything: bool
) -> None:
    live = await serve_live(registration__mode="token")
    ann = await live.person()
    token = await live.context.dynamic.mint_token("openid-client", 1, timedelta(hours=1))
    wanted = {
        "issuer": live.address,
        "redirect_uri": CALLBACK,
        "method": method,
        "everything": everything,
        "token": token.reveal(),
    }
    found = await _run(live, wanted)
    assert (found["claims"]["sub"] == ann.subject) is not everything, "pairwise is another name"
    assert found["userinfo"]["sub"] == found["claims"]["sub"]
    assert found["userinfo"]["email"] == "ann@example.org"
    assert found["refreshed"] == "string"
    assert found["names"] == ["By itself", "By itself", "Renamed"]
    assert (found["deleted"], found["afterwards"]) == (204, 401)
    assert found["spent"] is not None
