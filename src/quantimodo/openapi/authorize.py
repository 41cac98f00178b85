"""Describes the authorization endpoint."""

from typing import Annotated, Final, Literal, NotRequired, Required, TypedDict

from quantimodo.openapi import fakes, tags
from quantimodo.openapi.authorization_request import RequestParameters
from quantimodo.openapi.operation import FORM, HTML, JSON, Content, Operation, Response, described
from quantimodo.openapi.responses import TOO_LARGE, IncidentNumber


class AuthorizationRequest(RequestParameters, total=False):
    """An authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1)."""

    token: Annotated[
        str,
        described(
            "A login JWT of the social endpoints: identifies the person, for one authorization."
            " Better as `Authorization: Bearer`. It is moved out of the address at once.",
            fakes.LOGIN_TOKEN,
        ),
    ]
    request_uri: Annotated[
        str,
        described(
            "The `request_uri` of a pushed request (RFC 9126), which then needs only `client_id`"
            " beside it; or the registered address of that JWT.",
            "https://app.example.org/request.jwt",
        ),
    ]
    client_secret: Annotated[
        str,
        described(
            "Leave it out. Clients of 2016 send it; a wrong one is refused.",
            fakes.CLIENT_SECRET,
            extra_json_schema={"deprecated": True},
        ),
    ]


class Interaction(TypedDict, total=False):
    code: Required[Annotated[str, described("A code for programs.", "login_required")]]
    message: Required[
        Annotated[
            str,
            described(
                "A text for people.",
                "No person is signed in. Open interactionUrl in a browser to go on.",
            ),
        ]
    ]
    interactionUrl: Annotated[
        str,
        described(
            "The same request, to open in a browser.",
            f"{fakes.ISSUER}/api/v2/oauth/authorize?client_id={fakes.CLIENT_ID}",
        ),
    ]


class AuthorizationData(TypedDict, total=False):
    """The parameters of the response, as in a redirect."""

    code: Annotated[
        str, described("Single-use authorization code, valid for a minute.", fakes.CODE)
    ]
    access_token: Annotated[str, described("With `response_type=token`.", fakes.ACCESS_TOKEN)]
    token_type: Annotated[Literal["Bearer"], described("Always `Bearer`.", "Bearer")]
    expires_in: Annotated[int, described("Seconds that the access token has left.", 3600, ge=0)]
    scope: Annotated[str, described("What was granted.", "basic")]
    id_token: Annotated[str, described("With `response_type=id_token`.", fakes.ID_TOKEN)]
    state: Annotated[str, described("As it was sent.", fakes.STATE)]
    iss: Required[Annotated[str, described("This server (RFC 9207).", fakes.ISSUER)]]
    redirectUri: Required[
        Annotated[
            str,
            described(
                "The address that a browser would be redirected to.",
                f"{fakes.REDIRECT_URI}?code={fakes.CODE}&state={fakes.STATE}",
            ),
        ]
    ]


class Authorization(TypedDict):
    """A response for a caller that is not a browser, and has a login JWT."""

    success: Annotated[Literal[True], described("Always true.", True)]
    data: AuthorizationData


class RefusedAuthorization(TypedDict):
    """An error for a caller that is not a browser: it accepts `application/json`, and no page."""

    success: Annotated[Literal[False], described("Always false.", False)]
    status: Annotated[Literal["error"], described("Always `error`.", "error")]
    message: Annotated[str, described("The same as `error.message`.", "No person is signed in.")]
    error: Interaction
    incident: NotRequired[IncidentNumber]


_AGAIN: Final = f"{fakes.ISSUER}/api/v2/oauth/authorize?client_id={fakes.CLIENT_ID}"

_EXAMPLE: Final = {
    "client_id": fakes.CLIENT_ID,
    "response_type": "code",
    "redirect_uri": fakes.REDIRECT_URI,
    "scope": "basic readmeasurements",
    "state": fakes.STATE,
    "code_challenge": fakes.CHALLENGE,
    "code_challenge_method": "S256",
}


def _refused(code: str, message: str, **more: str) -> dict[str, object]:
    return {
        "success": False,
        "status": "error",
        "message": message,
        "error": {"code": code, "message": message, **more},
    }


