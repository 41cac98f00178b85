"""The wheel installs alone and works: in a fresh environment of this Python, and of the oldest.

The oldest is the oldest of this machine that the client is for; where there is no 3.9, it is the
next one. What `scripts/client-wheels` fetched is all that the client depends on.
"""

import ast
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import dedent

import pytest
from recorded_server import RecordedResponse, RecordedServer
from session_driver import ME, MEASUREMENTS, REVOKE_PATH, TOKEN_PATH, stored_token, tokens

from support.checks import not_empty
from swagger_client.session import FileStore

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients" / "python"
WHEELS = ROOT / ".venv" / "client-wheels"
OLDEST = (3, 9)
NEWEST = (3, 20)
PERSON = {"id": 42, "displayName": "Ann"}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

VISIT = dedent(
    """
    import asyncio, importlib, pkgutil, sys
    import swagger_client
    from swagger_client.session import AsyncOAuthSession, FileStore, OAuthSession
    from swagger_client.rest import ApiException

    for module in pkgutil.walk_packages(swagger_client.__path__, "swagger_client."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    assert "quantimodo" not in sys.modules
    server, folder = sys.argv[1:]
    swagger_client.configuration.host = server + "/api"
    api = swagger_client.AuthenticationApi()
    try:
        api.v2_auth_social_login_get("http://127.0.0.1/", "google")
    except ApiException as fault:
        assert fault.status == 404, fault
    assert "code_verifier" in str(__import__("inspect").signature(api.v2_oauth2_access_token_get))
    seen = []
    swagger_client.UserApi().v1_user_me_get(callback=seen.append).join()
    assert seen[0].id == 42

    try:
        OAuthSession("some-client", server=server, dpop=True)
    except ImportError as fault:
        assert "quantimodo-client[dpop]" in str(fault)

    store = FileStore(folder + "/tokens.json")
    with OAuthSession("some-client", server=server, store=store) as session:
        assert session.authorization_url().url.startswith(server)
        assert session.refresh().access_token.endswith("-2")
        assert session.me().display_name == "Ann"

    async def go():
        async with AsyncOAuthSession("some-client", server=server, store=store) as session:
            return await asyncio.gather(*(session.me() for _ in range(5)))

    assert [person.id for person in asyncio.run(go())] == [42] * 5
    print("all is well")
    """
)

# Instead of a browser: the person agrees at once, and is sent back.
BROWSER = dedent(
    """
    import sys
    from urllib.parse import parse_qs, urlencode, urlsplit
    from urllib.request import urlopen

    parts = urlsplit(sys.argv[1])
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    server = f"{parts.scheme}://{parts.netloc}"
    answer = urlencode({"code": "qmc_fake", "state": asked["state"], "iss": server})
    urlopen(asked["redirect_uri"] + "?" + answer).read()
    """
)


def pythons() -> dict[str, str]:
    """This Python, and the oldest of the machine that the client is for."""
    for minor in range(OLDEST[1], NEWEST[1]):
        pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
        made = sorted(pyenv.glob(f"{OLDEST[0]}.{minor}.*/bin/python"))
        for candidate in (*map(str, made), f"python{OLDEST[0]}.{minor}"):
            try:
                subprocess.run([candidate, "-c", "import venv"], check=True, capture_output=True)
            except (OSError, subprocess.CalledProcessError):
                continue
            return {"this": sys.executable, f"3.{minor}": candidate}
    return {"this": sys.executable}


