"""Refusals of a request: its form, and the authorization request."""

from collections.abc import Sequence
from typing import Final

from quantimodo.protocol.refusal_row import TRY_AGAIN, RefusalRow

_SEND: Final = "code-flow.md#2-send-the-person-to-the-authorize-endpoint"
_BACK: Final = "code-flow.md#3-the-person-comes-back"
_CODE_EXCHANGE: Final = "code-flow.md#4-exchange-the-code-for-tokens"
_PKCE: Final = "code-flow.md#1-make-a-pkce-verifier-and-a-state"
_OPENID: Final = "openid-connect.md#openid-connect-beyond-the-code-flow"
_SIGNED_IN: Final = "openid-connect.md#how-a-person-signed-in-acr-amr-auth_time"
_OBJECTS: Final = "openid-connect.md#request-objects-jar"
_REPEAT: Final = "errors.md#retries"
_PUSHED: Final = "pushed-requests.md#pushed-authorization-requests-par"

ROWS: Final[Sequence[RefusalRow]] = (
    RefusalRow(
        "parameter_missing",
        "invalid_request",
        "All parameters that this endpoint requires; an empty value counts as absent.",
        "Send the parameter that the description names.",
        _SEND,
    ),
    RefusalRow(
        "parameter_malformed",
        "invalid_request",
        "Each parameter once, form-encoded in UTF-8, at most 8192 characters, without control"
        " characters, in the form that its standard says.",
        "Correct the parameter that the description names.",
        _SEND,
    ),
    RefusalRow(
        "content_type_wrong",
        "invalid_request",
        "The parameters in the body of a POST, as `application/x-www-form-urlencoded`.",
        "Set the Content-Type header, and encode the body in the same way.",
        _CODE_EXCHANGE,
    ),
    RefusalRow(
        "post_required",
        "invalid_request",
        "A POST: parameters in an address stay in logs.",
        "Use POST, with the parameters in the body.",
        _CODE_EXCHANGE,
    ),
    RefusalRow(
        "request_too_long",
        "invalid_request",
        "Parameters that are short enough together to be stored while the person decides.",
        "Request fewer claims or details.",
        _SEND,
    ),
    RefusalRow(
        "request_too_large",
        "invalid_request",
        "A body of at most 64 KiB, and headers of a usual size.",
        "Send less.",
        _CODE_EXCHANGE,
    ),
    RefusalRow(
        "method_not_allowed",
        "invalid_request",
        "A method that the `Allow` header of the response names.",
        "Use POST.",
        _CODE_EXCHANGE,
    ),
    RefusalRow(
        "header_repeated",
        "invalid_request",
        "Each header once.",
        "Check what a proxy or a library adds to the request.",
        _CODE_EXCHANGE,
    ),
    RefusalRow(
        "body_encoded",
        "invalid_request",
        "A body without compression: no `Content-Encoding` is read here.",
        "Turn compression of requests off.",
        _CODE_EXCHANGE,
    ),
    RefusalRow(
        "too_many_requests",
        "temporarily_unavailable",
        "Fewer requests of this app or network address in this time, and short lifetimes of"
        " assertions and proofs.",
        "Wait as long as `Retry-After` says. The operator sets the limits.",
        _REPEAT,
    ),
    RefusalRow(
        "server_busy",
        "temporarily_unavailable",
        "A database that responds.",
        "Repeat the request as `Retry-After` says.",
        _REPEAT,
        ordinary=True,
    ),
    RefusalRow(
        "request_gone",
        "invalid_request",
        "A request that still waits for its person.",
        "Start again in the app.",
        _BACK,
        person=TRY_AGAIN,
    ),
    RefusalRow(
        "response_type_unknown",
        "unsupported_response_type",
        "`response_type=code`, or another combination of `code`, `id_token` and `token`.",
        "Use `response_type=code`.",
        _SEND,
    ),
    RefusalRow(
        "response_mode_not_supported",
        "invalid_request",
        "`response_mode` is `query`, `fragment`, `form_post`, or one of these with `.jwt`.",
        "Leave `response_mode` out for the usual one.",
        "openid-connect.md#signed-authorization-responses-jarm",
    ),
    RefusalRow(
        "response_mode_exposes_tokens",
        "invalid_request",
        "A response with tokens in the fragment or in a form, never in a query.",
        "Use `response_type=code`, or leave `response_mode` out.",
        "openid-connect.md#signed-authorization-responses-jarm",
    ),
    RefusalRow(
        "openid_scope_missing",
        "invalid_request",
        "The scope `openid`, because the response has an ID token.",
        "Add `openid` to `scope`, and to the registered scopes of the app.",
        _OPENID,
    ),
    RefusalRow(
        "nonce_missing",
        "invalid_request",
        "A `nonce`: an ID token in the front channel could be replayed without it.",
        "Send a new random `nonce` in each request, and compare it with the ID token.",
        _OPENID,
    ),
    RefusalRow(
        "pkce_required",
        "invalid_request",
        "`code_challenge` with `code_challenge_method=S256`: the app is public or strict.",
        "Turn PKCE on in your library, or make the challenge as the guide shows.",
        _PKCE,
    ),
    RefusalRow(
        "pkce_method_not_s256",
        "invalid_request",
        "`code_challenge_method=S256`. `plain` is refused, and it is what a missing method means.",
        "Send `code_challenge_method=S256`, and the SHA-256 of the verifier as the challenge.",
        _PKCE,
    ),
    RefusalRow(
        "pkce_challenge_malformed",
        "invalid_request",
        "`code_challenge`: 43 characters of base64url without `=`.",
        "Encode the 32 bytes of the SHA-256, and not their hexadecimal form.",
        _PKCE,
    ),
    RefusalRow(
        "prompt_not_supported",
        "invalid_request",
        "`prompt` of `none`, `login`, `consent` and `select_account`; `none` stands alone.",
        "Correct `prompt`, or leave it out.",
        _SIGNED_IN,
    ),
    RefusalRow(
        "max_age_malformed",
        "invalid_request",
        "`max_age` is a whole number of seconds.",
        "Correct `max_age`, or leave it out.",
        _SIGNED_IN,
    ),
    RefusalRow(
        "claims_malformed",
        "invalid_request",
        "`claims` is a JSON object with `userinfo` and `id_token`, for one person.",
        "Correct `claims`, or request scopes instead.",
        "openid-connect.md#claims",
    ),
    RefusalRow(
        "id_token_hint_not_usable",
        "invalid_request",
        "An ID token that this server issued to the same app.",
        "Send the last ID token of this person, or leave `id_token_hint` out.",
        _SIGNED_IN,
    ),
    RefusalRow(
        "login_token_not_usable",
        "invalid_request",
        "One login token, in the header `Authorization` or in a form.",
        "Do not send the token in an address.",
        "social-sign-in.md#4-exchange-the-login-jwt-for-tokens",
    ),
    RefusalRow(
        "registration_parameter_not_supported",
        "registration_not_supported",
        "No parameter `registration`.",
        "Register the app before its first request.",
        "registration.md#dynamic-client-registration",
    ),
    RefusalRow(
        "acr_not_available",
        "unmet_authentication_requirements",
        "An `acr` that a sign-in here has.",
        "Request another `acr`, or not as essential.",
        _SIGNED_IN,
    ),
    RefusalRow(
        "login_required",
        "login_required",
        "A person who is signed in, because of `prompt=none`.",
        "Repeat the request without `prompt=none`.",
        _SIGNED_IN,
        ordinary=True,
    ),
    RefusalRow(
        "consent_required",
        "consent_required",
        "A consent that covers the request, because of `prompt=none`.",
        "Repeat the request without `prompt=none`.",
        _SIGNED_IN,
        ordinary=True,
    ),
    RefusalRow(
        "person_refused",
        "access_denied",
        "A person who allows what the app requests.",
        "Continue without access. Send the request again only when the person starts it.",
        _BACK,
    ),
    RefusalRow(
        "access_withdrawn",
        "access_denied",
        "A consent and a session that still exist when the response is made.",
        "Send the person to the authorize endpoint again, when they start it.",
        _BACK,
    ),
    RefusalRow(
        "push_required",
        "invalid_request",
        "A pushed request: the operator or the registration of the app requires it.",
        "Push the request, and send only `client_id` and `request_uri`; or turn it off in the"
        " portal (Pushed requests), or by"
        " `quantimodo clients edit CLIENT_ID --no-require-pushed-requests`.",
        _PUSHED,
    ),
    RefusalRow(
        "request_not_signed",
        "invalid_request",
        "A signed request object: the registration of the app requires it.",
        "Send the request as `request`, signed by a registered key.",
        _OBJECTS,
    ),
    RefusalRow(
        "request_object_invalid",
        "invalid_request_object",
        "A request object that a registered key of the app signed, for this server, valid now.",
        "Check key, algorithm, `iss`, `aud`, `nbf` and `exp`; the description says which is wrong.",
        _OBJECTS,
    ),
    RefusalRow(
        "request_uri_not_registered",
        "invalid_request_uri",
        "A `request_uri` that the app registered, or one of a pushed request.",
        "Register the address as `request_uris`, or push the request.",
        _OBJECTS,
    ),
    RefusalRow(
        "request_uri_not_usable",
        "invalid_request_uri",
        "A `request_uri` of this app that was not used and has not expired; never in a pushed"
        " request, and never beside `request`.",
        "Push the request again, for each authorization.",
        _PUSHED,
    ),
    RefusalRow(
        "dpop_key_differs",
        "invalid_request",
        "`dpop_jkt` is the SHA-256 thumbprint of the key of the DPoP proof, in base64url.",
        "Leave `dpop_jkt` out where a proof is sent.",
        "sender-constrained-tokens.md#the-proof",
    ),
)
