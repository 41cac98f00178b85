"""What `quantimodo doctor` finds: what was looked at, how it is, and what to do about it."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. A warning is what may be meant; a fault is what does not work."""

    state: State
    what: str
    text: str
