"""docs/operator/install.md: the wheel alone is the server, without the repository.

It is built once, for all that has to be in it. Its libraries are those of this environment; the
package is not.
"""

import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import httpx
import pytest

from support.guides import ROOT

pytestmark = pytest.mark.slow

SHIPPED = (
    "quantimodo/examples/python-requests/.env.example",
    "quantimodo/examples/python-requests/example.toml",
    "quantimodo/examples/python-requests/measurements.py",
    "quantimodo/guides/examples/python-requests/index.html",
    "quantimodo/py.typed",
    "quantimodo/guides/operator/install/index.html",
    "quantimodo/guides/search/search_index.json",
    "quantimodo/i18n/locales/de/quantimodo.mo",
    "quantimodo/pages/swagger_ui/LICENSE",
    "quantimodo/pages/swagger_ui/swagger-ui-bundle.js.gz",
    "quantimodo/pages/templates/sign_in.html",
    "quantimodo/storage/migrations/both/0002_reference_data.sql",
    "quantimodo/storage/migrations/postgres/0001_initial_schema.sql",
    "quantimodo/storage/migrations/sqlite/0001_initial_schema.sql",
)
# Address, language, and what a file in the wheel puts there.
PAGES = (
    ("/health/ready", "en", "ok"),
    ("/sign-up", "en", "Sign up"),
    ("/sign-up", "de", "Registrieren"),
    ("/docs", "en", "/api/v2/oauth2/access_token"),
    ("/docs/swagger-ui/swagger-ui-bundle.js", "en", "SwaggerUIBundle"),
    ("/guides/operator/install/", "en", "systemd"),
)


def _run(*command: str | Path, folder: Path) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        timeout=150,
    )
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program in a fresh environment in which the wheel was installed."""
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, folder=ROOT)
    (wheel,) = folder.glob("*.whl")
    fresh = folder / "fresh"
    _run(sys.executable, "-m", "venv", "--without-pip", fresh, folder=folder)
    pip = (sys.executable, "-m", "pip", "--python", fresh / "bin" / "python")
    _run(*pip, "install", "--quiet", "--no-index", "--no-deps", wheel, folder=folder)
    # A plain line adds the folder, and not the editable installations in it.
    (places,) = fresh.glob("lib/python*/site-packages")
    (places / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return fresh / "bin" / "quantimodo"


def test_the_wheel_has_all_files_of_the_server(installed: Path) -> None:
    (places,) = installed.parents[1].glob("lib/python*/site-packages")
    assert [name for name in SHIPPED if not (places / name).is_file()] == []
    package = places / "quantimodo"
    sources = {
        path.relative_to(ROOT / "src" / "quantimodo").as_posix()
        for path in (ROOT / "src" / "quantimodo").rglob("*")
        if path.is_file() and not {"guides", "__pycache__"} & set(path.parts)
    }
    assert {name for name in sources if not (package / name).is_file()} == set()
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert _run(installed, "--version", folder=installed.parent) == f"quantimodo {version}\n"


def test_the_wheel_serves_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    server = subprocess.Popen(
        [installed, "serve", "--port", "0"],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "QUANTIMODO_DEVELOPMENT": "true"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        banner = ""
        while "Ctrl-C" not in banner and (line := server.stdout.readline()):
            banner += line
        found = re.search(r"at (http://\S+)", banner)
        assert found, banner
        with httpx.Client(base_url=found[1], trust_env=False, timeout=60) as client:
            for path, language, text in PAGES:
                response = client.get(path, headers={"accept-language": language})
                assert response.status_code == 200, path
                assert text in response.text, (path, language)
            style = re.search(r'href="(/static/[^"]+\.css[^"]*)"', client.get("/sign-up").text)
            assert style
            assert client.get(style[1]).status_code == 200
        loaded = Path(f"/proc/{server.pid}/cmdline").read_bytes().split(b"\0")[0]
        assert Path(loaded.decode()).parent == installed.parent
    finally:
        server.terminate()
        assert server.wait(60) == 0
        server.stdout.close() if server.stdout else None
