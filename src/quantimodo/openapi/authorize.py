"""Descriptions of the authorization endpoint."""

from typing import Final

from quantimodo.openapi import fakes
from quantimodo.openapi.operation import FORM, HTML, JSON, Content, Operation, Response
from quantimodo.openapi.parameters import AuthorizationRequest
from quantimodo.openapi.responses import Authorization, RefusedAuthorization
from quantimodo.openapi.shared import TOO_LARGE

TAG: Final = "Authorization"

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
        tag=TAG,
        summary="Request access from a person",
        description=(
            "Open it in the person's browser: a redirect or a link, not a call by a program. The"
            " person signs in if need be, sees what the app requests, and returns to"
            " `redirect_uri` with a code, or with an error. A code is valid for a minute and is"
            " used"
            " once.\n\nCompare `state` and `iss` before you use the code.\n\nWho the person is,"
            " says the session of their browser, or a login JWT of the social endpoints as"
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
        tag=TAG,
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
