"""What the client's README, its page in the docs and its notebook show runs as printed, against a
live server."""

import ast
import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from matplotlib import pyplot
from terminal_user import TerminalUser

import swagger_client
from support.app import App
from support.live_server import Live
from swagger_client import MeasurementSet, NewMeasurement
from swagger_client.command.main import main
from swagger_client.session import OAuthSession

CLIENT = Path(__file__).parents[2] / "clients" / "python"
README = CLIENT / "README.md"
PAGE = CLIENT.parents[1] / "docs" / "developer" / "python-client.md"
NOTEBOOK = CLIENT / "docs" / "measurements.ipynb"
CALLBACK = "http://127.0.0.1/callback"

pytestmark = pytest.mark.slow


@pytest.fixture
async def app(live: Live) -> App:
    """An app as the README has it registered, and a person."""
    await live.person()
    return await live.app(CALLBACK, public=True)


@pytest.fixture
async def browser(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser of this machine: its person says yes."""
    loop = asyncio.get_running_loop()

    async def browser_request(url: str) -> None:
        await live.browser().get(await live.allow(url))

    class Browser(webbrowser.BaseBrowser):
        def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
            asyncio.run_coroutine_threadsafe(browser_request(url), loop)
            return True

    monkeypatch.setattr(webbrowser, "_tryorder", ["of-the-test"])
    monkeypatch.setattr(webbrowser, "_browsers", {"of-the-test": [None, Browser()]})


def blocks(language: str, document: Path = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", document.read_text("utf-8"), re.M | re.S)


def run(code: str, left: dict[str, Any]) -> str:
    """Runs it as a cell or a script: what it prints."""
    printed = StringIO()
    with redirect_stdout(printed):
        exec(compile(code, "shown", "exec"), left)  # noqa: S102 - our own documents
    return printed.getvalue()


async def test_the_readme_runs_as_printed(
    live: Live,
    app: App,
    browser: None,
    tmp_path: Path,
    settings: swagger_client.Configuration,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    settings.api_client = None
    left: dict[str, Any] = {"__name__": "__main__"}
    outputs = []
    for block in blocks("python"):
        code = block.replace("https://id.example.org", live.address)
        outputs.append(await asyncio.to_thread(run, code.replace("your-client-id", app.id), left))
    left["session"].close()
    first, _, _, newest, table, fault, as_in_2016 = outputs
    assert "Signed in as Ann Example" in first
    assert first.endswith("2026-11-23 07:00:00+00:00 Sleep Quality 4.0 /5\n")
    assert newest == "Sleep Quality 4.0\n"
    assert "mean     4.0" in table
    assert fault == "404 Not Found\n"
    assert as_in_2016.startswith("Ann Example\n[Variable({")
    assert left["request"].url.startswith(live.address)


def test_the_readme_holds_for_a_checker_of_types(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("\n".join([*blocks("python"), *blocks("python", PAGE)]))
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    environment = {**os.environ, "MYPYPATH": str(CLIENT / "src")}
    done = subprocess.run(
        [*command, str(program)], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


async def test_the_program_of_the_page_runs_as_printed(
    live: Live, app: App, browser: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    await asyncio.to_thread(record, live, app, [datetime(2026, 11, 23, 7, tzinfo=UTC)])
    (block,) = blocks("python", PAGE)
    code = block.replace("https://id.example.org", live.address)
    code = code.replace("your-client-id", app.id)
    for signs_in in (True, False):  # the second time by the tokens of the first
        *before, sleep, mood = (await asyncio.to_thread(run, code, {})).splitlines()
        assert [live.address in line for line in before] == [True] * signs_in
        assert sleep == "2026-11-23 07:00:00+00:00 Sleep Duration 7.5"
        assert mood == "2026-11-23 07:00:00+00:00 Overall Mood 2.0"


@pytest.mark.parametrize("document", [README, PAGE], ids=["readme", "page"])
async def test_the_commands_run_as_printed(
    live: Live,
    app: App,
    browser: None,
    user: TerminalUser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    document: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moods.csv").write_text(
        "variable,value,startTime,unit\nOverall Mood,3,2026-11-23T12:00:00Z,/5\n"
    )
    user.now = live.context.clock.now().timestamp()
    user.browser = webbrowser.open
    outputs = []
    for line in "".join(blocks("sh", document)).splitlines():
        command = line.replace("https://id.example.org", live.address)
        words = shlex.split(command.replace("your-client-id", app.id))
        if words[:1] == ["export"]:
            user.environment |= dict(word.split("=", 1) for word in words[1:])
        if words[:1] == ["quantimodo-client"]:
            assert await asyncio.to_thread(user.run, *words[1:]) == 0, user.err
            outputs.append(user.out)
    assert outputs[0] == f"Signed in as Ann Example <ann@example.org> at {live.address}\n"
    if document == PAGE:
        assert outputs[-1].endswith("Sleep Quality  4 /5\n")
    else:
        assert len(outputs) == 8
        assert "slept like a stone" in (tmp_path / "mine.csv").read_text()
        assert outputs[-1] == "Signed out.\n"


def test_the_commands_of_the_readme_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    requested = [line.split()[1:] for line in lines if line.startswith("quantimodo-client ")]
    assert len(requested) == 8
    for words in requested:
        named = words[: 1 + (words[0] == "measurements")]
        with pytest.raises(SystemExit) as ended:
            main([*named, "--help"])
        assert ended.value.code == 0
        command = capsys.readouterr().out
        assert [word for word in words if word.startswith("--") and word not in command] == []


# -------------------------------------------------------------------- the notebook


def cells() -> Iterator[str]:
    for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            yield "".join(cell["source"])


def test_the_notebook_is_clean() -> None:
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
            ast.parse("".join(cell["source"]), feature_version=(3, 9))


async def test_the_notebook_signs_in_reads_and_plots(
    live: Live, app: App, browser: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [datetime.now(UTC) - timedelta(days=ago) for ago in range(30)]
    await asyncio.to_thread(record, live, app, days)
    monkeypatch.setenv("QM_SERVER", live.address)
    monkeypatch.setenv("QM_CLIENT_ID", app.id)
    pyplot.switch_backend("agg")
    left: dict[str, Any] = {"__name__": "__main__"}
    printed = "".join([await asyncio.to_thread(run, cell, left) for cell in cells()])
    assert printed.endswith("Signed in as Ann Example\n")
    assert len(left["table"]) == 33
    dots, mean = left["axes"].lines
    assert len(dots.get_xdata()) == 30
    assert [float(value) for value in mean.get_ydata()][-1] == pytest.approx(3.0, abs=0.5)
    assert left["axes"].get_title() == "Overall Mood"
    assert left["axes"].get_ylabel() == "/5"
    assert left["session"].token is None
    left["session"].close()
    pyplot.close(left["figure"])


def record(live: Live, app: App, days: list[datetime]) -> None:
    moods = [NewMeasurement(day, 2 + number % 3) for number, day in enumerate(days)]
    sleep = [NewMeasurement(day, 7.5) for day in days[:3]]
    with OAuthSession(app.id, server=live.address, scope="writemeasurements") as session:
        session.sign_in(show=lambda _: None)
        session.add_measurements(
            [
                MeasurementSet("Overall Mood", moods, abbreviated_unit_name="/5"),
                MeasurementSet("Sleep Duration", sleep, abbreviated_unit_name="h"),
            ]
        )
        session.sign_out()
