"""Describes dynamic client registration."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Required, TypedDict

from quantimodo.openapi import fakes, tags
from quantimodo.openapi.operation import JSON, Content, Operation, Response, described
from quantimodo.openapi.responses import refused, too_many_requests
from quantimodo.openapi.schemas import typed_dict
from quantimodo.protocol.client_fields import FIELDS

_TYPES: Final[Mapping[str, Any]] = {
    "text": str,
    "words": str,
    "texts": list[str],
    "names": list[str],
    "flag": bool,
    "seconds": int,
    "json": dict[str, Any],
    "objects": list[dict[str, Any]],
}


def _members() -> dict[str, Any]:
    """The members of a registration, from the table of client metadata fields."""
    members: dict[str, Any] = {}
    for field in FIELDS:
        if field.schema is not None:
            description = described(field.schema.description, field.schema.example)
            kind: Any = _TYPES[field.kind]
            member: Any = Annotated[kind, description]
            members[field.wire] = Required[member] if field.schema.required else member
    return members


ClientDocument: Any = typed_dict(
    "ClientDocument",
    """The metadata of an app (RFC 7591 §2, OpenID Connect Registration §2,
    JARM §3). Members with a language tag, such as `client_name#ja`, are stored too; unknown members
    are ignored.""",
    _members(),
)

RegisteredClient: Any = typed_dict(
    "RegisteredClient",
    """The registered metadata, and how the app manages itself (RFC 7591
    §3.2.1, RFC 7592 §3).""",
    {
        **_members(),
        "client_id": Required[
            Annotated[str, described("The identifier of the app.", fakes.CLIENT_ID)]
        ],
        "client_secret": Annotated[str, described("It is not shown again.", fakes.CLIENT_SECRET)],
        "client_secret_expires_at": Annotated[int, described("0: it does not expire.", 0)],
        "client_id_issued_at": Annotated[int, described("Seconds since 1970.", 1_795_431_600)],
        "registration_access_token": Annotated[
            str,
            described("The token with which the app manages itself.", "fake-registration-token"),
        ],
        "registration_client_uri": Annotated[
            str,
            described(
                "The address at which the app manages itself.",
                f"{fakes.ISSUER}/api/v2/oauth2/register/{fakes.CLIENT_ID}",
            ),
        ],
    },
)


class RegisteredPath(TypedDict):
    """The app."""

    client_id: Annotated[str, described("The identifier of the app.", fakes.CLIENT_ID)]


_REQUEST: Final = {"redirect_uris": [fakes.REDIRECT_URI], "client_name": "Mood Tracker"}
_REGISTERED: Final = {
    **_REQUEST,
    "client_id": fakes.CLIENT_ID,
    "client_secret": fakes.CLIENT_SECRET,
    "client_secret_expires_at": 0,
    "client_id_issued_at": 1_795_431_600,
    "registration_access_token": "fake-registration-token",
    "registration_client_uri": f"{fakes.ISSUER}/api/v2/oauth2/register/{fakes.CLIENT_ID}",
}
_BAD: Final = refused(
    "The metadata is invalid; the description has the reason. Nothing was stored.",
    {
        "invalid_redirect_uri": "redirect_uris must be an array of texts",
        "invalid_client_metadata": "client_id: must be that of the app",
        "invalid_software_statement": "software_statement must be a text",
        "unapproved_software_statement": "this server does not trust the signer of the software"
        " statement",
    },
    "NotStored",
)
_NOT_YOURS: Final = refused(
    "The token does not manage this app.",
    {"invalid_token": "this token does not manage this app"},
    "NotStored",
    "BearerChallenge",
)
_CURRENT: Final = Response(
    "The registered metadata.",
    (Content(JSON, RegisteredClient, {"app": _REGISTERED}),),
    ("NotStored",),
)
_HEADER: Final = refused(
    "The `Authorization` header is repeated.", {"invalid_request": "a header is repeated"}
)

OPERATIONS: Final = (
    Operation(
        route="register",
        method="POST",
        id="registerClient",
        tag=tags.REGISTRATION,
        summary="Register an app",
        description=(
            "With an initial access token as `Bearer`, or without, as the operator configured it."
            " The server metadata has a `registration_endpoint` if registration is possible."
        ),
        body=ClientDocument,
        bodies=(JSON,),
        examples={"an app": _REQUEST},
        security=({"bearer": []}, {}),
        responses={
            201: Response(
                "The app is registered.",
                (Content(JSON, RegisteredClient, {"app": _REGISTERED}),),
                ("NotStored",),
            ),
            400: _BAD,
            401: _NOT_YOURS,
            403: refused(
                "Dynamic registration is disabled.",
                {"access_denied": "apps do not register themselves on this server"},
                "NotStored",
            ),
            429: too_many_requests("Too many registrations from this address."),
        },
        shared=(413, 500, 503),
    ),
    Operation(
        route="registration",
        method="GET",
        id="getClient",
        tag=tags.REGISTRATION,
        summary="Get the registered metadata of an app",
        description="With its registration access token. The response has no secret.",
        path=RegisteredPath,
        security=({"bearer": []},),
        responses={200: _CURRENT, 400: _HEADER, 401: _NOT_YOURS},
        shared=(413, 500, 503),
    ),
    Operation(
        route="registration",
        method="PUT",
        id="replaceClient",
        tag=tags.REGISTRATION,
        summary="Replace the registered metadata of an app",
        description="Members that are left out are removed (RFC 7592 §2.2).",
        path=RegisteredPath,
        body=RegisteredClient,
        bodies=(JSON,),
        examples={"an app": {**_REQUEST, "client_id": fakes.CLIENT_ID}},
        security=({"bearer": []},),
        responses={200: _CURRENT, 400: _BAD, 401: _NOT_YOURS},
        shared=(413, 500, 503),
    ),
    Operation(
        route="registration",
        method="DELETE",
        id="deleteClient",
        tag=tags.REGISTRATION,
        summary="Delete an app",
        description="All its tokens stop working at once.",
        path=RegisteredPath,
        security=({"bearer": []},),
        responses={204: Response("The app is deleted."), 400: _HEADER, 401: _NOT_YOURS},
        shared=(413, 500, 503),
    ),
)
