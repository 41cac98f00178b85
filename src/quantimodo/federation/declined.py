"""The error codes that providers send when a person cancels. Each of them is `access_denied` here.

RFC 6749 §4.1.2.1 has only `access_denied` for this. Most send it in `error`; others send another
code there, or in `error_reason` (Facebook) or `error_subcode` (Microsoft).
"""

from collections.abc import Mapping
from typing import Final

_PARAMETERS: Final = ("error", "error_reason", "error_subcode")
_STANDARD: Final = frozenset({"access_denied"})
_OWN: Final[Mapping[str, frozenset[str]]] = {
    "apple": frozenset({"user_cancelled_authorize"}),
    "facebook": frozenset({"user_denied"}),
    # Microsoft account: `cancel`; Entra ID, for a refused consent (AADSTS65004):
    # `consent_required`. It has another meaning only with `prompt=none`, which is never sent there.
    "microsoft": frozenset({"cancel", "consent_required"}),
    # LinkedIn: the first two. WSO2: `consent_denied`. Gematik and Instagram: `user_…`.
    "oidc": frozenset(
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
    ),
}


def is_declined(kind: str, response: Mapping[str, str]) -> bool:
    """Whether this authorization response of a provider of `kind` means that the person
    cancelled."""
    words = _STANDARD | _OWN.get(kind, frozenset())
    return any(response.get(name, "").lower() in words for name in _PARAMETERS)
