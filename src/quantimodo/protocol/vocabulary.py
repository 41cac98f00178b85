"""Words that more than one rule uses."""

RESPONSE_WORDS = ("code", "id_token", "token", "none")
"""The words of `response_type`, in the order in which registered types spell them."""

ACCESS_TOKEN_TYPE = "at+jwt"  # RFC 9068 §2.1
ID_TOKEN_TYPE = "JWT"
LOGIN_TOKEN_TYPE = "login+jwt"  # contract §4
LOGOUT_TOKEN_TYPE = "logout+jwt"  # OpenID Connect Back-Channel Logout §2.4
BEARER = "Bearer"


def spell_response_type(words: frozenset[str]) -> str:
    """A set of words as registered response types spell it."""
    return " ".join(word for word in RESPONSE_WORDS if word in words)