_GRANTED: Final = {
    "code": fakes.CODE,
    "state": fakes.STATE,
    "iss": fakes.ISSUER,
    "redirectUri": f"{fakes.REDIRECT_URI}?code={fakes.CODE}&state={fakes.STATE}",
}

_RESPONSES: Final = {
    200: Response(
        "The consent page. Or, with `response_mode=form_post`, a form"
        " that submits the response to the app. For a caller that accepts `application/json`"
        " and no page, and has a login JWT: the response as JSON.",
        (
            Content(HTML, str),
            Content(JSON, Authorization, {"code": {"success": True, "data": _GRANTED}}),
        ),
    ),
    303: Response(
        "Redirect to the sign-in page, which returns here. Or to the app: `redirect_uri` with"
        " `code`, `state` and `iss`; or with `error`, `error_description`, `error_uri`, `state` and"
        " `iss`."
        " Errors are `invalid_request`, `unauthorized_client`, `access_denied`,"
        " `unsupported_response_type`, `invalid_scope`, `invalid_target`, `invalid_grant_id`,"
        " `login_required`,"
        " `consent_required`,"
        " `invalid_authorization_details`, `invalid_request_object`, `invalid_request_uri`,"
        " `unmet_authentication_requirements` and `registration_not_supported`.",
        headers=("Location",),
    ),
    400: Response(
        "The app or its address cannot be trusted, so nothing is sent there; the person sees an"
        " error page."
        " As JSON: any fault of the request.",
        (
            Content(HTML, str),
            Content(
                JSON,
                RefusedAuthorization,
                {
                    "invalid_request": _refused(
                        "invalid_request", "There is no app with this client_id here."
                    )
                },
            ),
        ),
    ),
    401: Response(
        "Only for a caller that accepts `application/json` and no page: no person is signed in.",
        (
            Content(
                JSON,
                RefusedAuthorization,
                {
                    "login_required": _refused(
                        "login_required",
                        "No person is signed in. Open interactionUrl in a browser to go on.",
                        interactionUrl=_AGAIN,
                    )
                },
            ),
        ),
    ),
    403: Response(
        "Only for a caller that accepts `application/json` and no page: consent is needed.",
        (
            Content(
                JSON,
                RefusedAuthorization,
                {
                    "interaction_required": _refused(
                        "interaction_required",
                        "The person has to be asked. Open interactionUrl in a browser to go on.",
                        interactionUrl=_AGAIN,
                    )
                },
            ),
        ),
    ),
    413: Response(
        TOO_LARGE.description,
        (Content(HTML, str), *TOO_LARGE.content),
    ),
    429: Response("Too many attempts.", (Content(HTML, str),), ("RetryAfter",)),
    500: Response(
        "An internal error, with a number for the operator.",
        (Content(HTML, str), Content(JSON, RefusedAuthorization)),
    ),
    503: Response(
        "The server is busy. Nothing was changed.",
        (Content(HTML, str), Content(JSON, RefusedAuthorization)),
        ("RetryAfter",),
    ),
}

OPERATIONS: Final = (
    Operation(
        route="authorize",
        method="GET",
        id="authorize",
        tag=tags.AUTHORIZATION,
        summary="Request access from a person",
        description=(
            "Open it in the person's browser: a redirect or a link, not a call by a program. The"
            " person signs in if need be, sees what the app requests, and returns to"
            " `redirect_uri` with a code, or with an error. A code is valid for a minute and is"
            " used once.\n\nCompare `state` and `iss` before you use the code.\n\nThe session of"
            " their browser identifies the person, or a login JWT of the social endpoints as"
            " `Authorization: Bearer`."
        ),
        query=AuthorizationRequest,
        examples={"code": _EXAMPLE},
        responses=_RESPONSES,
    ),
    Operation(
        route="authorize",
        method="POST",
        id="authorizeByForm",
        twin_of="authorize",
        tag=tags.AUTHORIZATION,
        summary="Request access by a form",
        description=(
            "The same, for requests that are too long for an address: the parameters are the"
            " fields of a form that the person's browser sends."
        ),
        body=AuthorizationRequest,
        bodies=(FORM,),
        examples={"code": _EXAMPLE},
        responses=_RESPONSES,
    ),
)
