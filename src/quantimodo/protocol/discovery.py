"""Metadata documents (RFC 8414 §2, OpenID Connect Discovery §3): what works here, no more."""

from typing import Any

from quantimodo.protocol.scopes import SCOPES

AUTHORIZE = "/api/v2/oauth/authorize"
TOKEN = "/api/v2/oauth2/access_token"
REVOKE = "/api/v2/oauth2/revoke"
INTROSPECT = "/api/v2/oauth2/introspect"
USERINFO = "/api/v2/oauth2/userinfo"
JWKS = "/.well-known/jwks.json"
END_SESSION = "/api/v2/oauth2/logout"
CHECK_SESSION = "/api/v2/oauth2/check_session"

_AUTHENTICATION = ["client_secret_basic", "client_secret_post"]


def metadata(issuer: str) -> dict[str, Any]:
    """The document for this issuer, the same at both well-known addresses."""
    return {
        "issuer": issuer,
        "authorization_endpoint": issuer + AUTHORIZE,
        "token_endpoint": issuer + TOKEN,
        "revocation_endpoint": issuer + REVOKE,
        "introspection_endpoint": issuer + INTROSPECT,
        "userinfo_endpoint": issuer + USERINFO,
        "end_session_endpoint": issuer + END_SESSION,
        "check_session_iframe": issuer + CHECK_SESSION,
        "jwks_uri": issuer + JWKS,
        "service_documentation": issuer + "/docs",
        "scopes_supported": list(SCOPES),
        "response_types_supported": [
            "code",
            "none",
            "token",
            "id_token",
            "id_token token",
            "code id_token",
            "code token",
            "code id_token token",
        ],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported": [
            "authorization_code",
            "implicit",
            "refresh_token",
            "client_credentials",
        ],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "token_endpoint_auth_methods_supported": [*_AUTHENTICATION, "none"],
        "revocation_endpoint_auth_methods_supported": [*_AUTHENTICATION, "none"],
        "introspection_endpoint_auth_methods_supported": _AUTHENTICATION,
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "display_values_supported": ["page"],
        "claim_types_supported": ["normal"],
        "claims_supported": [
            "sub",
            "iss",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "sid",
            "nonce",
            "amr",
            "at_hash",
            "c_hash",
            "name",
            "updated_at",
            "email",
            "email_verified",
        ],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }
