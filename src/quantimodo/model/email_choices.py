"""Which optional e-mails a person gets. E-mails about security are always sent."""

from dataclasses import dataclass
from typing import Literal

OptionalEmail = Literal["first_read", "application", "summary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChoices:
    """`first_read`: an application reads health data for the first time; `application`: one was
    allowed something new; `summary`: what applications did, once a week."""

    first_read: bool = True
    application: bool = True
    summary: bool = False
