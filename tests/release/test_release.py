"""A release: what it has is made twice with the same bytes, installs, and names its parts.

The workflow itself runs on GitHub alone; here its steps are read, and its script is run.
"""

import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # it builds everything twice


def load_script() -> Any:
    loader = SourceFileLoader("release", str(ROOT / "scripts" / "release"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


release = load_script()


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a release of the newest commit has. The script fails if two builds differ."""
    folder = tmp_path_factory.mktemp("release") / "dist"
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "release"), "--dry-run", "--dist", str(folder)],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_a_release_has_its_files_and_their_checksums(dist: Path) -> None:
    version = release.version_of(ROOT)
    names = {path.name for path in dist.iterdir()}
    assert names == {
        f"quantimodo-{version}-py3-none-any.whl",
        f"quantimodo-{version}.tar.gz",
        f"quantimodo-{version}.cdx.json",
        "SHA256SUMS",
        "NOTES.md",
    }
    lines = [line.split("  ") for line in (dist / "SHA256SUMS").read_text().splitlines()]
    assert {name for _, name in lines} == names - {"SHA256SUMS", "NOTES.md"}
    for digest, name in lines:
        assert sha256((dist / name).read_bytes()).hexdigest() == digest
    assert (dist / "NOTES.md").read_text().startswith("### ")


def test_the_times_of_all_files_are_that_of_the_commit(dist: Path) -> None:
    (archive,) = dist.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        assert {str(int(each.mtime)) for each in files} == {release.commit_time(ROOT)}


def test_a_catalogue_of_the_wheel_has_no_time_of_the_build(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    with ZipFile(wheel) as files:
        names = [name for name in files.namelist() if name.endswith(".mo")]
        assert names
        for name in names:
            dates = re.findall(rb"-Date: (\S+ \S+)", files.read(name))
            assert set(dates) == {b"1980-01-01 00:00+0000"}


def test_the_sbom_lists_each_pinned_package(dist: Path) -> None:
    (file,) = dist.glob("*.cdx.json")
    sbom = json.loads(file.read_text())
    assert sbom["bomFormat"] == "CycloneDX"
    assert sbom["metadata"]["component"]["name"] == "quantimodo"
    listed = {f"{each['name']}=={each['version']}" for each in sbom["components"]}
    pinned = (ROOT / "requirements" / "run.txt").read_text().splitlines()
    assert listed == {line for line in pinned if line and not line.startswith("#")}
    assert all(each["purl"].startswith("pkg:pypi/") for each in sbom["components"])


@pytest.fixture
def served(dist: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a server that was installed from the wheel, without this clone. The script
    has found the same bytes in the wheel of the source archive."""
    (wheel,) = dist.glob("*.whl")
    fresh = tmp_path / "fresh"
    pip = [sys.executable, "-m", "pip", "--python", str(fresh / "bin" / "python")]
    commands = (
        [sys.executable, "-m", "venv", "--without-pip", str(fresh)],
        [*pip, "install", "--quiet", "--no-index", "--no-deps", str(wheel)],
    )
    for command in commands:
        subprocess.run(command, check=True, capture_output=True, timeout=600)
    # Its libraries are those of this environment; the package is not.
    (places,) = fresh.glob("lib/python*/site-packages")
    (places / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    server = subprocess.Popen(
        [fresh / "bin" / "quantimodo", "serve", "--port", "0"],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "QUANTIMODO_DEVELOPMENT": "true"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    banner = ""
    while "Ctrl-C" not in banner and (line := server.stdout.readline()):
        banner += line
    found = re.search(r"at (http://\S+)", banner)
    assert found, banner
    yield found[1]
    server.terminate()
    assert server.wait(60) == 0
    server.stdout.close()


def test_the_source_archive_installs_and_serves(served: str) -> None:
    with httpx.Client(base_url=served, trust_env=False, timeout=60) as client:
        assert client.get("/health/ready").json() == {"status": "ok"}
        assert "systemd" in client.get("/guides/operator/install/").text
        german = client.get("/sign-up", headers={"accept-language": "de"})
        assert "Registrieren" in german.text


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with version 1.2.3, whose changelog has that version with a date."""
    chart = tmp_path / "deploy" / "helm" / "quantimodo"
    chart.mkdir(parents=True)
    (chart / "Chart.yaml").write_text('name: quantimodo\nappVersion: "1.2.3"\n')
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "quantimodo"\nversion = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## [Unreleased]\n\n- Later.\n\n## [1.2.3] - 2026-11-30\n\n### Added\n\n"
        "- This.\n\n## [1.2.2] - 2026-11-01\n\n- That.\n\n[1.2.3]: https://example.org\n"
    )
    return tmp_path


def test_the_notes_are_the_section_of_the_version(project: Path) -> None:
    assert release.check(project, "v1.2.3") == "### Added\n\n- This."
    assert release.check(project, None) == "- Later."
    assert release.section((project / "CHANGELOG.md").read_text(), "1.2.2") == "- That."


@pytest.mark.parametrize(
    ("file", "old", "new", "tag", "reason"),
    [
        ("CHANGELOG.md", "", "", "v1.2.4", "the tag is v1.2.4"),
        ("CHANGELOG.md", "", "", "1.2.3", "the tag is 1.2.3"),
        ("CHANGELOG.md", "[1.2.3] -", "[1.2.5] -", "v1.2.3", "no section for 1.2.3"),
        ("CHANGELOG.md", "[1.2.3] - 2026-11-30", "[1.2.3]", "v1.2.3", "has no date"),
        ("CHANGELOG.md", "- Later.\n", "", None, "no section for Unreleased"),
        ("deploy/helm/quantimodo/Chart.yaml", "1.2.3", "1.2.2", "v1.2.3", "appVersion"),
        ("pyproject.toml", "1.2.3", "1.3.0", "v1.2.3", "version 1.3.0"),
    ],
)
def test_a_release_whose_parts_do_not_agree_is_refused(
    project: Path, file: str, old: str, new: str, tag: str | None, reason: str
) -> None:
    text = (project / file).read_text()
    (project / file).write_text(text.replace(old, new, 1))
    with pytest.raises(release.NotReady, match=reason):
        release.check(project, tag)


def test_a_wrong_tag_or_a_folder_that_exists_ends_with_code_1(tmp_path: Path) -> None:
    program = [sys.executable, str(ROOT / "scripts" / "release")]
    for arguments in (["--tag", "v0.0.0"], ["--dry-run", "--dist", str(tmp_path)]):
        done = subprocess.run([*program, *arguments], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def workflow() -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(WORKFLOW.read_text())
    return found


def steps() -> list[dict[str, Any]]:
    return [step for job in workflow()["jobs"].values() for step in job["steps"]]


def test_each_action_is_pinned_to_a_commit_with_its_version() -> None:
    lines = [line for line in WORKFLOW.read_text().splitlines() if "uses:" in line]
    assert len(lines) == len([step for step in steps() if "uses" in step])
    pinned: dict[str, set[str]] = {}
    for line in lines:
        found = re.search(r"uses: ([\w./-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+$", line)
        assert found, line
        pinned.setdefault(found[1], set()).add(found[2])
    assert all(len(commits) == 1 for commits in pinned.values())


def test_a_job_has_the_rights_that_it_needs_alone() -> None:
    given = workflow()
    assert given["permissions"] == {}
    assert given[True] == {"push": {"tags": ["v*"]}}  # YAML reads `on` as true
    jobs = given["jobs"]
    assert jobs["test"]["permissions"] == {"contents": "read"}
    # What is published was tested and built before.
    assert jobs["build"]["needs"] == jobs["image"]["needs"] == "test"
    assert jobs["publish"]["needs"] == ["build", "image"]
    writers = [name for name, job in jobs.items() if job["permissions"].get("contents") == "write"]
    assert writers == ["publish"]
    for name, job in jobs.items():
        assert job["timeout-minutes"] <= 90, name
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False
            # A value of the event in a script could be a command.
            assert "${{" not in step.get("run", "")


def test_the_workflow_runs_programs_that_exist() -> None:
    named = {
        match for step in steps() for match in re.findall(r"scripts/[\w-]+", step.get("run", ""))
    }
    assert named == {"scripts/environment", "scripts/release", "scripts/release-tools"}
    assert all((ROOT / name).is_file() for name in named)
    (image,) = [step["with"] for step in steps() if "build-push" in step.get("uses", "")]
    assert (ROOT / image["file"]).is_file()
    assert image["platforms"] == "linux/amd64,linux/arm64"
    assert image["provenance"] == "mode=max"
    assert image["sbom"] is True


@pytest.mark.skipif(shutil.which("actionlint") is None, reason="actionlint is not in PATH")
def test_actionlint_accepts_the_workflow() -> None:
    subprocess.run(["actionlint", str(WORKFLOW)], check=True, timeout=60)
