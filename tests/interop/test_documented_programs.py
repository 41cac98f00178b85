"""The programs of docs/developer/python.md and javascript.md, run as printed: with the address of
this server and the id of an app, and a person who pastes the address where the browser ended."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from support.code_blocks import CodeBlock, code_blocks
from support.live_server import Live

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALLBACK = "http://127.0.0.1:9000/callback"
_PATIENCE = 60  # seconds
_NODE = Path(__file__).parent.parent / "node"
# As the page says, for a server on the same machine.
_INSECURE = {"OAUTHLIB_INSECURE_TRANSPORT": "1"}
_PYTHON = [block for block in code_blocks("docs/developer/python.md") if block.language == "python"]


async def run(live: Live, email: str, program: str, *command: str | Path) -> str:
    """Run a program, which is the last argument of the command; the output after the person has
    pasted the address."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        program,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **_INSECURE, "PYTHONUNBUFFERED": "1"},
        cwd=_NODE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    async with asyncio.timeout(_PATIENCE):
        line = (await process.stdout.readline()).decode()
        assert line.startswith("Open http"), (line, await process.stderr.read())
        address = await live.allow(line.removeprefix("Open ").strip(), email)
        output, errors = await process.communicate(f"{address}\n".encode())
    assert process.returncode == 0, errors.decode()
    return output.decode()


def for_this_server(program: str, live: Live, client_id: str) -> str:
    for printed, real in (
        ("https://id.example.org", live.address),
        ("your-client-id", client_id),
    ):
        assert printed in program
        program = program.replace(printed, real)
    return program


@pytest.mark.parametrize("block", _PYTHON, ids=lambda block: str(block.start.split()[1]))
async def test_a_python_program_runs_as_printed(site: Live, block: CodeBlock) -> None:
    email = f"{block.start.split()[1]}@example.org"
    await site.person(email)
    app = await site.app(CALLBACK, public=True)
    program = for_this_server(block.text, site, app.id)
    output = await run(site, email, program, sys.executable, "-c")
    assert email in output


@pytest.mark.node
async def test_the_program_for_openid_client_runs_as_printed(site: Live) -> None:
    email = "openid-client@example.org"
    person = await site.person(email)
    app = await site.app(CALLBACK, public=True)
    program, on_this_machine = (
        block.text
        for block in code_blocks("docs/developer/javascript.md")
        if "client.discovery(" in block.text
    )
    secure = "const config = await client.discovery(server, clientId, undefined, client.None());\n"
    assert secure in program
    program = for_this_server(program.replace(secure, on_this_machine), site, app.id)
    output = await run(site, email, program, "node", "--input-type=module", "-e")
    assert f"signed in: {person.subject}" in output
    assert email in output
