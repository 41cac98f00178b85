"""A person, as the API shows one."""

from __future__ import annotations

from swagger_client.records import Field, Record, maybe, text, truth, whole


class User(Record):
    """The person whom an access token or a sign-in is about. An app with pairwise subjects gets
    `sub`, and neither `id` nor `login_name`."""

    id = Field(maybe(whole))
    display_name = Field(text)
    login_name = Field(maybe(text))
    email = Field(maybe(text))
    email_verified = Field(maybe(truth))
    sub = Field(maybe(text))
    administrator = Field(maybe(truth))
