"""A finding of `quantimodo doctor`: what was checked, its state, and what to do."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. A fault does not work. A warning may be intended."""

    state: State
    what: str
    text: str
