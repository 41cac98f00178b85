"""Describes the device authorization grant (RFC 8628): its endpoint and its token requests."""

from typing import Annotated, Final, TypedDict

from quantimodo.openapi import fakes, tags
from quantimodo.openapi.authorization_details import RequestedDetails
from quantimodo.openapi.authorization_request import RequestedResource
from quantimodo.openapi.client_authentication import (
    BY_CLIENT,
    INVALID_CLIENT,
    ClientAssertion,
    ClientAssertionType,
    ClientId,
    ClientSecret,
)
from quantimodo.openapi.operation import JSON, Content, Operation, Response, described
from quantimodo.openapi.responses import refused, too_many_requests
from quantimodo.openapi.token_request import TokenRequestPart
from quantimodo.protocol.grant_types import DEVICE_CODE

_DEVICE_CODE: Final = "qmd_fake-device-code-of-no-use"
_USER_CODE: Final = "WDJB-MJHT"  # RFC 8628 §3.2


class DeviceAuthorizationRequest(TypedDict, total=False):
    """A device authorization request (RFC 8628 §3.1)."""

    scope: Annotated[
        str,
        described("Space-separated scopes; the default is `basic`.", fakes.SCOPES),
    ]
    resource: RequestedResource
    authorization_details: RequestedDetails
    client_id: ClientId
    client_secret: ClientSecret
    client_assertion_type: ClientAssertionType
    client_assertion: ClientAssertion


class DeviceAuthorizationResponse(TypedDict):
    """The codes of a device (RFC 8628 §3.2)."""

    device_code: Annotated[
        str,
        described("For the device only: it polls the token endpoint with it.", _DEVICE_CODE),
    ]
    user_code: Annotated[
        str, described("What the person enters: eight consonants in two groups.", _USER_CODE)
    ]
    verification_uri: Annotated[
        str, described("The page where the person enters it.", f"{fakes.ISSUER}/device")
    ]
    verification_uri_complete: Annotated[
        str,
        described(
            "The same with the code filled in, for a QR code. Show `user_code` beside it.",
            f"{fakes.ISSUER}/device?user_code={_USER_CODE}",
        ),
    ]
    expires_in: Annotated[int, described("How long both codes are valid, in seconds.", 900)]
    interval: Annotated[int, described("The shortest time between two polls, in seconds.", 5)]


class _DeviceCode(TypedDict, total=False):
    device_code: Annotated[
        str,
        described("For the device grant: the code of the device, once.", _DEVICE_CODE),
    ]


GRANT_TYPE: Final = TokenRequestPart(
    parameters=_DeviceCode,
    examples={
        "device_code": {
            "grant_type": DEVICE_CODE,
            "device_code": _DEVICE_CODE,
            "client_id": fakes.CLIENT_ID,
        },
    },
    about="A device polls with its `device_code` (RFC 8628) until its person has decided, at most"
    " once in each `interval`.",
    refusals={
        "authorization_pending": "the person has not decided yet",
        "slow_down": "wait 5 seconds longer between polls",
        "access_denied": "the person did not allow it",
        "expired_token": "the device code has expired: request a new one",
    },
    about_refusals="A device that polls gets `authorization_pending`, `slow_down`,"
    " `access_denied` or `expired_token`.",
)

OPERATIONS: Final = (
    Operation(
        route="device_authorization",
        method="POST",
        id="authorizeDevice",
        tag=tags.TOKENS,
        summary="Request the codes of a device",
        description=(
            "Device authorization grant (RFC 8628), for an app on a device without a browser. It"
            " authenticates as at the token endpoint, shows the person `user_code` and"
            " `verification_uri`, and polls the token endpoint with `device_code`. With a proof in"
            " the header `DPoP`, the device code is bound to the key. The app has to be registered"
            " for the grant type `urn:ietf:params:oauth:grant-type:device_code`."
        ),
        body=DeviceAuthorizationRequest,
        examples={
            "public": {"scope": "basic readmeasurements", "client_id": fakes.CLIENT_ID},
        },
        security=BY_CLIENT,
        responses={
            200: Response(
                "The codes.",
                (
                    Content(
                        JSON,
                        DeviceAuthorizationResponse,
                        {
                            "issued": {
                                "device_code": _DEVICE_CODE,
                                "user_code": _USER_CODE,
                                "verification_uri": f"{fakes.ISSUER}/device",
                                "verification_uri_complete": f"{fakes.ISSUER}/device"
                                f"?user_code={_USER_CODE}",
                                "expires_in": 900,
                                "interval": 5,
                            }
                        },
                    ),
                ),
                ("NotStored",),
            ),
            400: refused(
                "Refused.",
                {
                    "unauthorized_client": "the app is not registered for the device grant",
                    "invalid_scope": "the app is not registered for any of the requested scopes",
                    "invalid_target": "a resource is not registered here",
                },
                "NotStored",
            ),
            401: INVALID_CLIENT,
            429: too_many_requests(
                "Too many devices of this app, or of this address for a public app."
            ),
        },
        shared=(413, 500, 503),
    ),
)
