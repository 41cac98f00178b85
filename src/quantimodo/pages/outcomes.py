"""What the page `outcome.html` states: how something ended, and where the person goes next. A page
that only states an outcome needs no other template."""

from dataclasses import dataclass
from typing import Literal, NamedTuple


class OutcomeLink(NamedTuple):
    """`label` is a text that is marked for translation."""

    href: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`title`, `heading` and `text` are marked for translation; an empty `heading` is the title.
    `button` is what the person most likely does next, `link` something else."""

    title: str
    text: str
    heading: str = ""
    icon: Literal["check", "alert", ""] = ""
    failed: bool = False
    button: OutcomeLink | None = None
    link: OutcomeLink | None = None
