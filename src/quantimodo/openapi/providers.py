"""Describes the endpoints that providers call, for operators who register them."""

from typing import Annotated, Final, NotRequired, Required, TypedDict

from quantimodo.openapi import fakes, tags
from quantimodo.openapi.discovery import KEYS, KeySet
from quantimodo.openapi.operation import FORM, HTML, JSON, Content, Operation, Response, described
from quantimodo.openapi.responses import TOO_LARGE, IncidentNumber, refused


class AtProvider(TypedDict):
    """The provider of this address."""

    provider: Annotated[str, described("Its name in the operator's settings.", "facebook")]


class ProviderResponse(TypedDict, total=False):
    """An authorization response of the provider (RFC 6749 §4.1.2)."""

    state: Required[Annotated[str, described("The state of the request.", fakes.STATE)]]
    code: Annotated[str, described("A code of the provider.", "fake-code-of-the-provider")]
    error: Annotated[str, described("The error, instead of a code.", "access_denied")]
    iss: Annotated[str, described("The issuer (RFC 9207).", "https://idp.example.org")]


class EndedThere(TypedDict):
    """The session that ended (Front-Channel Logout §2)."""

    iss: Annotated[str, described("The provider's issuer.", "https://idp.example.org")]
    sid: Annotated[str, described("The name of the session at the provider.", "08a5019c-17e1-4977")]


class InitiatedLogin(TypedDict, total=False):
    """A request to start a sign-in (OpenID Connect Core §4)."""

    iss: Required[
        Annotated[str, described("The issuer of the provider.", "https://idp.example.org")]
    ]
    login_hint: Annotated[
        str, described("Who is to sign in; it is sent to the provider.", "ann@example.org")
    ]
    target_link_uri: Annotated[
        str,
        described(
            "The page of this server to which the sign-in leads.", f"{fakes.ISSUER}/account/apps"
        ),
    ]


class SignedSecurityEvent(TypedDict, total=False):
    """A message that the provider has signed. Apple sends `payload`."""

    payload: Annotated[str, described("A JWT.", "fake.signed.notice")]


class SignedRequest(TypedDict, total=False):
    """Facebook's form of a signed message."""

    signed_request: Required[
        Annotated[
            str, described("Signature and payload, with a dot between.", "fake-signature.payload")
        ]
    ]


class RejectedSecurityEvent(TypedDict):
    """A message that was not accepted (RFC 8935 §2.3)."""

    err: Annotated[str, described("A code for programs.", "authentication_failed")]
    description: Annotated[str, described("A text for people.", "There is no such provider here.")]
    incident: NotRequired[IncidentNumber]


class Deletion(TypedDict):
    """The status page of a request to delete data."""

    url: Annotated[
        str,
        described("A page for the person.", f"{fakes.ISSUER}/data-deletion/0123456789abcdef0123"),
    ]
    confirmation_code: Annotated[str, described("The code of the page.", "0123456789abcdef0123")]


_REFUSED: Final = Content(JSON, RejectedSecurityEvent)
_NOT_TAKEN: Final = {
    400: Response("The message is not the provider's, or it is too old.", (_REFUSED,)),
    404: Response("There is no such provider.", (_REFUSED, Content(HTML, str))),
    413: Response(TOO_LARGE.description, (_REFUSED, Content(HTML, str))),
    500: Response("An internal error, with a number for the operator.", (_REFUSED,)),
    503: Response("It cannot be verified or stored now: send it again.", (_REFUSED,)),
}
_TAKEN: Final = {200: Response("Accepted. Each message counts once."), **_NOT_TAKEN}
_SIGNED: Final = {"signed": {"signed_request": "fake-signature.payload"}}
_BACK: Final = {
    303: Response(
        "Redirect to where the sign-in began: the app, with `code` or `error`; or a page of this"
        " server.",
        headers=("Location",),
    ),
    400: Response("Not a sign-in of this browser.", (Content(HTML, str),)),
    403: Response("The person cancelled, or may not sign in.", (Content(HTML, str),)),
    404: Response("There is no such provider.", (Content(HTML, str),)),
    413: Response(TOO_LARGE.description, (Content(HTML, str), *TOO_LARGE.content)),
    429: Response("Too many attempts.", (Content(HTML, str),), ("RetryAfter",)),
    500: Response("An internal error, with a number for the operator.", (Content(HTML, str),)),
    502: Response("The provider sent an invalid response.", (Content(HTML, str),)),
    503: Response("The provider, or the server, is busy.", (Content(HTML, str),)),
}
_INITIATED: Final = {
    "one": {
        "iss": "https://idp.example.org",
        "login_hint": "ann@example.org",
        "target_link_uri": f"{fakes.ISSUER}/account/apps",
    }
}
_NOT_INITIATED: Final = {
    400: Response(
        "No provider with this issuer may start a sign-in, or the target is elsewhere.",
        (Content(HTML, str),),
    ),
    413: Response(TOO_LARGE.description, (Content(HTML, str), *TOO_LARGE.content)),
    500: Response("An internal error, with a number for the operator.", (Content(HTML, str),)),
    503: Response("The server is busy.", (Content(HTML, str),)),
}
_RESPONSE_EXAMPLE: Final = {"response": {"state": fakes.STATE, "code": "fake-code-of-the-provider"}}

