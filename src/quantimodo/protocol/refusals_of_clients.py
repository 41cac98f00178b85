"""Refusals of the app itself: who it is, how it authenticates, and what it is registered for."""

from collections.abc import Sequence
from typing import Final

from quantimodo.protocol.refusal_row import APP_UNKNOWN, WRONG_ADDRESS, RefusalRow

_FAILED: Final = "client_authentication_failed"
_REGISTER: Final = "register.md#public-or-confidential"
_SECRET: Final = "register.md#client-secret"
_URIS: Final = "register.md#redirect-uris"
_KEYS: Final = "openid-connect.md#client-assertions-private_key_jwt-and-client_secret_jwt"
_TLS: Final = "sender-constrained-tokens.md#mutual-tls"
_PROFILES: Final = "security-profiles.md#what-each-profile-requires"

ROWS: Final[Sequence[RefusalRow]] = (
    RefusalRow(
        _FAILED,
        "invalid_client",
        "The credentials of a registered app. The log of the app says which part is wrong.",
        "Open the log of the app in the portal, or run `quantimodo clients log CLIENT_ID`.",
        _SECRET,
    ),
    RefusalRow(
        "client_unknown",
        "invalid_client",
        "The `client_id` of an app that is registered here and not disabled.",
        "Copy the client id from the portal; `quantimodo clients list` shows all of them.",
        "register.md#register-an-application",
        person=APP_UNKNOWN,
        shown_as=_FAILED,
    ),
    RefusalRow(
        "client_document_unusable",
        "invalid_client",
        "A metadata document at the address that is the `client_id`, readable and valid.",
        "Correct the document at that address; the description says what is wrong with it.",
        "client-id-metadata.md#client-id-metadata-documents",
        person=APP_UNKNOWN,
    ),
    RefusalRow(
        "client_methods_unsupported",
        "unauthorized_client",
        "A metadata document with `private_key_jwt` or `none` in `token_endpoint_auth_method` or in"
        " `token_endpoint_auth_methods_supported`.",
        "Add one of the two to the document at the address that is the `client_id`.",
        "client-id-metadata.md#client-id-metadata-documents",
        person=APP_UNKNOWN,
    ),
    RefusalRow(
        "client_id_missing",
        "invalid_client",
        "`client_id` in the body, or in the Authorization header.",
        "Send `client_id`, by the method that the app is registered for.",
        _REGISTER,
    ),
    RefusalRow(
        "client_id_differs",
        "invalid_request",
        "One `client_id`: the one in the body is not the one in the Authorization header.",
        "Leave `client_id` out of the body when the Authorization header has it.",
        _REGISTER,
    ),
    RefusalRow(
        "client_secret_missing",
        "invalid_client",
        "The client secret: this app is registered as confidential.",
        "Send the secret. An app that cannot keep one is public:"
        " `quantimodo clients edit CLIENT_ID --public`.",
        _REGISTER,
        shown_as=_FAILED,
    ),
    RefusalRow(
        "client_secret_wrong",
        "invalid_client",
        "The current client secret of the app. A public app sends none.",
        "Make a new secret in the portal (New secret), or by"
        " `quantimodo clients rotate-secret CLIENT_ID`.",
        _SECRET,
        shown_as=_FAILED,
    ),
    RefusalRow(
        "client_secret_wrong_method",
        "invalid_client",
        "The authentication method that the app registered as `token_endpoint_auth_method`.",
        "Authenticate by the registered method, or register the other one: the app changes its"
        " metadata at its registration address.",
        "registration.md#dynamic-client-registration",
        shown_as=_FAILED,
    ),
    RefusalRow(
        "client_method_not_in_profile",
        "invalid_client",
        "An authentication method that the security profile of the app allows.",
        "Register a key, or another profile: `quantimodo clients edit CLIENT_ID --profile NAME`.",
        _PROFILES,
        shown_as=_FAILED,
    ),
    RefusalRow(
        "client_secret_at_authorize",
        "invalid_request",
        "No `client_secret` at the authorize endpoint. One that is sent has to be right.",
        "Leave `client_secret` out of the address, and make a new one: it was in a browser.",
        _SECRET,
    ),
    RefusalRow(
        "client_authentication_malformed",
        "invalid_client",
        "The scheme Basic, with `client_id:client_secret` in base64, each half form-encoded.",
        "Use the function of your HTTP library for Basic authentication.",
        _REGISTER,
    ),
    RefusalRow(
        "client_authentication_twice",
        "invalid_request",
        "One authentication method in a request.",
        "Send the secret in the header or in the body, never in both, and none with an assertion.",
        _REGISTER,
    ),
    RefusalRow(
        "client_assertion_type_wrong",
        "invalid_client",
        "`client_assertion_type` is `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.",
        "Send `client_assertion_type` beside `client_assertion`.",
        _KEYS,
    ),
    RefusalRow(
        "client_assertion_invalid",
        "invalid_client",
        "An assertion that is signed by a registered key, with `iss` and `sub` the client id,"
        " `aud` this server, a `jti`, and an `exp` that is near.",
        "Check key, algorithm, `aud` and clock; the app registers its keys as `jwks` or"
        " `jwks_uri`.",
        _KEYS,
        shown_as=_FAILED,
    ),
    RefusalRow(
        "client_key_weak",
        "invalid_client",
        "An assertion by an RSA key of at least 2048 bits, or by a key on a curve of JOSE.",
        "Make a new key, and publish it as `jwks` or behind `jwks_uri`.",
        _KEYS,
        shown_as=_FAILED,
    ),
    RefusalRow(
        "client_assertion_used",
        "invalid_client",
        "An assertion that was not used before.",
        "Make a new assertion, with another `jti`, for each request.",
        _KEYS,
        shown_as=_FAILED,
    ),
    RefusalRow(
        "client_certificate_wrong",
        "invalid_client",
        "The registered certificate of the app, valid now, on the TLS connection.",
        "Check which certificate the app presents, and what it registered for it.",
        _TLS,
        shown_as=_FAILED,
    ),
    RefusalRow(
        "certificate_missing",
        "invalid_request",
        "A client certificate, because the tokens of the app are bound to it.",
        "Present the certificate at the token endpoint, and send no DPoP proof.",
        _TLS,
    ),
    RefusalRow(
        "public_client_not_allowed",
        "unauthorized_client",
        "A confidential app: a public one cannot prove who it is.",
        "Keep a secret on a server: `quantimodo clients edit CLIENT_ID --confidential`.",
        _REGISTER,
    ),
    RefusalRow(
        "client_not_allowed",
        "unauthorized_client",
        "A request that the app is registered for.",
        "Compare the request with the page of the app in the portal.",
        _REGISTER,
    ),
    RefusalRow(
        "grant_type_not_registered",
        "unauthorized_client",
        "A grant type that the app is registered for.",
        "Register it: `quantimodo clients edit CLIENT_ID --grant-type NAME`, once for each; in the"
        " portal, Acting as itself is the client credentials grant.",
        _REGISTER,
    ),
    RefusalRow(
        "response_type_not_registered",
        "unauthorized_client",
        "A response type that the app is registered for.",
        "Use `response_type=code`, or register the other one:"
        " `quantimodo clients edit CLIENT_ID --response-type NAME`.",
        "code-flow.md#2-send-the-person-to-the-authorize-endpoint",
    ),
    RefusalRow(
        "bound_tokens_need_code",
        "unauthorized_client",
        "`response_type=code`: tokens that are bound to a key are not in the front channel.",
        "Use the code flow.",
        "sender-constrained-tokens.md#sender-constrained-tokens-dpop-and-mutual-tls",
    ),
    RefusalRow(
        "profile_not_met",
        "invalid_request",
        "A request that obeys the security profile of the app.",
        "Change the request as the description says, or the profile:"
        " `quantimodo clients edit CLIENT_ID --profile NAME`, in the portal Security profile.",
        _PROFILES,
    ),
    RefusalRow(
        "encryption_key_missing",
        "invalid_request",
        "A public key of the app for the encryption that it registered.",
        "Put the key into `jwks`, or into the document at `jwks_uri`.",
        "openid-connect.md#signed-and-encrypted-id-tokens-and-userinfo",
    ),
    RefusalRow(
        "redirect_uri_missing",
        "invalid_request",
        "`redirect_uri`, unless the app registered just one and the request is not of OpenID"
        " Connect.",
        "Send `redirect_uri` in each request.",
        _URIS,
        person=WRONG_ADDRESS,
    ),
    RefusalRow(
        "redirect_uri_not_registered",
        "invalid_request",
        "One of the registered redirect URIs, character by character; only the port of a loopback"
        " address may differ.",
        "Add the address in the portal (Redirect URIs), or by"
        " `quantimodo clients edit CLIENT_ID --redirect-uri URI`, once for each address.",
        _URIS,
        person=WRONG_ADDRESS,
    ),
)
