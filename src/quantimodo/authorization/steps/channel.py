"""Step `channel`: the person confirms where the response goes, if the channel demands that.

Nothing skips it: neither a consent on record nor a first-party client.
"""

from datetime import datetime
from urllib.parse import quote

from quantimodo.authorization.interactions import Interaction, InteractionPolicy, Reason
from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.protocol.errors import ConsentRequired

REASON = Reason(ConsentRequired, "the person has to confirm where the response goes")


def needed(
    interaction: Interaction,
    subject: AuthenticatedSubject | None,
    policy: InteractionPolicy,
    now: datetime,
) -> Reason | None:
    """A reason while the channel still needs its person on its page."""
    return None if interaction.channel.is_confirmed(subject) else REASON


def page(interaction: Interaction) -> str:
    """The address of the page of the channel."""
    return f"{interaction.channel.confirm_at}?request={quote(interaction.id, safe='')}"
