"""Describes token exchange (RFC 8693)."""

from typing import Annotated, Final, Literal, TypedDict

from quantimodo.openapi import fakes
from quantimodo.openapi.operation import described
from quantimodo.openapi.token_request import TokenRequestPart
from quantimodo.protocol.constants import ACCESS_TOKEN_URN, TOKEN_EXCHANGE


class _TokenExchange(TypedDict, total=False):
    audience: Annotated[
        str, described("For token exchange: the same as `resource`.", "https://tasks.example.org/")
    ]
    subject_token: Annotated[
        str,
        described(
            "For token exchange (RFC 8693): an access token of the app, or one for an API of the"
            " app.",
            fakes.ACCESS_TOKEN,
        ),
    ]
    subject_token_type: Annotated[
        Literal["urn:ietf:params:oauth:token-type:access_token"],
        described("The type of `subject_token`.", ACCESS_TOKEN_URN),
    ]
    actor_token: Annotated[
        str,
        described(
            "For token exchange: an access token of the client that acts (`client_credentials`),"
            " for an API of the app. By default the app itself acts.",
            fakes.ACCESS_TOKEN,
        ),
    ]
    actor_token_type: Annotated[
        Literal[
            "urn:ietf:params:oauth:token-type:access_token",
            "urn:ietf:params:oauth:token-type:jwt",
        ],
        described("The type of `actor_token`.", ACCESS_TOKEN_URN),
    ]
    requested_token_type: Annotated[
        Literal["urn:ietf:params:oauth:token-type:access_token"],
        described("For token exchange: the default.", ACCESS_TOKEN_URN),
    ]


GRANT_TYPE: Final = TokenRequestPart(
    parameters=_TokenExchange,
    examples={
        "token_exchange": {
            "grant_type": TOKEN_EXCHANGE,
            "subject_token": fakes.ACCESS_TOKEN,
            "subject_token_type": ACCESS_TOKEN_URN,
            "resource": "https://tasks.example.org/",
            "client_id": fakes.CLIENT_ID,
            "client_secret": fakes.CLIENT_SECRET,
        },
    },
    about="With token exchange (RFC 8693), which the operator has to offer, an API gets an access"
    " token for another API that the person allowed. `invalid_request` is the error for a"
    " `subject_token` that the app may not exchange.",
)
