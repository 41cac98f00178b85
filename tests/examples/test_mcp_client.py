"""examples/mcp-client: an agent with the official MCP SDK, which signs its person in."""

import json
from pathlib import Path

import pytest

from support.example_runs import ExamplePerson, SetUp, set_up
from support.live_server import Live

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.node]


async def run(
    made: SetUp, person: ExamplePerson, *arguments: str, ticks: bool = False
) -> tuple[int | None, str]:
    """Run the agent, and open each address that it prints; its exit code and output. `ticks`:
    the person allows the agent to add measurements, which is off on the consent page at first."""
    site, lines = made.live, list[str]()
    async with made.running("npm", "start", "--", *arguments) as process:
        assert process.stdout is not None
        async for line in process.stdout:
            lines.append(line.decode())
            if lines[-1].startswith("Open "):
                address = lines[-1].split()[1]
                if ticks:
                    scope = f"{site.address}/mcp#0:writemeasurements"
                    address = await site.allow(address, person.email, scope=scope)
                lines.append((await person.open(address)).text)
        await process.wait()
        return process.returncode, "".join(lines)


NAP = ("add", "Nap", "20", "min", "Sleep")


async def test_it_signs_in_uses_tools_refreshes_and_signs_out(
    site: Live, person: ExamplePerson, npm_folder: Path
) -> None:
    made = await set_up(site, "mcp-client", npm_folder)
    store = made.folder / ".signed-in.json"
    code, output = await run(made, person, *NAP)
    assert "go back to the agent" in output
    assert (code, "Refused: the person did not allow this" in output) == (1, True), output
    assert store.stat().st_mode & 0o777 == 0o600
    first = store.read_text()

    code, output = await run(made, person, "sign-out")
    assert (code, "Signed out." in output) == (0, True), output
    assert not store.exists()

    code, output = await run(made, person, *NAP, ticks=True)
    assert (code, "Recorded 20 min of Nap." in output) == (0, True), output

    stored = json.loads(store.read_text())
    stored["tokens"]["access_token"] = "none-of-this-server"
    store.write_text(json.dumps(stored))
    code, output = await run(made, person)
    assert code == 0, output
    assert "Open " not in output, "refreshed"
    assert "Variables: 1\n  Nap in min: 1 measurements" in output
    assert "Nap: 20 min" in output

    store.write_text(first)
    person.decision = "deny"
    code, output = await run(made, person)
    assert "Open " in output, "the first tokens are revoked, so the person is asked again"
    assert (code, "Refused: access_denied: " in output) == (1, True), output
