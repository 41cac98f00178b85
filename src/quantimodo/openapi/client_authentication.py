"""How an application authenticates at the endpoints for programs."""

from typing import Annotated, Final, Literal

from quantimodo.openapi import fakes
from quantimodo.openapi.operation import Security, described
from quantimodo.openapi.responses import refused

BY_CLIENT: Final[Security] = ({"clientBasic": []}, {})
"""An app by HTTP Basic; or by `client_id` and `client_secret` among the parameters."""

ClientId = Annotated[
    str, described("The app's id. May be left out beside HTTP Basic.", fakes.CLIENT_ID)
]

ClientSecret = Annotated[
    str,
    described(
        "The app's secret, unless it is sent by HTTP Basic. Public apps have none.",
        fakes.CLIENT_SECRET,
    ),
]

ClientAssertionType = Annotated[
    Literal["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"],
    described(
        "The type of `client_assertion`.", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    ),
]

ClientAssertion = Annotated[
    str,
    described(
        "The client assertion, for `private_key_jwt` and `client_secret_jwt`"
        " (RFC 7523): `iss` and `sub` are its id, `aud` this server, `jti` used once.",
        fakes.ID_TOKEN,
    ),
]

INVALID_CLIENT: Final = refused(
    "Client authentication failed.",
    {"invalid_client": "client authentication failed"},
    "NotStored",
    "BasicChallenge",
)
