"""Describes the Grant Management API."""

from typing import Annotated, Any, Final, Required, TypedDict

from quantimodo.openapi import fakes, tags
from quantimodo.openapi.authorization_details import SLEEP_DETAILS, AuthorizationDetail
from quantimodo.openapi.bearer_authentication import REFUSED, by_token
from quantimodo.openapi.operation import JSON, Content, Operation, Response, described
from quantimodo.openapi.responses import refused
from quantimodo.protocol.grant_management import QUERY, REVOKE


class GrantPath(TypedDict):
    """The grant."""

    grant_id: Annotated[str, described("The `grant_id` of a token response.", fakes.GRANT_ID)]


class GrantedScopes(TypedDict, total=False):
    """Scopes that belong together."""

    scope: Required[Annotated[str, described("Space-separated scopes.", "readmeasurements")]]
    resource: Annotated[
        list[str],
        described(
            "The registered API that they are for. Missing for ours.", ["https://api.example.org"]
        ),
    ]


class ManagedGrant(TypedDict, total=False):
    """What a grant allows (Grant Management §6.4)."""

    scopes: Required[list[GrantedScopes]]
    claims: Required[
        Annotated[list[str], described("The claims that were requested individually.", ["email"])]
    ]
    authorization_details: Annotated[
        list[AuthorizationDetail],
        described(
            "The health data that the scope opens. Missing when it opens all, unless the request"
            " had the parameter.",
            SLEEP_DETAILS,
        ),
    ]
    created_at: Required[Annotated[int, described("Seconds since 1970.", 1_795_431_600)]]
    last_updated: Required[Annotated[int, described("Seconds since 1970.", 1_795_431_600)]]
    last_updated_at: Required[Annotated[int, described("The same.", 1_795_431_600)]]
    expires_at: Required[Annotated[int, described("Seconds since 1970.", 1_810_983_600)]]


_UNKNOWN: Final = refused(
    "The app manages no such grant, or it has ended.",
    {"not_found": "the app manages no such grant"},
    "NotStored",
)

_GRANT: Final[dict[str, Any]] = {
    "scopes": [{"scope": "readmeasurements"}],
    "claims": [],
    "authorization_details": SLEEP_DETAILS,
    "created_at": 1_795_431_600,
    "last_updated": 1_795_431_600,
    "last_updated_at": 1_795_431_600,
    "expires_at": 1_810_983_600,
}

OPERATIONS: Final = (
    Operation(
        route="grant",
        method="GET",
        id="getGrant",
        tag=tags.TOKENS,
        summary="Get a grant that the app manages",
        description=f"With a token of the app itself (`client_credentials`), scope `{QUERY}`.",
        path=GrantPath,
        security=by_token(QUERY),
        responses={
            200: Response(
                "The grant.", (Content(JSON, ManagedGrant, {"sleep": _GRANT}),), ("NotStored",)
            ),
            **REFUSED,
            404: _UNKNOWN,
        },
        shared=(413, 500, 503),
    ),
    Operation(
        route="grant",
        method="DELETE",
        id="revokeGrant",
        tag=tags.TOKENS,
        summary="Revoke a grant that the app manages",
        description="With a token of the app itself (`client_credentials`), scope"
        f" `{REVOKE}`. All tokens of the grant end at once.",
        path=GrantPath,
        security=by_token(REVOKE),
        responses={
            204: Response("The grant is revoked.", headers=("NotStored",)),
            **REFUSED,
            404: _UNKNOWN,
        },
        shared=(413, 500, 503),
    ),
)
