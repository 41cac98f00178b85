"""How an access token is presented (RFC 6750 §2), and the error response (RFC 6750 §3)."""

import re

from quantimodo.protocol.errors import (
    BearerError,
    BearerRequestInvalid,
    InsufficientScope,
    InvalidToken,
    MissingToken,
)

_LONGEST = 4096
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)  # RFC 6750 §2.1 b64token


def presented_token(header: str | None, query: str | None, body: str | None) -> str:
    """The one token of a request. Raises `MissingToken`, or another error of RFC 6750 §3.1."""
    scheme, _, credentials = (header or "").partition(" ")
    in_header = credentials if scheme.lower() == "bearer" and credentials else None
    given = [token for token in (in_header, query, body) if token is not None]
    # RFC 6750 §2: clients MUST NOT use more than one method.
    if len(given) > 1:
        raise BearerRequestInvalid("the token is sent in more than one way")
    if not given:
        if scheme and scheme.lower() != "bearer":
            raise MissingToken(because="another authentication scheme")
        raise MissingToken()
    token = given[0]
    if len(token) > _LONGEST or not _TOKEN.fullmatch(token):
        raise InvalidToken("the access token is malformed")
    return token


def challenge(error: BearerError) -> str:
    """The `WWW-Authenticate` value (RFC 6750 §3)."""
    if error.code is None:
        return "Bearer"
    parts = [f'error="{error.code}"', f'error_description="{error.description}"']
    if isinstance(error, InsufficientScope):
        parts.append(f'scope="{error.scope}"')
    return "Bearer " + ", ".join(parts)
