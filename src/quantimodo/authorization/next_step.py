"""Walks the table of steps: the first step that an interaction needs."""

from collections.abc import Sequence
from datetime import datetime

from quantimodo.authorization.interactions import (
    Interaction,
    InteractionPolicy,
    Reason,
    RedirectResponse,
)
from quantimodo.authorization.steps.step import Step
from quantimodo.model.sessions import AuthenticatedSubject


def next_step(
    steps: Sequence[Step],
    interaction: Interaction,
    subject: AuthenticatedSubject | None,
    policy: InteractionPolicy,
    now: datetime,
) -> tuple[Step, Reason]:
    """The first needed step, with the reason.

    With `prompt=none` a step that shows a page raises its error instead (OpenID Connect Core
    §3.1.2.1). A JSON response never shows a page, so it names the step in its body.
    """
    for step in steps:
        reason = step.needed(interaction, subject, policy, now)
        if reason is None:
            continue
        silent = "none" in interaction.request.prompt
        if silent and reason.error is not None and interaction.channel == RedirectResponse():
            raise reason.error(reason.text)
        return step, reason
    raise LookupError("the table of steps has no last step")
