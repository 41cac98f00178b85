"""What a step is: a rule, and the page on which the person does what the rule demands."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from quantimodo.authorization.interactions import Interaction, InteractionPolicy, Reason
from quantimodo.model.sessions import AuthenticatedSubject

Needed = Callable[
    [Interaction, AuthenticatedSubject | None, InteractionPolicy, datetime], Reason | None
]


class View(Enum):
    """What the authorization endpoint shows itself."""

    CONSENT = auto()
    RESPONSE = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """`needed` is pure. `page` is a view of the authorization endpoint, or a function that returns
    the local address of the step's page; when the person is done there, the page returns to
    `resume_path` of the interaction."""

    name: str
    needed: Needed
    page: View | Callable[[Interaction], str]
