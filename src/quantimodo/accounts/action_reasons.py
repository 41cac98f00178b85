"""The reason that an administrator gives for an action: a line of text for the record."""

from typing import Final

from quantimodo.accounts.errors import InvalidInput
from quantimodo.model.texts import N_

LONGEST_REASON: Final = 300
_SHORTEST: Final = 3


def parse_reason(text: str) -> str:
    """The reason as it is recorded, on one line. Raises `InvalidInput` for `reason`."""
    line = " ".join(text.split())
    if len(line) < _SHORTEST:
        raise InvalidInput("reason", N_("Give a reason. It is recorded."))
    if len(line) > LONGEST_REASON or not line.isprintable():
        raise InvalidInput(
            "reason",
            N_("Use at most %(longest)s characters of plain text.", longest=LONGEST_REASON),
        )
    return line
