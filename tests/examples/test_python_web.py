"""examples/flask, examples/fastapi and examples/django: web applications with Authlib."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from support.example_runs import SetUp, new_person, set_up
from support.live_server import Live, open_live

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def short_lived(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    """A server of which Authlib takes each access token for expired: it refreshes a minute
    before the end."""
    folder = tmp_path_factory.mktemp("short-lived")
    async with open_live(folder, tokens__access_lifetime="1m") as opened:
        yield opened


@asynccontextmanager
async def started(live: Live, name: str, folder: Path, **changes: str) -> AsyncIterator[SetUp]:
    """The project, listening."""
    made = await set_up(live, name, folder)
    settings = made.folder / ".env"
    for old, new in changes.items():
        text = settings.read_text()
        settings.write_text(f"{text}\n{old}={new}\n")
    if name == "django":
        migrate = [sys.executable, "manage.py", "migrate"]
        subprocess.run(
            migrate, cwd=made.folder, env=made.variables(), check=True, capture_output=True
        )
        address = f"127.0.0.1:{made.port}"
        command = [sys.executable, "manage.py", "runserver", "--noreload", address]
    else:
        command = [sys.executable, "app.py"]
    async with made.serving(*command):
        yield made


@pytest.mark.parametrize("name", ["flask", "fastapi", "django"])
async def test_a_person_signs_in_reads_measurements_and_signs_out(
    short_lived: Live, tmp_path: Path, name: str
) -> None:
    async with new_person(short_lived) as person, started(short_lived, name, tmp_path) as made:
        page = await person.open(f"{made.origin}/")
        assert "Sign in with quantimodo" in page.text
        page = await person.open(f"{made.origin}/sign-in")
        assert page.status_code == 200, made.log()
        assert "Hello, Ann Example" in page.text
        assert "No measurements" in page.text
        # Each call of the API refreshed: the access token of before is a minute old at most.
        page = await person.open(f"{made.origin}/")
        assert "Hello, Ann Example" in page.text, made.log()
        page = await person.submit(page, "/sign-out")
        assert str(page.url).startswith(f"{made.origin}/"), made.log()
        assert "Sign in with quantimodo" in page.text
        assert (await person.browser.get(f"{short_lived.address}/account")).status_code == 303


@pytest.mark.parametrize("name", ["flask", "fastapi", "django"])
async def test_a_refusal_is_a_page_with_its_reason(
    short_lived: Live, tmp_path: Path, name: str
) -> None:
    wrong = {"QUANTIMODO_CLIENT_SECRET": "not-the-secret"}
    async with (
        new_person(short_lived) as person,
        started(short_lived, name, tmp_path, **wrong) as made,
    ):
        person.decision = "deny"
        page = await person.open(f"{made.origin}/sign-in")
        assert page.status_code == 400
        assert "access_denied" in page.text
        person.decision = "allow"
        page = await person.open(f"{made.origin}/sign-in")
        assert page.status_code == 400
        assert "invalid_client" in page.text
        assert "Hello" not in page.text