OPERATIONS: Final = (
    Operation(
        route="social_callback",
        method="GET",
        id="providerCallback",
        tag=tags.PROVIDERS,
        summary="Return from a provider: its callback",
        description=(
            "The one address to register with the provider, as redirect URI. It is bound to the"
            " browser by a cookie, and to one sign-in by `state`."
        ),
        path=AtProvider,
        query=ProviderResponse,
        examples=_RESPONSE_EXAMPLE,
        responses=_BACK,
    ),
    Operation(
        route="social_callback",
        method="POST",
        id="providerCallbackByForm",
        twin_of="providerCallback",
        tag=tags.PROVIDERS,
        summary="Return from a provider: its callback, by a form",
        description="As Apple responds, and others on request (`response_mode=form_post`).",
        path=AtProvider,
        body=ProviderResponse,
        bodies=(FORM,),
        examples=_RESPONSE_EXAMPLE,
        responses=_BACK,
    ),
    Operation(
        route="social_initiated",
        method="GET",
        id="initiateLogin",
        tag=tags.PROVIDERS,
        summary="Start a sign-in from the provider's site",
        description=(
            "The `initiate_login_uri` to register with an OpenID provider (OpenID Connect Core §4),"
            " if the operator allows that. A page asks the person first. A `target_link_uri` that"
            " is not an address of this server is refused."
        ),
        query=InitiatedLogin,
        examples=_INITIATED,
        responses={
            200: Response(
                "The page on which the person confirms the sign-in.", (Content(HTML, str),)
            ),
            **_NOT_INITIATED,
        },
    ),
    Operation(
        route="social_initiated",
        method="POST",
        id="initiateLoginByForm",
        twin_of="initiateLogin",
        tag=tags.PROVIDERS,
        summary="Start a sign-in from the provider's site, by a form",
        description="Redirects to the same request by GET.",
        body=InitiatedLogin,
        bodies=(FORM,),
        examples=_INITIATED,
        responses={
            303: Response(
                "Redirect to the page on which the person confirms the sign-in.",
                headers=("Location",),
            ),
            **_NOT_INITIATED,
        },
    ),
    Operation(
        route="provider_key_set",
        method="GET",
        id="getKeysForProvider",
        tag=tags.PROVIDERS,
        summary="Get the public keys of this server at a provider",
        description=(
            "The `jwks_uri` to register with an OpenID provider at which this server authenticates"
            " itself by `private_key_jwt`. May be cached for five minutes."
        ),
        path=AtProvider,
        responses={
            200: Response("The keys.", (Content(JSON, KeySet, {"one key": KEYS}),)),
            404: refused(
                "There is no such provider, or it needs no key of ours.",
                {"not_found": "there is nothing at this address"},
            ),
        },
        shared=(413, 500),
    ),
    Operation(
        route="social_frontchannel_logout",
        method="GET",
        id="providerFrontchannelLogout",
        tag=tags.PROVIDERS,
        summary="Report that a session ended at a provider",
        description=(
            "The `frontchannel_logout_uri` to register with an OpenID provider (Front-Channel"
            " Logout §2), if the operator wants that, with `frontchannel_logout_session_required`."
            " Only the provider's pages may frame it. The sessions end that began from the one that"
            " `sid` names; no cookie is needed. The response is the same for a `sid` that is not"
            " known."
        ),
        path=AtProvider,
        query=EndedThere,
        examples={"one": {"iss": "https://idp.example.org", "sid": "08a5019c-17e1-4977"}},
        responses={
            200: Response("An empty page.", (Content(HTML, str),)),
            400: Response(
                "`iss` or `sid` is missing, or `iss` is not that of this provider.",
                (Content(HTML, str),),
            ),
            404: Response(
                "There is no such provider, or it may not use this address.", (Content(HTML, str),)
            ),
            413: Response(TOO_LARGE.description, (Content(HTML, str), *TOO_LARGE.content)),
            429: Response("Too many attempts.", (Content(HTML, str),), ("RetryAfter",)),
            500: Response(
                "An internal error, with a number for the operator.", (Content(HTML, str),)
            ),
            503: Response("The server is busy.", (Content(HTML, str),)),
        },
    ),
    Operation(
        route="social_notifications",
        method="POST",
        id="providerNotification",
        tag=tags.PROVIDERS,
        summary="Send a provider's message about an account",
        description=(
            "Apple's server-to-server notifications (JSON), and Google's cross-account protection"
            " (RISC: `application/secevent+jwt`, response 202). When an account is gone there,"
            " its sessions and grants end here. For an OpenID provider, if the operator wants that,"
            " it is the `backchannel_logout_uri` (Back-Channel Logout §2.5), with a form that has"
            " `logout_token`: the sessions end that began from the ended one."
        ),
        path=AtProvider,
        body=SignedSecurityEvent,
        bodies=(JSON,),
        examples={"signed": {"payload": "fake.signed.notice"}},
        responses={202: Response("Accepted. Each message counts once."), **_TAKEN},
    ),
    Operation(
        route="social_deauthorize",
        method="POST",
        id="providerDeauthorize",
        tag=tags.PROVIDERS,
        summary="Report that a person removed the app at Facebook",
        description="Facebook's deauthorize callback. Sessions and grants end.",
        path=AtProvider,
        body=SignedRequest,
        bodies=(FORM,),
        examples=_SIGNED,
        responses=_TAKEN,
    ),
    Operation(
        route="social_deletion",
        method="POST",
        id="providerDataDeletion",
        tag=tags.PROVIDERS,
        summary="Request deletion of a person's data",
        description=(
            "Facebook's data deletion callback. What came from there is deleted, and the account"
            " too if that was the only sign-in method."
        ),
        path=AtProvider,
        body=SignedRequest,
        bodies=(FORM,),
        examples=_SIGNED,
        responses={
            200: Response("Done.", (Content(JSON, Deletion),), ("NotStored",)),
            **_NOT_TAKEN,
        },
    ),
)
