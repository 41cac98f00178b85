"""Every dependency of an installation has an upper bound: no untested version is installed."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from support.checks import not_empty

ROOT = Path(__file__).parents[2]
PROJECTS = ("pyproject.toml", "clients/python/pyproject.toml")
_BOUNDING = {"<", "<=", "==", "~="}


def _project(file: str) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / file).read_text())
    return found


def _required(file: str) -> Iterator[Requirement]:
    project = _project(file)
    texts = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    for extra in project["project"].get("optional-dependencies", {}).values():
        texts += extra
    yield from map(Requirement, texts)


@pytest.mark.parametrize("file", PROJECTS)
def test_every_dependency_has_a_lower_and_an_upper_bound(file: str) -> None:
    required = list(_required(file))
    assert len(required) > 1
    for each in required:
        signs = {bound.operator for bound in each.specifier}
        assert signs & _BOUNDING, f"{file}: {each} has no upper bound"
        assert signs & {">=", ">", "==", "~="}, f"{file}: {each} has no lower bound"


def test_pinned_versions_are_within_the_bounds() -> None:
    lines = (ROOT / "requirements/run.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    versions = {name.lower().replace("_", "-"): Version(text) for name, text in pinned.items()}
    required = _project("pyproject.toml")["project"]["dependencies"]
    for each in not_empty(map(Requirement, required)):
        assert versions[each.name.lower()] in each.specifier, f"{each} is pinned outside"
