"""`cli/server/connection.py` builds on internals of uvicorn and httptools (decision 0013): it was
read and tested with exactly these versions. To move to another one, read what changed in
`uvicorn/protocols/http/httptools_impl.py` and `httptools/parser`, then change both places."""

from importlib.metadata import requires, version

import pytest
from packaging.requirements import Requirement

READ = {"uvicorn": "0.54.0", "httptools": "0.9.0"}


@pytest.mark.parametrize("name", READ)
def test_the_installed_version_is_the_one_that_was_read(name: str) -> None:
    assert version(name) == READ[name]


@pytest.mark.parametrize("name", READ)
def test_no_other_version_can_be_installed(name: str) -> None:
    wanted = [Requirement(line) for line in requires("quantimodo") or ()]
    assert [str(each.specifier) for each in wanted if each.name == name] == [f"=={READ[name]}"]
