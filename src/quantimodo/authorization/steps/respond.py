"""Step `respond`: nothing else is needed, so the client gets its response. The last step."""

from datetime import datetime

from quantimodo.authorization.interactions import Interaction, InteractionPolicy, Reason
from quantimodo.model.sessions import AuthenticatedSubject

REASON = Reason(None)


def needed(
    interaction: Interaction,
    subject: AuthenticatedSubject | None,
    policy: InteractionPolicy,
    now: datetime,
) -> Reason | None:
    """Always a reason: the last step responds."""
    return REASON
