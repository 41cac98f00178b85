"""The error codes of authorization responses: those that the log may contain, and those that mean
that the person cancelled. The latter are all handled as `access_denied`.

RFC 6749 §4.1.2.1 has only `access_denied` for this. Most send it in `error`; others send another
code there, or in `error_reason` (Facebook) or `error_subcode` (Microsoft).
"""

from collections.abc import Mapping
from typing import Final

# RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6, and codes of the providers.
KNOWN_ERRORS: Final = frozenset(
    {
        *("invalid_request", "unauthorized_client", "access_denied", "unsupported_response_type"),
        *("invalid_scope", "server_error", "temporarily_unavailable", "interaction_required"),
        *("login_required", "account_selection_required", "consent_required"),
        *("invalid_request_uri", "invalid_request_object", "request_not_supported"),
        *("request_uri_not_supported", "registration_not_supported", "invalid_client"),
        *("redirect_uri_mismatch", "application_suspended", "admin_policy_enforced"),
        *("invalid_resource", "cancel", "user_cancelled_authorize", "user_cancelled_login"),
        *("user_canceled_authorize", "user_canceled_login", "user_cancelled", "user_canceled"),
        *("user_denied", "consent_denied"),
    }
)
_PARAMETERS: Final = ("error", "error_reason", "error_subcode")
_STANDARD: Final = frozenset({"access_denied"})
_ELSEWHERE: Final = frozenset(
    {
        "user_cancelled_login",
        "user_cancelled_authorize",
        "user_canceled_login",
        "user_canceled_authorize",
        "user_cancelled",
        "user_canceled",
        "user_denied",
        "consent_denied",
    }
)
_OWN: Final[Mapping[str, frozenset[str]]] = {
    "apple": frozenset({"user_cancelled_authorize"}),
    "facebook": frozenset({"user_denied"}),
    # Microsoft account: `cancel`; Entra ID, for a refused consent (AADSTS65004):
    # `consent_required`. It has another meaning only with `prompt=none`, which is never sent there.
    "microsoft": frozenset({"cancel", "consent_required"}),
    # LinkedIn: the first two. WSO2: `consent_denied`. Gematik and Instagram: `user_…`.
    "oidc": _ELSEWHERE,
    "oauth2": _ELSEWHERE,
}


def is_declined(kind: str, response: Mapping[str, str]) -> bool:
    """Whether this authorization response of a provider of `kind` means that the person
    cancelled."""
    words = _STANDARD | _OWN.get(kind, frozenset())
    return any(response.get(name, "").lower() in words for name in _PARAMETERS)
