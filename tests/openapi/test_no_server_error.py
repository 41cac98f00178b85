"""schemathesis reads the OpenAPI document and sends generated requests: no response is a 5xx,
and none is other than the document says."""

import asyncio
import json
import os
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from support.app import CALLBACK, App
from support.interop import SCOPE
from support.live_server import Live, ServeLive

_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
_SEED = "20261123"


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_generated_requests_find_no_server_error(
    serve_live: ServeLive, tmp_path: Path
) -> None:
    live = await serve_live(metrics_token="fake-metrics-token")
    await live.person()
    app = await live.app(CALLBACK, resource_server=True)
    kept, spent = await _tokens(live, app), await _tokens(live, app)
    (tmp_path / "schemathesis.toml").write_text(
        f"""
        [auth.openapi]
        clientBasic = {{ username = "{app.id}", password = "{app.secret}" }}
        bearer = {{ bearer = "{kept["access_token"]}" }}
        operator = {{ bearer = "fake-metrics-token" }}
        """
    )
    lifelike = {
        "client_id": app.id,
        "client_secret": None,  # the app proves itself by Basic
        "redirect_uri": CALLBACK,
        "scope": "basic",
        "token": spent["access_token"],
        "refresh_token": spent["refresh_token"],
        "code": spent["refresh_token"],
        "access_token": None,
    }
    status, output = await _schemathesis(live, tmp_path, lifelike)
    assert status == 0, output
    seen = _statuses(tmp_path / "seen.har")
    assert max(code for _, code in seen) < 500
    for path in ("access_token", "introspect", "revoke", "userinfo", "authorize"):
        found = {code for (name, code) in seen if name == path}
        assert found & {200, 303}, f"{path} was never reached: {found}"
        assert 400 in found
    for path in ("measurements", "csv", "variables"):
        found = {code for (name, code) in seen if name == path}
        assert {200, 400} <= found, f"{path} was never reached: {found}"
    assert seen["metrics", 200]
    assert sum(seen.values()) > 500


async def _tokens(live: Live, app: App) -> dict[str, str]:
    """The tokens of a separate authorization."""
    scope = f"{SCOPE} readmeasurements writemeasurements"
    requested = {
        "client_id": app.id,
        "response_type": "code",
        "scope": scope,
        "redirect_uri": CALLBACK,
    }
    back = await live.allow(f"/api/v2/oauth/authorize?{urlencode(requested)}")
    (code,) = parse_qs(urlsplit(back).query)["code"]
    response = await live.browser().post(
        "/api/v2/oauth2/access_token",
        data={"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK},
        auth=app.auth,
    )
    found: dict[str, str] = response.json()
    return found


async def _schemathesis(
    live: Live, folder: Path, lifelike: dict[str, str | None]
) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")),
        *("--config-file", str(folder / "schemathesis.toml")),
        *("run", f"{live.address}/api/openapi.json"),
        *("--checks", ",".join(_CHECKS), "--max-examples", "12", "--seed", _SEED),
        *("--exclude-operation-id-regex", "Alias$"),  # the same endpoints
        *("--max-redirects", "0", "--request-timeout", "30", "--generation-database", "none"),
        *("--report", "har", "--report-har-path", str(folder / "seen.har"), "--no-color"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "lifelike",
            "PYTHONPATH": str(Path(__file__).parent),
            "LIFELIKE": json.dumps(lifelike),
        },
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


def _statuses(har: Path) -> Counter[tuple[str, int]]:
    """How often the last step of a path was answered with a status."""
    entries = json.loads(har.read_text())["log"]["entries"]
    return Counter(
        (urlsplit(each["request"]["url"]).path.rpartition("/")[2], each["response"]["status"])
        for each in entries
    )
