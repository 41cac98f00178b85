"""CONTRIBUTING.md and docs/architecture.md name packages and files that exist."""

import re
from pathlib import Path

import pytest

from quantimodo.cli.main import command_line
from support.checks import not_empty

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "quantimodo"
GUIDE = ROOT / "CONTRIBUTING.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
RECIPES = (
    *("grant type", "provider", "setting", "page", "step", "table", "endpoint", "command"),
    *("client metadata field", "scope", "webhook event", "second factor"),
)

_SPAN = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"(?:[\w.-]+/)+(?:[\w.-]+\.(?:py|md|sql|html|txt|in|toml|yml))?|[\w.-]+\.yml")
_PLACEHOLDER = re.compile(r"NAME|NNNN|ENGINE")
# Not the cookies by which an account knows a browser.
_DEVICE_GRANT = re.compile(
    r"device_(?:authorization|channel|code|confirm|done|grant|page|request|routes|store)"
    r"|Device(?:Approval|Authorization|Channel|Code|Grant|Origin|Pages|Refused)"
    r"|DEVICE_(?:AUTH|CODE|CONFIRM|DONE|PAGE|TARGET)|Kind\.DEVICE|qmd_|model\.devices|[./]user_code"
    r"|USER_CODE_|(?:format|parse)_user_code"
    r"|name=\"device\"|action=\"/device|(?:start|charge|validate|save|refuse|bind)_device\b"
)
_ONE_TIME_CODES = re.compile(
    r"[Tt]otp|TOTP|one_time_passwords|authenticator_apps?\b|[aA]uthenticatorApp|secret_resealing"
    r"|(?:factor|status)\.app\b"
)


def packages() -> set[str]:
    """The packages that are in the repository."""
    return {path.parent.name for path in SOURCE.glob("*/__init__.py")}


def paths(document: Path) -> set[str]:
    """The files and folders that a document names, as it spells them."""
    spans = _SPAN.findall(document.read_text("utf-8"))
    return {span for span in spans if _PATH.fullmatch(span)}


def exists(path: str) -> bool:
    """Whether a path of the repository or of the package exists. `NAME` stands for any name, `NNNN`
    for any number: then the folder has such a file, or its folder is there."""
    if _PLACEHOLDER.search(path):
        pattern = _PLACEHOLDER.sub("*", path).rstrip("/")
        return any(any(root.glob(pattern)) for root in (ROOT, SOURCE))
    return any((root / path).exists() for root in (ROOT, SOURCE))


@pytest.mark.parametrize("document", [GUIDE, ARCHITECTURE], ids=lambda path: path.name)
def test_every_path_that_is_named_exists(document: Path) -> None:
    named = paths(document)
    assert len(named) > 20
    assert {path for path in named if not exists(path)} == set()


def test_a_path_that_does_not_exist_is_noticed() -> None:
    assert not exists("grant_types/tables.py")
    assert not exists("src/quantimodo/nowhere/NAME.py")


@pytest.mark.parametrize("document", [GUIDE, ARCHITECTURE], ids=lambda path: path.name)
def test_every_package_has_its_line(document: Path) -> None:
    text = document.read_text("utf-8")
    listed = set(re.findall(r"^\| `(\w+)` \| ", text, re.MULTILINE))
    assert packages() <= listed
    assert {name for name in listed if (SOURCE / name).is_dir()} == packages()


def test_each_package_inside_a_package_is_in_its_line() -> None:
    inner = {
        f"{path.parent.parent.name}/{path.parent.name}/" for path in SOURCE.glob("*/*/__init__.py")
    }
    assert len(inner) > 20
    assert inner - paths(ARCHITECTURE) == set()


@pytest.mark.parametrize("thing", RECIPES)
def test_each_recipe_lists_files_and_names_the_tests_that_show_it(thing: str) -> None:
    title = re.compile(rf"^## How to add an? {thing}\n(.*?)(?=^## )", re.DOTALL | re.MULTILINE)
    found = title.search(GUIDE.read_text("utf-8"))
    assert found is not None
    table, _, rest = found[1].rpartition("|\n")
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert 2 <= len(rows) <= 9
    assert re.search(r"`tests/[\w/]+\.py`", rest)


def test_each_command_is_in_the_line_of_its_package() -> None:
    line = next(
        line for line in ARCHITECTURE.read_text("utf-8").splitlines() if line.startswith("cli ")
    )
    commands = [each.name for each in command_line().registered_groups]
    assert [name for name in not_empty(commands) if name not in line] == []


def large_change(title: str) -> tuple[list[str], set[str]]:
    """The files in the list of a large change, and all that its section names."""
    section = GUIDE.read_text("utf-8").partition(f"\n### {title}\n")[2].partition("\n### ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    files = [span for row in rows for span in _SPAN.findall(row.split(" | ")[0])]
    return files, set(_SPAN.findall(section))


def files_that_name(thing: re.Pattern[str]) -> set[str]:
    """The modules and templates that name it."""
    return {
        f"src/quantimodo/{path.relative_to(SOURCE).as_posix()}"
        for package in packages()
        for path in (SOURCE / package).rglob("*")
        if path.suffix in (".py", ".html") and thing.search(path.read_text("utf-8"))
    }


def count_of(standard: str) -> int:
    """How many files the change has, by the table of large changes."""
    (count,) = re.findall(rf"\({standard}\) \|[^|]*\| (\d+) \| \d+ \|", GUIDE.read_text("utf-8"))
    return int(count)


def test_the_list_of_the_device_grant_has_each_file_that_names_it() -> None:
    files, _ = large_change("The device grant")
    assert {file for file in files if file.endswith((".py", ".html"))} == files_that_name(
        _DEVICE_GRANT
    )
    assert count_of("RFC 8628") == len(files) == len(set(files))


def test_the_list_of_one_time_codes_has_each_file_that_names_them() -> None:
    files, named = large_change("One-time codes of authenticator apps")
    found = files_that_name(_ONE_TIME_CODES)
    assert len(found) > 12
    assert found - named == set()
    assert count_of("RFC 6238") == len(files) == len(set(files))


def test_a_file_that_names_the_device_grant_is_noticed() -> None:
    for text in ("stored.device_code", "Kind.DEVICE", "DeviceApproval(", 'DEVICE_PAGE = "/device"'):
        assert _DEVICE_GRANT.search(text), text
    for text in ("device_cookies", "DeviceCookies", "DEVICE_COOKIE_LIFETIME", "known_devices"):
        assert not _DEVICE_GRANT.search(text), text
