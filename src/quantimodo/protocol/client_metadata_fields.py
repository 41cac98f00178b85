"""Client metadata fields without an option of the command line; a few are in the portal.

Part of the table in `client_fields.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from quantimodo.model.keys import ALGORITHMS
from quantimodo.model.texts import N_
from quantimodo.protocol.client_assertion import HMAC_ALGORITHMS, SIGNATURE_ALGORITHMS
from quantimodo.protocol.client_field_row import (
    Check,
    ClientField,
    FormField,
    Kind,
    Schema,
    check_key_set,
    check_link,
    check_request_uris,
    check_seconds,
    check_secure_link,
    refuse_encrypted_requests,
)
from quantimodo.protocol.constants import ENCRYPTION_ALGORITHMS, ENCRYPTION_ENCODINGS
from quantimodo.protocol.mutual_tls import METHODS as TLS_METHODS
from quantimodo.protocol.request_objects import ALGORITHMS as REQUEST_OBJECT_ALGORITHMS

METHODS: Final = (
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    *TLS_METHODS,
    "none",
)


# The form fields of the portal.
_FORMS: Final[Mapping[str, FormField]] = {
    "jwks_uri": FormField(
        section="keys",
        control="url",
        label=N_("Address of its public keys"),
        hint=N_("Where your server publishes them, so that you can rotate them yourself."),
    ),
    "jwks": FormField(
        section="keys",
        control="area",
        label=N_("Public keys"),
        hint=N_("A JSON Web Key Set, instead of the address. Never a private key."),
        rows=4,
        code=True,
    ),
    "token_endpoint_auth_method": FormField(
        section="authentication",
        control="choice",
        label=N_("Authentication method at the token endpoint"),
        hint=N_(
            "How an application on a server authenticates. private_key_jwt and certificates"
            " need its public keys, at the tab Keys."
        ),
        options=(
            ("", N_("Client secret, in the header or in the form")),
            ("client_secret_basic", N_("Client secret, only in the header")),
            ("client_secret_post", N_("Client secret, only in the form")),
            ("client_secret_jwt", N_("A JWT that is signed by the client secret")),
            ("private_key_jwt", N_("A JWT that is signed by its private key")),
            ("self_signed_tls_client_auth", N_("Its own TLS certificate")),
        ),
    ),
    "dpop_bound_access_tokens": FormField(
        section="advanced",
        control="check",
        label=N_("DPoP"),
        text=N_("Bind its tokens to a key of the application (DPoP)"),
        hint=N_("A stolen token is useless without the key. Each request needs a proof."),
    ),
}


def _member(
    name: str,
    description: str,
    example: object,
    *,
    kind: Kind = "text",
    choices: Sequence[str] = (),
    check: Check | None = None,
) -> ClientField:
    return ClientField(
        name=name,
        kind=kind,
        wire=name,
        choices=choices,
        check=check,
        default={
            "application_type": "web",
            "token_endpoint_auth_method": "client_secret_basic",
            "subject_type": "public",
        }.get(name, ""),
        schema=Schema(description=description, example=example),
        form=_FORMS.get(name),
    )


def _encryption(name: str, content: str) -> Iterator[ClientField]:
    yield _member(
        f"{name}_encrypted_response_alg",
        f"The algorithm that encrypts the key of {content}. Not encrypted by default.",
        ENCRYPTION_ALGORITHMS[0],
        choices=ENCRYPTION_ALGORITHMS,
    )
    yield _member(
        f"{name}_encrypted_response_enc",
        f"The algorithm that encrypts the content of {content}.",
        ENCRYPTION_ENCODINGS[0],
        choices=ENCRYPTION_ENCODINGS,
    )


# RFC 7591 §2, OpenID Connect Registration §2, Front-Channel and Back-Channel Logout, JARM §3.
METADATA_FIELDS: Final = (
    _member("application_type", "`web` by default, or `native`.", "web", choices=("web", "native")),
    _member("contacts", "E-mail addresses.", ["developer@example.org"], kind="texts"),
    _member(
        "logo_uri",
        "A picture. This server fetches it once, and serves it from its own address.",
        "https://app.example.org/logo.png",
        check=check_link,
    ),
    _member(
        "jwks_uri",
        "The address of its public keys.",
        "https://app.example.org/jwks.json",
        check=check_link,
    ),
    _member(
        "jwks",
        "Its public keys, instead of `jwks_uri`.",
        {"keys": []},
        kind="json",
        check=check_key_set,
    ),
    _member(
        "token_endpoint_auth_method",
        "`client_secret_basic` by default; `none` is a public client.",
        "client_secret_basic",
        choices=METHODS,
    ),
    _member(
        "token_endpoint_auth_signing_alg",
        "The algorithm of its client assertions. Default: all that fit the method.",
        "ES256",
        choices=(*SIGNATURE_ALGORITHMS, *HMAC_ALGORITHMS),
    ),
    _member(
        "subject_type",
        "`public` by default, or `pairwise`.",
        "pairwise",
        choices=("public", "pairwise"),
    ),
    _member(
        "sector_identifier_uri",
        "A JSON array of redirect URIs whose clients share pairwise subjects.",
        "https://app.example.org/sector.json",
        check=check_secure_link,
    ),
    *_encryption("id_token", "ID tokens"),
    _member(
        "userinfo_signed_response_alg",
        "The algorithm of signed userinfo responses. Not signed by default.",
        "ES256",
        choices=(*ALGORITHMS, "none"),
    ),
    *_encryption("userinfo", "userinfo responses"),
    _member(
        "request_object_signing_alg",
        "The algorithm of its request objects. Default: all.",
        "ES256",
        choices=REQUEST_OBJECT_ALGORITHMS,
    ),
    _member(
        "require_signed_request_object",
        "Whether it signs every authorization request (RFC 9101 §10.5); others are refused.",
        True,
        kind="flag",
    ),
    _member(
        "request_object_encryption_alg",
        "Not supported.",
        "RSA-OAEP",
        check=refuse_encrypted_requests,
    ),
    _member(
        "request_object_encryption_enc",
        "Not supported.",
        "A256GCM",
        check=refuse_encrypted_requests,
    ),
    _member(
        "authorization_signed_response_alg",
        "The algorithm of signed authorization responses (JARM). Default: `RS256`.",
        "ES256",
        choices=ALGORITHMS,
    ),
    *_encryption("authorization", "authorization responses"),
    _member(
        "introspection_signed_response_alg",
        "The algorithm of signed introspection responses (RFC 9701). Default: `RS256`.",
        "ES256",
        choices=ALGORITHMS,
    ),
    *_encryption("introspection", "signed introspection responses"),
    _member(
        "default_max_age",
        "Seconds after a sign-in that require another one, if a request has no `max_age`.",
        3600,
        kind="seconds",
        check=check_seconds,
    ),
    _member("require_auth_time", "Whether ID tokens have `auth_time`.", True, kind="flag"),
    _member(
        "default_acr_values",
        "The `acr` values of requests that have none.",
        ["urn:example:acr"],
        kind="texts",
    ),
    _member(
        "initiate_login_uri",
        "The address at which a third party starts a sign-in.",
        "https://app.example.org/sign-in",
        check=check_secure_link,
    ),
    _member(
        "request_uris",
        "The addresses of its request objects.",
        ["https://app.example.org/request.jwt"],
        kind="texts",
        check=check_request_uris,
    ),
    _member(
        "frontchannel_logout_session_required",
        "Whether the front-channel logout request has `iss` and `sid`.",
        True,
        kind="flag",
    ),
    _member(
        "backchannel_logout_session_required",
        "Whether the logout token has `sid`.",
        True,
        kind="flag",
    ),
    _member(
        "dpop_bound_access_tokens",
        "Whether its tokens are always bound to a key, so that each token request needs a DPoP"
        " proof (RFC 9449 §5.2).",
        True,
        kind="flag",
    ),
    _member(
        "tls_client_auth_subject_dn",
        "For `tls_client_auth`: the subject of its certificate, as RFC 4514 writes it.",
        "CN=app.example.org,O=Example",
    ),
    _member(
        "tls_client_auth_san_dns",
        "For `tls_client_auth`: a DNS name in its certificate.",
        "app.example.org",
    ),
    _member(
        "tls_client_auth_san_uri",
        "For `tls_client_auth`: a URI in its certificate.",
        "https://app.example.org/",
    ),
    _member(
        "tls_client_auth_san_ip",
        "For `tls_client_auth`: an IP address in its certificate.",
        "192.0.2.7",
    ),
    _member(
        "tls_client_auth_san_email",
        "For `tls_client_auth`: an e-mail address in its certificate.",
        "app@example.org",
    ),
    _member(
        "tls_client_certificate_bound_access_tokens",
        "Whether its tokens are always bound to its TLS certificate (RFC 8705 §3.4).",
        True,
        kind="flag",
    ),
    _member("software_id", "The identifier of the software.", "mood-tracker"),
    _member("software_version", "The version of the software.", "2.1.0"),
    _member(
        "software_statement",
        "A JWT of a publisher that the operator trusts. Its claims replace the other members"
        " (RFC 7591 §2.3).",
        "fake-software-statement",
    ),
)
