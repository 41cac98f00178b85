"""The responses of the authentication methods."""

from __future__ import annotations

from typing import Any

from swagger_client.models.users import User
from swagger_client.records import Field, Record, boolean, integer, one, optional, text


class SocialLogin(Record):
    """The first step of a social sign-in: where the provider asks the person.

    The server binds the sign-in to the requesting browser. To sign a person in, open the address
    of this call in that person's browser; `location` shows where it leads.
    """

    location = Field(text)


class Login(Record):
    """A proof of who the person is, for the authorize endpoint only; good for `expires_in` s."""

    token = Field(text)
    token_type = Field(text)
    expires_in = Field(integer)
    new_user = Field(boolean)
    user = Field(one(User))


class LoginAnswer(Record):
    """The envelope around a `Login`."""

    success = Field(boolean)
    data = Field(one(Login))


class Authorization(Record):
    """An authorization code for the application, and the address that brings it there."""

    code = Field(optional(text))
    state = Field(optional(text))
    redirect_uri = Field(text)


class AuthorizationAnswer(Record):
    """The envelope around an `Authorization`; or `location`, where a server redirects instead."""

    success = Field(optional(boolean))
    data = Field(optional(one(Authorization)))
    location = Field(optional(text))


class TokenAnswer(Record):
    """Tokens (RFC 6749 §5.1). Lifetimes are whole seconds from the time of the response.

    `refresh_token_expires_in`: until the refresh token expires, if it is not used.
    `authorization_expires_in`: until the authorization ends and the person has to sign in again,
    however often tokens are refreshed. A server may leave both out.
    """

    access_token = Field(text, "access_token")
    token_type = Field(text, "token_type")
    expires_in = Field(optional(integer), "expires_in")
    refresh_token = Field(optional(text), "refresh_token")
    scope = Field(optional(text), "scope")
    id_token = Field(optional(text), "id_token")
    refresh_token_expires_in = Field(optional(integer), "refresh_token_expires_in")
    authorization_expires_in = Field(optional(integer), "authorization_expires_in")


def no_content(value: Any) -> None:
    """Parses a response without content."""
    return
