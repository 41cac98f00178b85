"""Step `consent`: the person allows the client's request (OpenID Connect Core §3.1.2.4)."""

from datetime import datetime

from quantimodo.authorization.interactions import Interaction, InteractionPolicy, Reason
from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.protocol.consents import is_decided
from quantimodo.protocol.errors import ConsentRequired
from quantimodo.protocol.redirects import is_claimed

REASON = Reason(ConsentRequired, "the person has to be asked")


def needed(
    interaction: Interaction,
    subject: AuthenticatedSubject | None,
    policy: InteractionPolicy,
    now: datetime,
) -> Reason | None:
    """For `prompt=consent`, for a consent that has ended, and for scopes and details that the
    person did not decide about or that change a managed grant, unless the client is first-party."""
    request, progress = interaction.request, interaction.progress
    if progress.decision is not None:
        return None
    client, consent = request.client, progress.consent
    if "consent" in request.prompt or progress.choice_refused:
        return REASON
    if consent is not None and consent.has_ended(now):
        return REASON
    if client.skips_consent:
        return None
    # Grant Management §2: the person sees what becomes of the grant.
    if request.grant_action is not None and request.grant_action.before is not None:
        return REASON
    # RFC 8252 §8.6, docs/decisions/0006: any program on a device can pretend to be a public client
    # whose responses come by a private-use scheme or a loopback address.
    # RFC 8628 §5.6: no response that a client polls for reaches a redirect URI that proves it.
    unproven = client.public or bool(client.document_host)
    proves = interaction.channel.carried and is_claimed(request.target.redirect_uri)
    if consent is None or (unproven and not proves):
        return REASON
    # Client ID Metadata Document §9.4: `created_at` is when its present keys were first seen.
    if client.document_host and consent.updated_at < client.created_at:
        return REASON
    return None if is_decided(consent, request.consent_scope, request.details) else REASON
