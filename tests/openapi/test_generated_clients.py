"""openapi-generator makes clients for Python and TypeScript from the document of a live server;
they compile, and run the main flow there. Needs Java, and `scripts/openapi-generator`."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from quantimodo.model.users import User
from support.app import CALLBACK, CHALLENGE, VERIFIER
from support.live_server import Live

pytestmark = [pytest.mark.node, pytest.mark.slow]

HERE = Path(__file__).parent
JAR = HERE.parents[1] / ".venv" / "share" / "openapi-generator-cli.jar"
TSC = HERE.parent / "node" / "node_modules" / "typescript" / "bin" / "tsc"
SCOPE = "basic openid email offline_access readmeasurements writemeasurements"


async def test_a_generated_python_client_does_the_main_job(live: Live, tmp_path: Path) -> None:
    person = await live.person()
    given = await _given(live)
    await _generate(live, "python", tmp_path / "made", tmp_path)
    shutil.copy(HERE / "generated" / "client.py", tmp_path / "work.py")
    # Every module of it compiles, also those that the job does not need.
    await _run(sys.executable, "-m", "compileall", "-q", str(tmp_path / "made"))
    output = await _run(
        *(sys.executable, "-W", "error", str(tmp_path / "work.py")),
        stdin=json.dumps(given),
        PYTHONPATH=str(tmp_path / "made"),
    )
    _check(json.loads(output), person)


async def test_a_generated_typescript_client_does_the_main_job(live: Live, tmp_path: Path) -> None:
    person = await live.person()
    given = await _given(live)
    await _generate(live, "typescript-fetch", tmp_path / "client", tmp_path)
    shutil.copy(HERE / "generated" / "client.ts", tmp_path / "work.ts")
    (tmp_path / "package.json").write_text('{"type": "commonjs"}')
    await _run(
        *("node", str(TSC), "--strict", "--skipLibCheck", "--target", "es2022"),
        *("--module", "commonjs", "--moduleResolution", "node10"),
        *("--lib", "es2022,dom,dom.iterable", str(tmp_path / "work.ts")),
    )
    _check(json.loads(await _run("node", str(tmp_path / "work.js"), json.dumps(given))), person)


def _check(found: dict[str, Any], person: User) -> None:
    assert found == {
        "person": person.id,
        "subject": person.subject,
        "email": person.email,
        "added": True,
        "total": 2,
        "listed": [1_439_389_380],
        "changed": 4,
        "counted": 2,
        "lines": 3,
        "active": True,
        "refused": [401, "invalid_token"],
        "first key": "RS256",
    }


async def _given(live: Live) -> dict[str, str | None]:
    """An app, and the code of an authorization."""
    app = await live.app(CALLBACK)
    requested = {
        "client_id": app.id,
        "response_type": "code",
        "scope": SCOPE,
        "redirect_uri": CALLBACK,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    back = await live.allow(f"/api/v2/oauth/authorize?{urlencode(requested)}")
    return {
        "issuer": live.address,
        "client_id": app.id,
        "client_secret": app.secret,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        "code": parse_qs(urlsplit(back).query)["code"][0],
    }


async def _generate(live: Live, generator: str, folder: Path, scratch: Path) -> None:
    document = scratch / "openapi.json"
    document.write_text((await live.browser().get("/api/openapi.json")).text)
    await _run(
        *("java", "-XX:TieredStopAtLevel=1", "-jar", str(JAR), "generate", "--input-spec"),
        *(str(document), "--generator-name", generator, "--output", str(folder)),
        *("--global-property", "apis,models,supportingFiles,apiTests=false,modelTests=false"),
    )


async def _run(*command: str, stdin: str = "", **environment: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    out, err = await process.communicate(stdin.encode())
    assert process.returncode == 0, out.decode() + err.decode()
    return out.decode()
