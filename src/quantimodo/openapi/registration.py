"""Descriptions of dynamic client registration and management."""

from typing import Annotated, Any, Final, Required, TypedDict

from quantimodo.openapi import fakes
from quantimodo.openapi.operation import JSON, Answer, Content, Operation, said
from quantimodo.openapi.responses import refused

TAG: Final = "Registration"


class ClientDocument(TypedDict, total=False):
    """What an app says of itself (RFC 7591 §2, OpenID Connect Registration §2). These are the
    members that most apps need; all others of the two specifications, of logout and of JARM are
    taken too, and kept."""

    redirect_uris: Required[Annotated[list[str], said("Redirect URIs.", [fakes.REDIRECT_URI])]]
    client_name: Annotated[str, said("The name that people see.", "Mood Tracker")]
    grant_types: Annotated[
        list[str],
        said("`authorization_code` by default.", ["authorization_code", "refresh_token"]),
    ]
    response_types: Annotated[list[str], said("`code` by default.", ["code"])]
    scope: Annotated[
        str,
        said(
            "Space-separated scopes; by default the identity scopes.",
            "openid profile readmeasurements",
        ),
    ]
    token_endpoint_auth_method: Annotated[
        str,
        said("`client_secret_basic` by default; `none` is a public app.", "client_secret_basic"),
    ]
    application_type: Annotated[str, said("`web` by default, or `native`.", "web")]
    client_uri: Annotated[str, said("Its home page.", "https://app.example.org/")]
    logo_uri: Annotated[
        str, said("A picture: fetched once, and shown from here.", "https://app.example.org/l.png")
    ]
    policy_uri: Annotated[str, said("Its privacy policy.", "https://app.example.org/privacy")]
    tos_uri: Annotated[str, said("Its terms.", "https://app.example.org/terms")]
    jwks_uri: Annotated[
        str, said("The address of its public keys.", "https://app.example.org/jwks.json")
    ]
    jwks: Annotated[dict[str, Any], said("Or the public keys themselves.", {"keys": []})]
    id_token_signed_response_alg: Annotated[str, said("`RS256` by default.", "ES256")]
    subject_type: Annotated[str, said("`public` by default, or `pairwise`.", "pairwise")]
    include_claims_in_id_token: Annotated[
        bool,
        said(
            "Whether its ID tokens include the claims of `profile`, `email`, `address` and `phone`."
            " A setting of this server; false by default.",
            True,
        ),
    ]


class RegisteredClient(ClientDocument, total=False):
    """The registered metadata, and the credentials to manage it (RFC 7591 §3.2.1, RFC 7592 §3)."""

    client_id: Required[Annotated[str, said("The app's id.", fakes.CLIENT_ID)]]
    client_secret: Annotated[str, said("Shown this once.", fakes.CLIENT_SECRET)]
    client_secret_expires_at: Annotated[int, said("0: it does not expire.", 0)]
    client_id_issued_at: Annotated[int, said("In seconds since 1970.", 1_795_431_600)]
    registration_access_token: Annotated[
        str, said("The registration access token.", "fake-registration-token")
    ]
    registration_client_uri: Annotated[
        str,
        said(
            "The address of the management endpoint.",
            f"{fakes.ISSUER}/api/v2/oauth2/register/{fakes.CLIENT_ID}",
        ),
    ]


class RegisteredPath(TypedDict):
    """Which app."""

    client_id: Annotated[str, said("The app's id.", fakes.CLIENT_ID)]


_ASKED: Final = {"redirect_uris": [fakes.REDIRECT_URI], "client_name": "Mood Tracker"}
_GIVEN: Final = {
    **_ASKED,
    "client_id": fakes.CLIENT_ID,
    "client_secret": fakes.CLIENT_SECRET,
    "client_secret_expires_at": 0,
    "client_id_issued_at": 1_795_431_600,
    "registration_access_token": "fake-registration-token",
    "registration_client_uri": f"{fakes.ISSUER}/api/v2/oauth2/register/{fakes.CLIENT_ID}",
}
_BAD: Final = refused(
    "Some metadata is invalid; the text says which. Nothing was stored.",
    {
        "invalid_redirect_uri": "redirect_uris must be an array of texts",
        "invalid_client_metadata": "client_id: must be that of the app",
        "invalid_software_statement": "software_statement must be a text",
        "unapproved_software_statement": "the software statement is not signed by anybody whom"
        " this server trusts for it",
    },
    "NotStored",
)
_NOT_YOURS: Final = refused(
    "The token is not valid for this.",
    {"invalid_token": "this token does not manage this app"},
    "NotStored",
    "BearerChallenge",
)
_CURRENT: Final = Answer(
    "What is registered.", (Content(JSON, RegisteredClient, {"app": _GIVEN}),), ("NotStored",)
)
_HEADER: Final = refused(
    "The `Authorization` header is sent twice.", {"invalid_request": "a header is repeated"}
)

OPERATIONS: Final = (
    Operation(
        route="register",
        method="POST",
        id="registerClient",
        tag=TAG,
        summary="Register an app",
        description=(
            "Where the operator allows it: with an initial access token as `Bearer`, or without."
            " The metadata says so by its `registration_endpoint`."
        ),
        body=ClientDocument,
        bodies=(JSON,),
        examples={"an app": _ASKED},
        security=({"bearer": []}, {}),
        answers={
            201: Answer(
                "It is registered.",
                (Content(JSON, RegisteredClient, {"app": _GIVEN}),),
                ("NotStored",),
            ),
            400: _BAD,
            401: _NOT_YOURS,
            403: refused(
                "Apps do not register themselves here.",
                {"access_denied": "apps do not register themselves on this server"},
                "NotStored",
            ),
            429: refused(
                "Too many from this address.",
                {
                    "temporarily_unavailable": "too many registrations from this address: try again"
                    " later"
                },
                "NotStored",
                "RetryAfter",
            ),
        },
        shared=(413, 500, 503),
    ),
    Operation(
        route="registration",
        method="GET",
        id="getClient",
        tag=TAG,
        summary="What is registered for an app",
        description="Requires its registration access token. The secret is not returned again.",
        path=RegisteredPath,
        security=({"bearer": []},),
        answers={200: _CURRENT, 400: _HEADER, 401: _NOT_YOURS},
        shared=(413, 500, 503),
    ),
    Operation(
        route="registration",
        method="PUT",
        id="replaceClient",
        tag=TAG,
        summary="Replace what is registered for an app",
        description="All of it: what is left out is as if never given (RFC 7592 §2.2).",
        path=RegisteredPath,
        body=RegisteredClient,
        bodies=(JSON,),
        examples={"an app": {**_ASKED, "client_id": fakes.CLIENT_ID}},
        security=({"bearer": []},),
        answers={200: _CURRENT, 400: _BAD, 401: _NOT_YOURS},
        shared=(413, 500, 503),
    ),
    Operation(
        route="registration",
        method="DELETE",
        id="deleteClient",
        tag=TAG,
        summary="Delete an app",
        description="All its tokens are revoked at once.",
        path=RegisteredPath,
        security=({"bearer": []},),
        answers={204: Answer("Deleted."), 400: _HEADER, 401: _NOT_YOURS},
        shared=(413, 500, 503),
    ),
)
