"""Describes the logout endpoints."""

from typing import Annotated, Final, TypedDict

from quantimodo.openapi import fakes, tags
from quantimodo.openapi.operation import FORM, HTML, Content, Operation, Response, described
from quantimodo.openapi.responses import TOO_LARGE


class EndSessionRequest(TypedDict, total=False):
    """A request to sign the person out (RP-Initiated Logout §2)."""

    id_token_hint: Annotated[
        str,
        described(
            "The last ID token that the app got for this person, expired or not. When it names the"
            " session of this browser, no confirmation is needed.",
            fakes.ID_TOKEN,
        ),
    ]
    client_id: Annotated[
        str,
        described(
            "The app's id, if there is no ID token. With one, they must agree.", fakes.CLIENT_ID
        ),
    ]
    post_logout_redirect_uri: Annotated[
        str,
        described(
            "The redirect after logout: one of the app's registered"
            " `post_logout_redirect_uris`, exactly. Only with `id_token_hint` or"
            " `client_id`.",
            "https://app.example.org/signed-out",
        ),
    ]
    state: Annotated[
        str, described("Returned unchanged in `post_logout_redirect_uri`.", fakes.STATE)
    ]
    logout_hint: Annotated[str, described("Accepted and ignored.", "ann@example.org")]
    ui_locales: Annotated[
        str,
        described(
            "The languages of the pages, in order of preference; unknown ones are ignored.", "de en"
        ),
    ]


_EXAMPLE: Final = {
    "id_token_hint": fakes.ID_TOKEN,
    "post_logout_redirect_uri": "https://app.example.org/signed-out",
    "state": fakes.STATE,
}
_BUSY: Final = Response(
    "The server is busy. Nothing was changed.", (Content(HTML, str),), ("RetryAfter",)
)
_RESPONSES: Final = {
    200: Response(
        "A page: it requests confirmation; or the person is signed out, and the page loads the"
        " `frontchannel_logout_uri` of their apps and then continues.",
        (Content(HTML, str),),
    ),
    303: Response(
        "The person is signed out: redirect to `post_logout_redirect_uri`, with `state`.",
        headers=("Location",),
    ),
    400: Response(
        "The request is invalid. The person stays signed in, sees an error page, and is never"
        " redirected; if only the redirect is refused, the page still offers to sign out.",
        (Content(HTML, str),),
    ),
    413: Response(TOO_LARGE.description, (Content(HTML, str), *TOO_LARGE.content)),
    500: Response("An internal error, with a number for the operator.", (Content(HTML, str),)),
    503: _BUSY,
}
_BY_FORM: Final = {
    303: Response(
        "Redirect to the same by `GET`, with the browser's cookies.", headers=("Location",)
    ),
    **{status: response for status, response in _RESPONSES.items() if status not in (200, 303)},
}

OPERATIONS: Final = (
    Operation(
        route="logout",
        method="GET",
        id="logout",
        tag=tags.AUTHORIZATION,
        summary="Sign a person out",
        description=(
            "Open it in the person's browser. Their session here ends; all apps in which they"
            " signed in by it, and that registered a `backchannel_logout_uri` or a"
            " `frontchannel_logout_uri`, are notified."
        ),
        query=EndSessionRequest,
        examples={"logout": _EXAMPLE},
        responses=_RESPONSES,
    ),
    Operation(
        route="logout",
        method="POST",
        id="logoutByForm",
        twin_of="logout",
        tag=tags.AUTHORIZATION,
        summary="Sign a person out, by a form",
        description="The same; the parameters are the fields of a form that the browser sends.",
        body=EndSessionRequest,
        bodies=(FORM,),
        examples={"logout": _EXAMPLE},
        responses=_BY_FORM,
    ),
    Operation(
        route="check_session",
        method="GET",
        id="checkSession",
        tag=tags.AUTHORIZATION,
        summary="Watch for changes of the session",
        description=(
            "A page for a hidden frame in the app's own page. Post `client_id session_state` to it,"
            " and it responds `unchanged`, `changed` or `error` (Session Management §3)."
        ),
        responses={200: Response("The frame, with its script.", (Content(HTML, str),))},
    ),
)
