"""Step `login`: the person signs in, or signs in again (OpenID Connect Core §3.1.2.3)."""

from datetime import datetime, timedelta
from urllib.parse import quote

from quantimodo.authorization.interactions import Interaction, InteractionPolicy, Reason
from quantimodo.authorization.stored_requests import resume_path
from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.protocol.authorization import AuthorizationRequest
from quantimodo.protocol.claims_request import fails_acr, lacks_acr
from quantimodo.protocol.errors import LoginRequired

REASON = Reason(LoginRequired, "the person has to sign in")


def needed(
    interaction: Interaction,
    subject: AuthenticatedSubject | None,
    policy: InteractionPolicy,
    now: datetime,
) -> Reason | None:
    """Without a subject, or with a login that is too old, unless a new login is pending."""
    if is_authenticated(interaction, subject, policy, now):
        return None
    return None if is_pending(interaction, policy, now) else REASON


def page(interaction: Interaction) -> str:
    """The address of the sign-in page, which returns to this interaction."""
    return sign_in_path(interaction.id, interaction.request.login_hint)


def sign_in_path(request_id: str, login_hint: str | None = None) -> str:
    """The address of the sign-in page that returns to this interaction."""
    hint = f"&login_hint={quote(login_hint, safe='')}" if login_hint else ""
    return f"/sign-in?return_to={quote(resume_path(request_id), safe='/')}{hint}"


def is_authenticated(
    interaction: Interaction,
    subject: AuthenticatedSubject | None,
    policy: InteractionPolicy,
    now: datetime,
) -> bool:
    """Whether the subject's login is recent and strong enough for the request."""
    if subject is None:
        return False
    request, created_at = interaction.request, interaction.created_at
    # OpenID Connect Core §5.5.1.1: the person tries once, for this very request, to reach the
    # essential `acr`. `authorize_completion.py` refuses a login that does not.
    if fails_acr(request.claims, subject.methods) and subject.authenticated_at < created_at:
        return False
    if steps_up(interaction, subject):
        return False
    return not is_stale(request, subject.authenticated_at, created_at, now, policy)


def steps_up(interaction: Interaction, subject: AuthenticatedSubject) -> bool:
    """Whether the person signs in again for `acr_values` that this login does not meet (RFC 9470
    §5), although they can. The values are voluntary (OpenID Connect Core §3.1.2.1): the person
    tries once, and `prompt=none` returns what there is."""
    request = interaction.request
    if request.claims.acr_essential or "none" in request.prompt:
        return False
    if not interaction.progress.has_factor or subject.authenticated_at >= interaction.created_at:
        return False
    return lacks_acr(request.claims, subject.methods)


def is_pending(interaction: Interaction, policy: InteractionPolicy, now: datetime) -> bool:
    """Whether a login that is recent enough for the request waits for a second factor."""
    since = interaction.progress.pending_since
    if since is None:
        return False
    return not is_stale(interaction.request, since, interaction.created_at, now, policy)


def is_stale(
    request: AuthorizationRequest,
    authenticated_at: datetime,
    created_at: datetime,
    now: datetime,
    policy: InteractionPolicy,
) -> bool:
    """Whether the request, which came at `created_at`, needs a more recent login than this one."""
    age = now - authenticated_at
    if authenticated_at >= created_at and age <= policy.recent_login:
        return False  # signed in for this very request
    if "login" in request.prompt:
        return True
    return request.max_age is not None and age > timedelta(seconds=request.max_age)
