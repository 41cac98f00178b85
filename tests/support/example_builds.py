"""Projects of `examples/` that a toolchain compiles, in their copies: the source tree stays clean.

What toolchains download and compile stays in their usual folders in the home of the user, so only
the first run takes long. Where a toolchain or its registry cannot be had, the test is skipped with
the reason.
"""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import apsw
import pytest

from support.app import file_of
from support.example_runs import SetUp
from support.live_server import Live, open_live

_PATIENCE = 600  # seconds, for the downloads of the first run
_UNREACHABLE = re.compile(
    r"dial tcp|no such host|connection refused|i/o timeout|Could not transfer artifact"
    r"|Unknown host|module lookup disabled|toolchain not available|offline mode",
    re.IGNORECASE,
)
_KEPT = Path.home() / ".cache" / "quantimodo-tests"
_MAVEN = ("mvn", "--batch-mode", "--quiet")
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><packaging>pom</packaging>
<groupId>org.example</groupId><artifactId>tools</artifactId><version>1</version>
<dependencies>{dependencies}</dependencies></project>"""
_ALONE = (
    "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>"
)
_OLD_GO = re.compile(r"requires go >= |invalid go version|unknown directive: toolchain")


async def build_go(made: SetUp) -> None:
    """Compile the Go project to `quantimodo-go` in its folder."""
    await _build(made.folder, "go", "build", "-o", "quantimodo-go", ".")


async def installed_go(package: str, version: str, name: str) -> Path:
    """A published command, as `go install` makes it; compiled once, and kept for later runs."""
    folder = _KEPT / version
    if not (folder / name).exists():
        folder.mkdir(parents=True, exist_ok=True)
        await _build(folder, "go", "install", f"{package}@{version}", GOBIN=str(folder))
    return folder / name


async def build_maven(made: SetUp) -> None:
    """Package the Maven project. Without the network first: a look at the registry for each file
    takes longer than the build."""
    code, _ = await run_tool(made.folder, *_MAVEN, "-DskipTests", "--offline", "package")
    if code:
        await _build(made.folder, *_MAVEN, "-DskipTests", "package")


async def tool_libraries(name: str, artifacts: Sequence[str], without: Sequence[str]) -> Path:
    """A folder with these artifacts (`group:name:version:type`) and what they need, kept for later
    runs. Of the artifacts `without` it has no dependencies."""
    wanted = _POM.format(dependencies="".join(_dependency(each, without) for each in artifacts))
    folder = _KEPT / f"{name}-{sha256(wanted.encode()).hexdigest()[:12]}"
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pom.xml").write_text(wanted)
        await _build(folder, *_MAVEN, _COPY, f"-DoutputDirectory={folder}")
        (folder / "complete").touch()
    return folder


def _dependency(artifact: str, without: Sequence[str]) -> str:
    group, name, version, kind = artifact.split(":")
    parts = {"groupId": group, "artifactId": name, "version": version, "type": kind}
    fields = "".join(f"<{tag}>{text}</{tag}>" for tag, text in parts.items())
    return f"<dependency>{fields}{_ALONE if f'{group}:{name}' in without else ''}</dependency>"


async def _build(folder: Path, *command: str, **variables: str) -> None:
    code, output = await run_tool(folder, *command, **variables)
    if code and _UNREACHABLE.search(output):
        pytest.skip(f"the registry of {command[0]} cannot be reached: {output[-300:]}")
    if code and _OLD_GO.search(output):
        pytest.skip(f"this Go is too old: {output[-300:]}")
    assert code == 0, output


async def run_tool(folder: Path, *command: str, **variables: str) -> tuple[int, str]:
    """The exit code and the output of a command that runs in the folder."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, **variables},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode is not None
    return process.returncode, output.decode("utf-8", "replace")


async def register_logout_uri(made: SetUp, path: str) -> None:
    """Register the address at which the application receives logouts of its people."""
    clients = made.live.context.stores.clients
    client = await clients.client(made.app.id)
    assert client is not None
    metadata = replace(client.metadata, backchannel_logout_uri=made.origin + path)
    assert await clients.replace_client(replace(client, metadata=metadata))


def refresh_count(live: Live) -> int:
    """How many refresh tokens the server has stored: each refresh adds one."""
    with closing(apsw.Connection(str(file_of(live.context.settings)))) as database:
        rows = list(database.execute("SELECT count(*) FROM refresh_tokens"))
        return int(str(rows[0][0]))


@asynccontextmanager
async def open_with_short_tokens(folder: Path, app_port: int) -> AsyncIterator[Live]:
    """A server whose access tokens are so short-lived that libraries refresh before each call. It
    notifies an application at this port of this machine of logouts."""
    hosts = f"127.0.0.1:{app_port}"
    async with open_live(
        folder, tokens__access_lifetime="9s", insecure_private_app_hosts=hosts
    ) as opened:
        yield opened
