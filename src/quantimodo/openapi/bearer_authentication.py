"""How a request presents an access token, and the refusals of tokens."""

from collections.abc import Mapping
from typing import Final

from quantimodo.openapi.operation import Response, Security
from quantimodo.openapi.responses import refused

BY_ANY_TOKEN: Final[Security] = ({"bearer": []}, {"tokenInQuery": []})


def by_token(scope: str) -> Security:
    """Either way to present an access token that opens `scope`.

    Not by the scheme `oauth2`, which describes how to get one: generated TypeScript clients would
    send the token without `Bearer` before it.
    """
    return ({"bearer": [scope]}, {"tokenInQuery": []})


REFUSED: Final[Mapping[int, Response]] = {
    400: refused(
        "The token is sent in more than one way, or in a way that is turned off.",
        {"invalid_request": "the token is sent in more than one way"},
        "NotStored",
    ),
    401: refused(
        "No token (`unauthorized`), or an invalid one (`invalid_token`).",
        {
            "unauthorized": "an access token is needed",
            "invalid_token": "the access token has expired, was revoked or never existed",
        },
        "NotStored",
        "BearerChallenge",
    ),
    403: refused(
        "The token is valid, and lacks the scope.",
        {"insufficient_scope": "the token does not open this resource"},
        "NotStored",
        "BearerChallenge",
    ),
}

# RFC 9470 §3: an operator can require a newer or stronger sign-in for what is sensitive.
REFUSED_SENSITIVE: Final[Mapping[int, Response]] = {
    **REFUSED,
    401: refused(
        "No token (`unauthorized`), an invalid one (`invalid_token`), or one of a sign-in that is"
        " too old or too weak (`insufficient_user_authentication`): the challenge has `max_age` and"
        " `acr_values` for the authorization request.",
        {
            "unauthorized": "an access token is needed",
            "invalid_token": "the access token has expired, was revoked or never existed",
            "insufficient_user_authentication": (
                "the person has to sign in again, as the challenge says"
            ),
        },
        "NotStored",
        "BearerChallenge",
    ),
}
