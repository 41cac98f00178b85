"""Step `account`: the person sees which account is used, and can choose another one.

The consent page shows the account and offers to switch, so it is the page of this step too.
"""

from datetime import datetime

from quantimodo.authorization.interactions import Interaction, InteractionPolicy, Reason
from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.protocol.errors import ConsentRequired

REASON = Reason(ConsentRequired, "the person has to be asked")


def needed(
    interaction: Interaction,
    subject: AuthenticatedSubject | None,
    policy: InteractionPolicy,
    now: datetime,
) -> Reason | None:
    """For `prompt=select_account` (OpenID Connect Core §3.1.2.1), and when another account is
    signed in in the same browser."""
    if interaction.progress.decision is not None:
        return None
    chosen = "select_account" in interaction.request.prompt
    return REASON if chosen or interaction.progress.account_mismatch else None
