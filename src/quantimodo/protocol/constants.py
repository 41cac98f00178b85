"""Words that more than one rule uses."""

from typing import Literal, get_args

ResponseType = Literal[
    "code",
    "none",
    "token",
    "id_token",
    "id_token token",
    "code id_token",
    "code token",
    "code id_token token",
]
"""Multiple Response Types §3, §4, §5. The words of one type are in the order of
`RESPONSE_WORDS`."""
RESPONSE_TYPES: frozenset[str] = frozenset(get_args(ResponseType))
RESPONSE_WORDS = ("code", "id_token", "token", "none")
"""The words of `response_type`, in the order in which registered types have them."""

ACCESS_TOKEN_TYPE = "at+jwt"  # RFC 9068 §2.1
ID_TOKEN_TYPE = "JWT"
LOGIN_TOKEN_TYPE = "login+jwt"  # v2-api.md §4
LOGOUT_TOKEN_TYPE = "logout+jwt"  # Back-Channel Logout §2.4
INTROSPECTION_TYPE = "token-introspection+jwt"  # RFC 9701 §5
CONSENT_RECEIPT_TYPE = "consent-receipt+jwt"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # RFC 8693 §2.1
ACCESS_TOKEN_URN = "urn:ietf:params:oauth:token-type:access_token"  # RFC 8693 §3
JWT_URN = "urn:ietf:params:oauth:token-type:jwt"

RSA_ENCRYPTION = ("RSA-OAEP", "RSA-OAEP-256")
EC_ENCRYPTION = ("ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW")
ENCRYPTION_ALGORITHMS = (*RSA_ENCRYPTION, *EC_ENCRYPTION)  # RFC 7518 §4.1
ENCRYPTION_ENCODINGS = ("A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM")  # RFC 7518 §5.1


def format_response_type(words: frozenset[str]) -> str:
    """A set of words as a registered response type."""
    return " ".join(word for word in RESPONSE_WORDS if word in words)
