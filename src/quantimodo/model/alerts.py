"""An alert: a condition of the server that is reported to its operator, until it ends."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

AlertKind = Literal["raised", "resolved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """`name` is that of its reading. `kind` is what the last message says, or will say.

    `reported_at` is when it was last reported that the condition holds. `by_mail` and `by_webhook`:
    a message of this kind is still to be sent. `revision` counts its changes.
    """

    name: str
    severity: str
    text: str
    kind: AlertKind
    raised_at: datetime
    resolved_at: datetime | None = None
    reported_at: datetime | None = None
    by_mail: bool = False
    by_webhook: bool = False
    revision: int = 0
