"""Describes the person of a token (v1 API)."""

from typing import Annotated, Final, NotRequired, TypedDict

from quantimodo.openapi import fakes, tags
from quantimodo.openapi.bearer_authentication import REFUSED, by_token
from quantimodo.openapi.operation import JSON, Content, Operation, Response, described


class SignedInUser(TypedDict):
    """The person, in the format of the v1 API."""

    id: Annotated[
        int | None, described("The person's number in the API. Null for a pairwise app.", 42)
    ]
    displayName: Annotated[str, described("The name that applications show.", "Ann Example")]
    loginName: Annotated[
        str | None,
        described(
            "The verified e-mail address, otherwise the subject. Null for a pairwise app.",
            "ann@example.org",
        ),
    ]
    email: Annotated[str | None, described("Null until it is verified.", "ann@example.org")]
    emailVerified: Annotated[bool, described("Whether there is a verified address.", True)]
    sub: NotRequired[Annotated[str, described("The person, for a pairwise app.", fakes.SUBJECT)]]


class Person(SignedInUser):
    """The person of the token, in the format of the v1 API."""

    administrator: Annotated[bool, described("Whether they operate this server.", False)]


OPERATIONS: Final = (
    Operation(
        route="user_me",
        method="GET",
        id="getUser",
        tag=tags.PEOPLE,
        summary="Get the person of a token",
        description="The person who allowed the access. Scope `basic`.",
        security=by_token("basic"),
        responses={
            200: Response(
                "The person.",
                (
                    Content(
                        JSON,
                        Person,
                        {
                            "Ann": {
                                "id": 42,
                                "displayName": "Ann Example",
                                "loginName": "ann@example.org",
                                "email": "ann@example.org",
                                "emailVerified": True,
                                "administrator": False,
                            },
                        },
                    ),
                ),
                ("NotStored",),
            ),
            **REFUSED,
        },
        shared=(413, 500, 503),
    ),
)
