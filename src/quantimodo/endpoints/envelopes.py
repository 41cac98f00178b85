"""The JSON envelope that apps of 2016 read: `success` and `data`, or `success` and `error`
(v2-api.md §4, §5)."""

from typing import Any

from quantimodo.model.users import User


def login_data(
    token: str, expires_in: int, person: dict[str, Any], *, new_user: bool
) -> dict[str, Any]:
    """The response of both social endpoints."""
    return accepted(
        {
            "token": token,
            "tokenType": "Bearer",
            "expiresIn": expires_in,
            "newUser": new_user,
            "user": person,
        }
    )


def person_data(user: User) -> dict[str, Any]:
    """Who signed in."""
    return {
        "id": user.id,
        "displayName": user.name,
        "loginName": user.login_name,
        "email": user.verified_email,
        "emailVerified": user.verified_email is not None,
    }


def pairwise_person_data(user: User, subject: str | None) -> dict[str, Any]:
    """Who signed in, for an application with pairwise subjects (OpenID Connect Core §8): no value
    that another application also gets. `subject`: None where there are several applications."""
    person = {
        "id": None,
        "displayName": user.name,
        "loginName": None,
        "email": None,
        "emailVerified": False,
    }
    return person if subject is None else {**person, "sub": subject}


def accepted(data: dict[str, Any]) -> dict[str, Any]:
    """The success envelope of the v2 API (v2-api.md §4) around this data."""
    return {"success": True, "data": data}


def refused(code: str, text: str, **more: str) -> dict[str, Any]:
    """`text` is for people: a fixed text in English that contains no input."""
    text = str(text)  # the encoder refuses a `Text`
    return {
        "success": False,
        "status": "error",
        "message": text,
        "error": {"code": code, "message": text, **more},
    }
