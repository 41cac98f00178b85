"""examples/curl: a shell script that a person allows in another browser (RFC 8628)."""

import json
from pathlib import Path

import pytest

from support.example_runs import ExamplePerson, SetUp, set_up
from support.live_server import Live

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def run(
    made: SetUp, person: ExamplePerson, decision: str, *arguments: str
) -> tuple[int | None, str]:
    """Run the script, and decide at the address that it prints; its exit code and output."""
    lines = []
    async with made.running("./measurements.sh", *arguments) as process:
        assert process.stdout is not None
        async for line in process.stdout:
            lines.append(line.decode())
            if lines[-1].startswith("Open "):
                address = lines[-1].split()[1]
                code = address.partition("user_code=")[2]
                page = await person.open(address)
                page = await person.submit(page, "/device", {"user_code": code})
                await person.submit(page, "/device/confirm", {"decision": decision})
        await process.wait()
        return process.returncode, "".join(lines)


async def test_a_person_allows_it_once_and_it_stays_signed_in(
    site: Live, person: ExamplePerson, tmp_path: Path
) -> None:
    made = await set_up(site, "curl", tmp_path)
    code, output = await run(made, person, "continue")
    assert code == 0, output
    assert output.endswith("Signed in as Ann Example\n"), output
    store = made.folder / "tokens.json"
    assert store.stat().st_mode & 0o777 == 0o600
    first = json.loads(store.read_text())

    code, output = await run(made, person, "")
    assert (code, output) == (0, "Signed in as Ann Example\n")
    second = json.loads(store.read_text())
    assert first["refresh_token"] != second["refresh_token"]

    code, output = await run(made, person, "", "sign-out")
    assert (code, output) == (0, "Signed out\n")
    store.write_text(json.dumps(second))
    code, output = await run(made, person, "")
    assert code == 1
    assert "invalid_grant: " in output
    assert f"See {site.address}/guides/developer/errors/#" in output
    assert not store.exists()


async def test_a_person_who_refuses_the_device_ends_the_script(
    site: Live, person: ExamplePerson, tmp_path: Path
) -> None:
    made = await set_up(site, "curl", tmp_path)
    code, output = await run(made, person, "refuse")
    assert code == 1, output
    assert "access_denied: " in output
    assert not (made.folder / "tokens.json").exists()
