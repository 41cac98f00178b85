"""A person, as the API shows one."""

from __future__ import annotations

from swagger_client.records import Field, Record, boolean, integer, optional, text


class User(Record):
    """The person whom an access token or a sign-in is about. An app with pairwise subjects gets
    `sub`, and neither `id` nor `login_name`."""

    id = Field(optional(integer))
    display_name = Field(text)
    login_name = Field(optional(text))
    email = Field(optional(text))
    email_verified = Field(optional(boolean))
    sub = Field(optional(text))
    administrator = Field(optional(boolean))
