"""Step `second_factor`: the person completes a login that is pending."""

from datetime import datetime
from urllib.parse import quote

from quantimodo.authorization.interactions import Interaction, InteractionPolicy, Reason
from quantimodo.authorization.steps.login import is_authenticated, is_pending
from quantimodo.authorization.stored_requests import resume_path
from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.protocol.errors import LoginRequired

REASON = Reason(LoginRequired, "the person has to complete the sign-in")


def needed(
    interaction: Interaction,
    subject: AuthenticatedSubject | None,
    policy: InteractionPolicy,
    now: datetime,
) -> Reason | None:
    """A reason while the person has given the first proof only."""
    if is_authenticated(interaction, subject, policy, now):
        return None
    return REASON if is_pending(interaction, policy, now) else None


def page(interaction: Interaction) -> str:
    """The address of the page for the second proof, which returns to this interaction."""
    return f"/sign-in/second-factor?return_to={quote(resume_path(interaction.id), safe='/')}"
