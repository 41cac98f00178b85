"""What a scope tells about a person (OpenID Connect Core §5.4; contract §5)."""

from typing import Any

from quantimodo.model.users import User


def userinfo_claims(user: User, scope: frozenset[str]) -> dict[str, Any]:
    """The claims that these scopes open. What is unknown is absent, never empty."""
    claims: dict[str, Any] = {"sub": user.subject}
    if "profile" in scope:
        claims["name"] = user.name
        claims["updated_at"] = int(user.updated_at.timestamp())
    if "email" in scope and user.email is not None:
        claims["email"] = user.email
        claims["email_verified"] = user.email_verified_at is not None
    return claims


def basic_profile(user: User) -> dict[str, Any]:
    """`GET /api/v1/user/me`, as v1 clients read it (measurements-api.md)."""
    return {
        "id": user.id,
        "displayName": user.name,
        "loginName": user.login_name,
        "email": user.email,
        "administrator": user.administrator,
    }
