"""examples/python-requests: a command that signs in through the browser and keeps the sign-in."""

import json
import sys
from pathlib import Path

import pytest

from support.example_runs import ExamplePerson, SetUp, set_up
from support.live_server import Live

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def run(made: SetUp, person: ExamplePerson, *arguments: str) -> tuple[int | None, str]:
    """Run the command, and open each address that it prints; its exit code and output."""
    lines = []
    async with made.running(sys.executable, "measurements.py", *arguments) as process:
        assert process.stdout is not None
        async for line in process.stdout:
            lines.append(line.decode())
            if lines[-1].startswith("Open "):
                lines.append((await person.open(lines[-1].split()[1])).text)
        await process.wait()
        return process.returncode, "".join(lines)


async def test_it_signs_in_once_refreshes_and_signs_out(
    site: Live, person: ExamplePerson, tmp_path: Path
) -> None:
    made = await set_up(site, "python-requests", tmp_path)
    code, output = await run(made, person)
    assert code == 0, output
    assert "return to the terminal" in output
    assert "Signed in as Ann Example" in output
    assert "0 measurements in all" in output
    store = made.folder / "tokens.json"
    assert store.stat().st_mode & 0o777 == 0o600
    first = json.loads(store.read_text())

    code, output = await run(made, person)
    assert (code, output.startswith("Signed in as Ann Example")) == (0, True), output
    second = json.loads(store.read_text())
    assert first["refresh_token"] != second["refresh_token"]

    code, output = await run(made, person, "sign-out")
    assert code == 0, output
    assert "You are signed out" in output
    assert not store.exists()
    store.write_text(json.dumps(second))
    code, output = await run(made, person)
    assert code == 1
    assert "invalid_grant: " in output
    assert f"See {site.address}/guides/developer/errors/#" in output
    assert not store.exists()


async def test_a_person_who_cancels_ends_the_command_with_the_reason(
    site: Live, person: ExamplePerson, tmp_path: Path
) -> None:
    made = await set_up(site, "python-requests", tmp_path)
    person.decision = "deny"
    code, output = await run(made, person)
    assert code == 1
    assert "access_denied: " in output
    assert not (made.folder / "tokens.json").exists()