PYTHONS = pythons()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=CLIENT, check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module", params=PYTHONS)
def fresh(
    request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """An environment with the wheel, what it depends on, and nothing else; its `bin`."""
    place = tmp_path_factory.mktemp("fresh") / "environment"
    python = PYTHONS[request.param]
    subprocess.run([python, "-m", "venv", str(place)], check=True, capture_output=True)
    assert WHEELS.is_dir(), "first run: scripts/client-wheels"
    pip = [str(place / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install"]
    done = run([*pip, "--no-index", "--find-links", str(WHEELS), str(wheel)])
    assert done.returncode == 0, done.stderr
    return place / "bin"


def run(
    command: Sequence[str], environment: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_the_oldest_python_is_among_them() -> None:
    """Elsewhere the wheel is tried on the next one, and the report says that this was skipped."""
    oldest = PYTHONS.get(".".join(map(str, OLDEST)))
    if oldest is None:
        pytest.skip("there is no Python 3.9 here, neither by pyenv nor as python3.9")
    assert run([oldest, "--version"]).stdout.startswith("Python 3.9.")


def test_it_holds_the_client_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = [name for name in names if name.endswith("METADATA")]
        output = archive.read(metadata).decode()
    assert {name.partition("/")[0] for name in names} == {
        "swagger_client",
        f"{wheel.name.partition('-py3')[0]}.dist-info",
    }
    assert "swagger_client/py.typed" in names
    assert not [name for name in names if "__pycache__" in name]
    assert "Requires-Python: >=3.9" in output
    assert [line for line in output.splitlines() if line.startswith("Provides-Extra")] == [
        "Provides-Extra: dpop",
        "Provides-Extra: keyring",
        "Provides-Extra: pandas",
        "Provides-Extra: qr",
    ]
    needed = [line for line in output.splitlines() if line.startswith("Requires-Dist")]
    assert [line for line in needed if "extra ==" not in line] == [
        "Requires-Dist: httpx<0.29,>=0.28"
    ]


def test_it_works_alone(fresh: Path, tmp_path: Path, recorded_server: RecordedServer) -> None:
    recorded_server.on(ME, RecordedResponse(body=PERSON))
    recorded_server.on(TOKEN_PATH, RecordedResponse(body=tokens(2)))
    script = tmp_path / "visit.py"
    script.write_text(VISIT)
    FileStore(tmp_path / "tokens.json").save(stored_token(lifetime=10**9))
    python = [str(fresh / "python"), "-W", "error", "-I"]
    done = run([*python, str(script), recorded_server.address, str(tmp_path)])
    assert done.stdout == "all is well\n", done.stderr


def test_its_command_works_alone(
    fresh: Path, wheel: Path, tmp_path: Path, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, RecordedResponse(body=PERSON))
    recorded_server.on(TOKEN_PATH, RecordedResponse(body=tokens()))
    recorded_server.on(REVOKE_PATH, RecordedResponse())
    mood = {"id": 1, "variable": "Mood", "startTime": 0, "value": 3, "unit": "/5"}
    recorded_server.on(MEASUREMENTS, RecordedResponse(body=[mood]))
    recorded_server.on("/api/v2/measurements/csv", RecordedResponse(body=b"variable,value\n"))
    browser = tmp_path / "browser.py"
    browser.write_text(BROWSER)
    environment = {
        "QM_CLIENT_FOLDER": str(tmp_path / "config"),
        "BROWSER": f"{sys.executable} {browser} %s &",
        "PYTHONWARNINGS": "error",
    }

    def command(*words: str) -> "subprocess.CompletedProcess[str]":
        return run([str(fresh / "quantimodo-client"), *words], environment)

    assert command("--version").stdout.strip() == wheel.name.split("-")[1]
    assert command("whoami").returncode == 3
    words = ("login", "--server", recorded_server.address, "--client-id", "some-client")
    assert command(*words).stdout == f"Signed in as Ann at {recorded_server.address}\n"
    assert json.loads(command("--json", "whoami").stdout)["id"] == 42
    assert command("measurements", "list").stdout.endswith("Mood  3 /5\n")
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("variable,value,time\nMood,3,2026-11-23T12:00:00Z\n")
    recorded_server.on(MEASUREMENTS, RecordedResponse(201, {}))
    assert command("measurements", "add", "Mood", "4").stdout == "Added.\n"
    assert command("measurements", "import", str(sheet)).stdout == "Imported 1 measurement.\n"
    assert command("measurements", "export").stdout == "variable,value\n"
    assert command("logout").stdout == "Signed out.\n"
    assert command("logout").returncode == 3


# -------------------------------------------------------------------- for older Pythons than this


def sources() -> Iterator[tuple[Path, ast.Module]]:
    """Parsed as Python 3.9 would. Nothing here needs one: for machines that have none."""
    for path in sorted(CLIENT.rglob("src/**/*.py")):
        yield path, ast.parse(path.read_text("utf-8"), feature_version=OLDEST)


def test_annotations_are_never_looked_at() -> None:
    for path, tree in not_empty(sources()):
        unions = [node for node in ast.walk(tree) if isinstance(node, ast.BinOp)]
        if any(isinstance(node.op, ast.BitOr) for node in unions):
            assert any(
                isinstance(node, ast.ImportFrom) and node.module == "__future__"
                for node in tree.body
            ), path


def test_nothing_is_used_that_came_with_later_pythons() -> None:
    """What 3.10 brought; mypy and ruff know of 3.11 and later by themselves."""
    later = {"pairwise", "aiter", "anext", "KW_ONLY", "EllipsisType", "NoneType", "UnionType"}
    arguments = {"slots", "kw_only", "strict"}
    typing = {"Concatenate", "ParamSpec", "TypeAlias", "TypeGuard"}
    for path, tree in not_empty(sources()):
        nodes = list(ast.walk(tree))
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        names |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        assert not names & later, path
        calls = [node for node in nodes if isinstance(node, ast.Call)]
        assert not arguments & {word.arg for call in calls for word in call.keywords}, path
        imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
        of_typing = [each for each in imports if each.module == "typing"]
        assert not typing & {alias.name for each in of_typing for alias in each.names}, path
        unions = [
            call.lineno
            for call in calls
            if getattr(call.func, "id", "") == "isinstance" and isinstance(call.args[1], ast.BinOp)
        ]
        assert unions == [], path


def test_its_types_hold_for_the_oldest_that_mypy_knows(tmp_path: Path) -> None:
    folder = tmp_path / "client"
    shutil.copytree(CLIENT, folder, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
