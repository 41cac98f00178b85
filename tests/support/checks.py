"""`not_empty`: for tests whose checks are in a loop over what the test finds."""

from collections.abc import Iterable
from typing import TypeVar

Found = TypeVar("Found")


def not_empty(found: Iterable[Found]) -> list[Found]:
    """All of it as a list. Fails if there is nothing: a loop over it would check nothing."""
    values = list(found)
    assert values, "there is nothing to check"
    return values
