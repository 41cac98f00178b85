"""Token requests: what all of them have, and what the grant types of RFC 6749 and DPoP add.

`table.TOKEN_REQUEST_PARTS` lists the parts. Each other grant type has a separate file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Required, TypedDict

from quantimodo.openapi import fakes
from quantimodo.openapi.client_authentication import (
    ClientAssertion,
    ClientAssertionType,
    ClientId,
    ClientSecret,
)
from quantimodo.openapi.operation import Examples, described
from quantimodo.openapi.schemas import typed_dict
from quantimodo.protocol.grant_types import GRANT_TYPES


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequestPart:
    """What a grant type, or an extension such as DPoP, adds to the description of token requests.

    `parameters` is the type of its parameters, `examples` its requests by name, `about` a
    paragraph. `refusals` has a text for each of its error codes, and `about_refusals` is a sentence
    about them.
    """

    parameters: Any = None
    examples: Examples = field(default_factory=dict)
    about: str = ""
    refusals: Mapping[str, str] = field(default_factory=dict)
    about_refusals: str = ""


class _GrantType(TypedDict, total=False):
    grant_type: Required[
        Annotated[
            str,
            described(
                "The kind of credential that is exchanged for tokens.",
                "authorization_code",
                extra_json_schema={"enum": sorted(GRANT_TYPES)},
            ),
        ]
    ]


class _Restrictions(TypedDict, total=False):
    scope: Annotated[
        str,
        described(
            "For `refresh_token`: a subset of the granted scopes. For `client_credentials`: a"
            " part of what the app is registered for.",
            fakes.SCOPES,
        ),
    ]
    resource: Annotated[
        str,
        described(
            "The API that the access token is for: one of those that were granted (RFC 8707).",
            fakes.AUDIENCE,
        ),
    ]
    authorization_details: Annotated[
        str,
        described(
            "For `authorization_code` and `refresh_token`: a part of the granted health data, as"
            " JSON (RFC 9396 §6). The access token is restricted to it; the refresh token is not.",
            fakes.DETAILS,
        ),
    ]
    client_id: ClientId
    client_secret: ClientSecret
    client_assertion_type: ClientAssertionType
    client_assertion: ClientAssertion


def token_request(parts: Sequence[TokenRequestPart]) -> Any:
    """The type of a token request, with the parameters of these parts."""
    added = [each.parameters for each in parts if each.parameters is not None]
    members: dict[str, Any] = {}
    for each in (_GrantType, *added, _Restrictions):
        members |= each.__annotations__
    return typed_dict(
        "TokenRequest", "A token request (RFC 6749 §4.1.3, §4.4.2, §6; RFC 8628 §3.4).", members
    )


class _AuthorizationCode(TypedDict, total=False):
    code: Annotated[
        str,
        described(
            "For `authorization_code`: the code, once, within its minute. For `refresh_token`,"
            " clients of 2016 send the refresh token here.",
            fakes.CODE,
        ),
    ]
    redirect_uri: Annotated[
        str,
        described(
            "For `authorization_code`: that of the authorization request, if it has one.",
            fakes.REDIRECT_URI,
        ),
    ]
    code_verifier: Annotated[
        str,
        described(
            "For `authorization_code`: the verifier of `code_challenge`.",
            fakes.VERIFIER,
            pattern="^[A-Za-z0-9._~-]{43,128}$",
        ),
    ]


class _RefreshToken(TypedDict, total=False):
    refresh_token: Annotated[
        str,
        described(
            "For `refresh_token`: the newest one. It is used up; the response has its successor.",
            fakes.REFRESH_TOKEN,
        ),
    ]


AUTHORIZATION_CODE: Final = TokenRequestPart(
    parameters=_AuthorizationCode,
    examples={
        "authorization_code": {
            "grant_type": "authorization_code",
            "code": fakes.CODE,
            "redirect_uri": fakes.REDIRECT_URI,
            "code_verifier": fakes.VERIFIER,
            "client_id": fakes.CLIENT_ID,
        },
    },
    about="A code can be used once. A second use is refused, and revokes the tokens of the first"
    " one.",
)

REFRESH_TOKEN: Final = TokenRequestPart(
    parameters=_RefreshToken,
    examples={
        "refresh_token": {
            "grant_type": "refresh_token",
            "refresh_token": fakes.REFRESH_TOKEN,
            "client_id": fakes.CLIENT_ID,
        },
    },
    about="A refresh token is used once; the response has its successor. For ten seconds (the"
    " operator can change that) it returns the same successor again, so that two tabs or a"
    " lost response do not sign a person out. A later use means that two parties have the"
    " token, and revokes the whole authorization.",
)

CLIENT_CREDENTIALS: Final = TokenRequestPart(
    examples={
        "client_credentials": {
            "grant_type": "client_credentials",
            "scope": "readmeasurements",
            "client_id": fakes.CLIENT_ID,
            "client_secret": fakes.CLIENT_SECRET,
        },
    },
)

DPOP: Final = TokenRequestPart(
    about="With a proof in the header `DPoP`, the access token is bound to the app's key, and so"
    " is the refresh token of a public app (RFC 9449). The response to it has a nonce in"
    " `DPoP-Nonce`; with the error `use_dpop_nonce`, repeat the request with a proof that"
    " has this nonce.",
    refusals={
        "invalid_dpop_proof": "the DPoP proof was used before",
        "use_dpop_nonce": "the DPoP proof needs the nonce in the header DPoP-Nonce",
    },
)
