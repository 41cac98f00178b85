"""Each project of examples/ follows one convention: it is complete, honest about its tests, and has
placeholders where an application's values belong."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from quantimodo.pages.portal.app_kinds import KINDS
from quantimodo.pages.portal.example_projects import (
    CLIENT_ID,
    CLIENT_SECRET,
    ISSUER,
    ExampleProject,
    ExampleValues,
    load_examples,
)
from quantimodo.protocol.scopes import SCOPES
from support.checks import not_empty
from support.source_trees import ROOT

PROJECTS = load_examples()
PARTS = ("What you get", "Register", "Set up", "Run", "How it works", "Common faults")
VALUES = ExampleValues(
    issuer="https://id.example.org",
    client_id="qm-app-1",
    redirect_uri="https://app.example.org/callback",
    scopes=("openid",),
)
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SECRET = re.compile(r"qm[a-z]_[\w-]{20,}|-----BEGIN|eyJ[\w-]{20,}\.")
_REGISTRY = re.compile(r'"resolved": "(?!file:)|registry\.|index-url|proxy\.')

each_project = pytest.mark.parametrize("project", PROJECTS, ids=lambda each: each.name)


def test_there_are_projects() -> None:
    folders = {path.parent.name for path in (ROOT / "examples").glob("*/README.md")}
    assert {each.name for each in PROJECTS} == folders != set()


@each_project
def test_its_description_is_complete(project: ExampleProject) -> None:
    assert project.kind in {kind.name for kind in KINDS}
    assert set(project.scopes) <= set(SCOPES)
    assert project.title
    assert project.summary.endswith(".")
    assert len(project.summary) < 160
    assert project.run
    assert {*project.files, "README.md"} <= set(project.paths())
    redirects = next(kind.redirects for kind in KINDS if kind.name == project.kind)
    assert bool(project.redirect_uri) == redirects


@each_project
def test_it_is_honest_about_its_tests(project: ExampleProject) -> None:
    if project.checked == "written":
        assert project.check.endswith("."), "a sentence says why no test runs it"
        assert not list((ROOT / "tests/examples").glob(f"*{project.name.replace('-', '_')}.py"))
        readme = project.text("README.md")
        assert "No test" in readme.partition("\n## ")[0], "the first lines say so too"
    else:
        test = (ROOT / project.check).read_text("utf-8")
        assert f'"{project.name}"' in test


@each_project
def test_its_guide_has_all_parts(project: ExampleProject) -> None:
    readme = project.text("README.md")
    assert readme.startswith(f"# {project.title}\n")
    assert tuple(re.findall(r"^## (.+)$", readme, re.MULTILINE)) == PARTS
    assert "docs/developer/errors.md" in readme
    assert project.redirect_uri in readme
    for scope in project.scopes:
        assert scope in readme
    for block in _BLOCK.findall(readme):
        parsed = subprocess.run(["bash", "-n"], input=block, text=True, capture_output=True)
        assert parsed.returncode == 0, parsed.stderr


@each_project
def test_its_guide_opens_private_addresses_of_applications_only(project: ExampleProject) -> None:
    # `insecure_private_hosts` is for servers of the operator: the application stays unreachable.
    assert "QUANTIMODO_INSECURE_PRIVATE_HOSTS" not in project.text("README.md")


@each_project
def test_links_of_its_guide_lead_somewhere(project: ExampleProject) -> None:
    for link in not_empty(re.findall(r"\]\(([^)\s#]+)", project.text("README.md"))):
        assert "://" not in link, "a guide names no other host"
        assert (project.folder / link).exists(), link


@each_project
def test_placeholders_are_where_values_belong(project: ExampleProject) -> None:
    files = {path: project.text(path) for path in project.files}
    together = "\n".join(files.values())
    assert ISSUER in together
    if project.kind != "resource":
        assert CLIENT_ID in together
    assert project.redirect_uri in together
    filled = {path: project.filled(text, VALUES) for path, text in files.items()}
    for placeholder in filter(None, (ISSUER, CLIENT_ID, project.redirect_uri)):
        assert all(placeholder not in text for text in filled.values())
    public = next(kind.public for kind in KINDS if kind.name == project.kind)
    assert not public or all(CLIENT_SECRET not in text for text in files.values())


@each_project
def test_it_has_no_secret_and_no_registry(project: ExampleProject) -> None:
    for path in not_empty(project.paths()):
        content = (project.folder / path).read_bytes()
        assert len(content) < 400_000, path
        text = content.decode("utf-8", "replace")
        assert not _SECRET.search(text), path
        assert path.endswith(".md") or not _REGISTRY.search(text), path


@each_project
def test_a_download_has_its_values_and_no_secret(project: ExampleProject) -> None:
    made = project.filled_files(VALUES)
    assert (".env" in made) == (".env.example" in made)
    together = b"\n".join(made.values())
    assert VALUES.issuer.encode() in together
    assert ISSUER.encode() not in together
    with_secret = project.filled("your-client-secret", VALUES)
    assert with_secret == "your-client-secret"


def test_a_value_is_never_read_as_a_placeholder() -> None:
    odd = ExampleValues(
        issuer="https://id.example.org/your-client-id",
        client_id="http://127.0.0.1:8000",
        redirect_uri="https://app.example.org/your-client-secret",
        scopes=(),
        secret="s",
    )
    text = PROJECTS[0].filled(f"{ISSUER} {CLIENT_ID} {CLIENT_SECRET}", odd)
    assert text == f"{odd.issuer} {odd.client_id} s"


@pytest.mark.parametrize(
    ("text", "reason"),
    [("title = 'x'", "missing"), ("colour = 'red'", "colour")],
)
def test_a_description_that_is_not_valid_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "example.toml").write_text(text)
    with pytest.raises(ValueError, match=reason):
        load_examples(tmp_path)


def test_files_that_a_run_makes_do_not_belong_to_a_project(tmp_path: Path) -> None:
    project = tmp_path / "one"
    for path in ("app.py", ".env", "node_modules/x/index.js", "target/a.jar", ".env.example"):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text("x")
    text = (PROJECTS[0].folder / "example.toml").read_text()
    assert tomllib.loads(text)["title"]
    (project / "example.toml").write_text(text)
    assert load_examples(tmp_path)[0].paths() == [".env.example", "app.py"]
