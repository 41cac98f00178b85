"""The claims of each scope (OpenID Connect Core §5.1, §5.4; v2-api.md §5)."""

from collections.abc import Mapping
from typing import Any, Final

from quantimodo.model.user_profiles import Profile
from quantimodo.model.users import User

_TEXTS: Final = (
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
)
_ADDRESS: Final = (
    "formatted",
    "street_address",
    "locality",
    "region",
    "postal_code",
    "country",
)
SCOPE_OF_CLAIM: Final[Mapping[str, str]] = {
    **dict.fromkeys(("name", *_TEXTS, "updated_at"), "profile"),
    **dict.fromkeys(("email", "email_verified"), "email"),
    "address": "address",
    **dict.fromkeys(("phone_number", "phone_number_verified"), "phone"),
}
"""OpenID Connect Core §5.4: every standard claim, and the scope that opens it."""

_ON_PROFILE: Final = frozenset(SCOPE_OF_CLAIM) - {"name", "email", "email_verified"}
_NOTHING: Final = frozenset[str]()
_EMPTY_PROFILE: Final = Profile()


def claims_of_scope(
    scope: frozenset[str], claims_request: frozenset[str] = _NOTHING
) -> frozenset[str]:
    """The claims of these scopes, and those that were requested individually."""
    return claims_request | {claim for claim, name in SCOPE_OF_CLAIM.items() if name in scope}


def needs_profile(scope: frozenset[str], claims_request: frozenset[str] = _NOTHING) -> bool:
    """Whether the person's profile must be read for these claims."""
    return not (scope | claims_request).isdisjoint(_ON_PROFILE | {"profile", "address", "phone"})


def userinfo_claims(
    user: User,
    scope: frozenset[str],
    profile: Profile | None = None,
    claims_request: frozenset[str] = _NOTHING,
) -> dict[str, Any]:
    """The claims of these scopes, and those that were requested individually (OpenID Connect Core
    §5.5). An unknown value is absent, never empty."""
    claims: dict[str, Any] = {"sub": user.subject}
    if not claims_request and scope.isdisjoint(_OPENING):
        return claims
    values = {
        "name": user.name,
        "updated_at": _updated_at(user, profile),
        # security.md §23: applications treat it as proof of identity.
        "email": user.verified_email,
        **profile_claims(profile or _EMPTY_PROFILE),
    }
    names = claims_of_scope(scope, claims_request)
    claims.update((name, value) for name, value in values.items() if value and name in names)
    # OpenID Connect Core §5.7 forbids applications to identify people by it. Some do.
    if _is_other_address(claims.get("preferred_username"), user.verified_email):
        del claims["preferred_username"]
    if "email_verified" in names:
        claims["email_verified"] = user.verified_email is not None
    if "phone_number_verified" in names and values.get("phone_number"):
        claims["phone_number_verified"] = values["phone_number_verified"]
    return claims


def _is_other_address(name: str | None, verified: str | None) -> bool:
    return name is not None and "@" in name[1:] and name != verified


_OPENING: Final = frozenset(SCOPE_OF_CLAIM.values())


def _updated_at(user: User, profile: Profile | None) -> int:
    moments = [user.updated_at]
    if profile is not None and profile.updated_at is not None:
        moments.append(profile.updated_at)
    return int(max(moments).timestamp())


def profile_claims(profile: Profile) -> dict[str, Any]:
    """All claims that a profile states, empty ones too."""
    claims: dict[str, Any] = {name: getattr(profile, name) for name in _TEXTS}
    claims["address"] = {
        name: value for name in _ADDRESS if (value := getattr(profile.address, name))
    }
    claims["phone_number"] = profile.phone_number
    claims["phone_number_verified"] = profile.phone_number_verified
    return claims


def pairwise_profile(user: User, subject: str, scope: frozenset[str]) -> dict[str, Any]:
    """`GET /api/v1/user/me` for an application with pairwise subjects (OpenID Connect Core §8):
    nothing in it is the same at another application, except an address of the scope `email`."""
    email = user.verified_email if "email" in scope else None
    return {
        "id": None,
        "sub": subject,
        "displayName": user.name,
        "loginName": None,
        "email": email,
        "emailVerified": email is not None,
        "administrator": user.administrator,
    }


def basic_profile(user: User) -> dict[str, Any]:
    """`GET /api/v1/user/me`, as v1 clients read it (measurements-api.md §1)."""
    return {
        "id": user.id,
        "displayName": user.name,
        "loginName": user.login_name,
        "email": user.verified_email,
        "emailVerified": user.verified_email is not None,
        "administrator": user.administrator,
    }
