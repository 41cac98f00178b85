"""The exceptions of sessions."""

from __future__ import annotations

import json

from swagger_client.rest import ApiException


class SignInRequired(ApiException):
    """There are no tokens, or they are invalid: the person has to sign in."""


class AuthorizationRefused(Exception):
    """The server sent the person back without a code.

    `error`: such as `access_denied`, when the person declined (RFC 6749 §4.1.2.1).
    `description`: for people, from the server.
    """

    def __init__(self, error: str, description: str | None = None) -> None:
        super().__init__(f"{error}: {description}" if description else error)
        self.error = error
        self.description = description


class InvalidAuthorizationResponse(ValueError):
    """An authorization response that belongs to another request or comes from another server."""


class UnsupportedGrantType(Exception):
    """The server does not support the grant type."""


def error_of(failure: ApiException) -> str | None:
    """The code of a refusal: RFC 6749's `error`, or `error.code` of the server's envelope."""
    try:
        error = json.loads(failure.body or "")["error"]
        code = error["code"] if isinstance(error, dict) else error
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return code if isinstance(code, str) else None
