"""Headers and error responses that many operations have."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Required, TypedDict

from quantimodo.openapi.operation import JSON, Content, Response, described

INCIDENT: Final = "0123456789ab"


@dataclass(frozen=True, slots=True)
class Header:
    """A response header. `required`: it is never absent. `integer`: its value is an integer."""

    name: str
    description: str
    required: bool = True
    integer: bool = False


HEADERS: Final[Mapping[str, Header]] = {
    "NotStored": Header("Cache-Control", "`no-store`: the response is for this caller only."),
    "BasicChallenge": Header(
        "WWW-Authenticate", "`Basic`, when the app tried HTTP Basic.", required=False
    ),
    "BearerChallenge": Header(
        "WWW-Authenticate",
        "`Bearer`, with `error`, `error_description` and the missing `scope` (RFC 6750 §3); bare"
        " when no token was sent. `DPoP` with `algs` for tokens that are bound to a key (RFC 9449"
        " §7.1).",
    ),
    "Location": Header("Location", "The redirect."),
    "TotalCount": Header("Total-Count", "The total number.", integer=True),
    "Link": Header("Link", "The other pages (RFC 8288): `first`, `prev`, `next`, `last`."),
    "RetryAfter": Header("Retry-After", "Seconds to wait before the next attempt.", integer=True),
}

IncidentNumber = Annotated[
    str,
    described(
        "With a status of 500 or more: the number by which the operator finds it in the log.",
        INCIDENT,
    ),
]


class ProtocolError(TypedDict, total=False):
    """Why a request was refused (RFC 6749 §5.2, RFC 6750 §3)."""

    error: Required[Annotated[str, described("A code for programs.", "invalid_grant")]]
    error_description: Required[
        Annotated[
            str,
            described(
                "A text for the developer. It never repeats what was sent.",
                "the code was used before",
            ),
        ]
    ]
    error_uri: Annotated[
        str,
        described(
            "The guide about this refusal, with its stable code after `#`; of OAuth endpoints.",
            "https://id.example.org/guides/developer/errors/#code_used",
        ),
    ]
    incident: IncidentNumber


def refused(description: str, texts: Mapping[str, str], *headers: str, **more: str) -> Response:
    """An error as JSON. `texts`: for each code, a text that the endpoint returns; `more`: other
    members of the examples."""
    examples = {
        code: {"error": code, "error_description": text, **more} for code, text in texts.items()
    }
    return Response(description, (Content(JSON, ProtocolError, examples),), headers)


def too_many_requests(description: str) -> Response:
    """The refusal by a rate limit of an application or an address."""
    return refused(
        description,
        {
            "temporarily_unavailable": "too many requests of this application or address: try"
            " again later"
        },
        "NotStored",
        "RetryAfter",
    )


TOO_LARGE: Final = refused(
    "The body is larger than 64 KiB, or the headers are larger than 32 KiB.",
    {"invalid_request": "the request is too large"},
)

RESPONSES: Final[Mapping[int, tuple[str, Response]]] = {
    413: ("TooLarge", TOO_LARGE),
    500: (
        "Incident",
        refused(
            "An internal error. The operator finds its cause in the log by the number.",
            {
                "server_error": "something went wrong on our side;"
                f" the operator finds it as incident {INCIDENT}"
            },
            incident=INCIDENT,
        ),
    ),
    503: (
        "Unavailable",
        refused(
            "The database does not respond now. Nothing was changed.",
            {"temporarily_unavailable": "try again in a moment"},
            "RetryAfter",
            incident=INCIDENT,
        ),
    ),
}
