"""Describes the userinfo endpoint (OpenID Connect Core §5.3)."""

from typing import Annotated, Final, Required, TypedDict

from quantimodo.openapi import fakes, tags
from quantimodo.openapi.bearer_authentication import REFUSED, by_token
from quantimodo.openapi.operation import FORM, JSON, Content, Operation, Response, described


class TokenInBody(TypedDict, total=False):
    """An access token in a form body (RFC 6750 §2.2)."""

    access_token: Annotated[
        str,
        described(
            "The access token, unless it is in the `Authorization` header.", fakes.ACCESS_TOKEN
        ),
    ]


_PROFILE = Annotated[str, described("With scope `profile`, if the person gave it.", "Ann")]


class PostalAddress(TypedDict, total=False):
    """OpenID Connect Core §5.1.1."""

    formatted: str
    street_address: str
    locality: str
    region: str
    postal_code: str
    country: str


class UserInfo(TypedDict, total=False):
    """Claims about the person (OpenID Connect Core §5.3.2)."""

    sub: Required[
        Annotated[str, described("The person's number: stable, and never reused.", fakes.SUBJECT)]
    ]
    name: Annotated[str, described("With scope `profile`.", "Ann Example")]
    updated_at: Annotated[
        int,
        described(
            "With scope `profile`: when the profile last changed, in seconds since 1970.",
            1_795_431_600,
        ),
    ]
    email: Annotated[str, described("With scope `email`, once it is verified.", "ann@example.org")]
    email_verified: Annotated[
        bool, described("With scope `email`: whether there is a verified address.", True)
    ]
    given_name: _PROFILE
    family_name: _PROFILE
    middle_name: _PROFILE
    nickname: _PROFILE
    preferred_username: _PROFILE
    profile: _PROFILE
    picture: _PROFILE
    website: _PROFILE
    gender: _PROFILE
    birthdate: _PROFILE
    zoneinfo: _PROFILE
    locale: _PROFILE
    address: Annotated[PostalAddress, described("With scope `address`.", {"country": "Nowhere"})]
    phone_number: Annotated[str, described("With scope `phone`.", "+10000000000")]
    phone_number_verified: Annotated[bool, described("With scope `phone`.", False)]


_CLAIMS: Final = {
    200: Response(
        "The claims of the token's scopes; `sub` is always present.",
        (
            Content(
                JSON,
                UserInfo,
                {
                    "profile and email": {
                        "sub": fakes.SUBJECT,
                        "name": "Ann Example",
                        "updated_at": 1_795_431_600,
                        "email": "ann@example.org",
                        "email_verified": True,
                    },
                },
            ),
        ),
        ("NotStored",),
    ),
    **REFUSED,
}

OPERATIONS: Final = (
    Operation(
        route="userinfo",
        method="GET",
        id="getUserInfo",
        tag=tags.PEOPLE,
        summary="Get OpenID Connect claims about the person",
        description="Scope `openid`; `profile`, `email`, `address` and `phone` add claims.",
        security=by_token("openid"),
        responses=_CLAIMS,
        shared=(413, 500, 503),
    ),
    Operation(
        route="userinfo",
        method="POST",
        id="getUserInfoByForm",
        twin_of="getUserInfo",
        tag=tags.PEOPLE,
        summary="Get OpenID Connect claims about the person, with the token in a form",
        description="The `Authorization` header is better; a token in both is refused.",
        body=TokenInBody,
        bodies=(FORM,),
        examples={"token in the body": {"access_token": fakes.ACCESS_TOKEN}},
        security=(*by_token("openid"), {}),
        responses=_CLAIMS,
        shared=(413, 500, 503),
    ),
)
