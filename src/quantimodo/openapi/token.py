"""Describes the token endpoint."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, Required, TypedDict

from quantimodo.openapi import fakes, tags
from quantimodo.openapi.authorization_details import GrantedDetails
from quantimodo.openapi.client_authentication import BY_CLIENT, INVALID_CLIENT
from quantimodo.openapi.operation import JSON, Content, Operation, Response, described
from quantimodo.openapi.responses import refused, too_many_requests
from quantimodo.openapi.token_request import TokenRequestPart, token_request
from quantimodo.protocol.constants import ACCESS_TOKEN_URN


class TokenAnswer(TypedDict, total=False):
    """The tokens (RFC 6749 §5.1)."""

    access_token: Required[
        Annotated[
            str,
            described(
                "An access token for the API. Opaque, `qma_…`; or, for apps registered for it, a"
                " JWT (RFC 9068).",
                fakes.ACCESS_TOKEN,
            ),
        ]
    ]
    issued_token_type: Annotated[
        Literal["urn:ietf:params:oauth:token-type:access_token"],
        described("With token exchange only (RFC 8693 §2.2.1).", ACCESS_TOKEN_URN),
    ]
    token_type: Required[
        Annotated[
            Literal["Bearer", "DPoP"],
            described("`DPoP` when the request has a DPoP proof (RFC 9449 §5).", "Bearer"),
        ]
    ]
    expires_in: Required[
        Annotated[int, described("Seconds that the access token has left.", 3600, ge=0)]
    ]
    scope: Required[Annotated[str, described("Space-separated granted scopes.", "basic")]]
    refresh_token: Annotated[
        str,
        described("Single-use refresh token. Not with `client_credentials`.", fakes.REFRESH_TOKEN),
    ]
    refresh_token_expires_in: Annotated[
        int,
        described("Seconds until the refresh token expires, if it is not used.", 2_592_000, ge=0),
    ]
    refresh_token_timeout: Annotated[
        int, described("The same; Refresh Token Expiration §6.1 has this name.", 2_592_000, ge=0)
    ]
    authorization_expires_in: Annotated[
        int,
        described("Seconds until the authorization ends; no refresh extends it.", 15_552_000, ge=0),
    ]
    id_token: Annotated[
        str,
        described("A signed JWT about the sign-in. Only with scope `openid`.", fakes.ID_TOKEN),
    ]
    grant_id: Annotated[
        str,
        described("The grant, if the request had `grant_management_action`.", fakes.GRANT_ID),
    ]
    authorization_details: GrantedDetails


_TOKENS: Final = {
    "authorization_code": {
        "access_token": fakes.ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "basic openid",
        "refresh_token": fakes.REFRESH_TOKEN,
        "id_token": fakes.ID_TOKEN,
    },
    "client_credentials": {
        "access_token": fakes.ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "readmeasurements",
    },
}
_REFUSALS: Final = {
    "invalid_request": "the parameter grant_type is missing",
    "invalid_grant": "the code was used before",
    "unauthorized_client": "the app is not registered for this grant_type",
    "unsupported_grant_type": "this grant_type is not offered",
    "invalid_scope": "a requested scope does not exist here",
    "invalid_target": "this resource was not granted",
    "invalid_authorization_details": "authorization_details exceed what was granted",
}


def operations(parts: Sequence[TokenRequestPart]) -> Sequence[Operation]:
    """The operations of the endpoint, with what these parts add."""
    request, responses = token_request(parts), _responses(parts)
    examples = {name: example for each in parts for name, example in each.examples.items()}
    about = "\n\n".join(
        (
            "A confidential app authenticates by HTTP Basic, or by `client_id` and"
            " `client_secret` in the body. A public app sends its `client_id`, and must have used"
            " PKCE.",
            *(each.about for each in parts if each.about),
            "A JSON object with the same members is accepted too.",
        )
    )
    return (
        Operation(
            route="token",
            method="POST",
            id="getTokens",
            tag=tags.TOKENS,
            summary="Exchange a code, a refresh token or client credentials for tokens",
            description=about,
            body=request,
            examples=examples,
            security=BY_CLIENT,
            responses=responses,
            shared=(413, 500, 503),
        ),
        Operation(
            route="token",
            method="GET",
            id="getTokensByAddress",
            twin_of="getTokens",
            tag=tags.TOKENS,
            summary="Exchange a code or a refresh token, with all parameters in the address",
            description=(
                "For clients of 2016. Addresses end up in logs and histories: use `POST`. Strict"
                " apps must, and the operator can turn this off for all."
            ),
            query=request,
            examples=examples,
            security=BY_CLIENT,
            responses=responses,
            shared=(413, 500, 503),
        ),
    )


def _responses(parts: Sequence[TokenRequestPart]) -> Mapping[int, Response]:
    about = (
        "Refused. `invalid_grant`: the code or refresh token is invalid or expired.",
        *(each.about_refusals for each in parts if each.about_refusals),
    )
    refusals = {code: text for each in parts for code, text in each.refusals.items()}
    return {
        200: Response(
            "The tokens. They are on disk before the response is sent.",
            (Content(JSON, TokenAnswer, _TOKENS),),
            ("NotStored",),
        ),
        400: refused(" ".join(about), _REFUSALS | refusals, "NotStored"),
        401: INVALID_CLIENT,
        429: too_many_requests(
            "More responses with tokens in a minute than the operator allows this app."
        ),
    }
