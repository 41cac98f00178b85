"""A person, as the API shows one."""

from __future__ import annotations

from swagger_client.records import Field, Record, maybe, text, truth, whole


class User(Record):
    """The person whom an access token or a sign-in is about."""

    id = Field(whole)
    display_name = Field(text)
    login_name = Field(text)
    email = Field(maybe(text))
    administrator = Field(maybe(truth))
