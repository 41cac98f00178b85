"""How an access token is presented (RFC 6750 §2), and the error response (RFC 6750 §3)."""

import re
from typing import NamedTuple

from quantimodo.protocol.dpop import ALGORITHMS
from quantimodo.protocol.errors import (
    BearerError,
    BearerRequestInvalid,
    InsufficientAuthentication,
    InvalidToken,
    MissingToken,
    WrongTokenScheme,
)

_LONGEST = 4096
_SCHEMES = ("bearer", "dpop")
_ALGS = f'algs="{" ".join(ALGORITHMS)}"'
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)  # RFC 6750 §2.1 b64token


class PresentedToken(NamedTuple):
    """`dpop`: it was sent by the scheme DPoP (RFC 9449 §7.1)."""

    raw: str
    dpop: bool


def presented_token(header: str | None, query: str | None, body: str | None) -> PresentedToken:
    """The one token of a request. Raises `MissingToken`, or another error of RFC 6750 §3.1."""
    scheme, _, credentials = (header or "").partition(" ")
    scheme = scheme.lower()
    in_header = credentials if scheme in _SCHEMES and credentials else None
    given = [token for token in (in_header, query, body) if token is not None]
    # RFC 6750 §2: clients MUST NOT use more than one method.
    if len(given) > 1:
        raise BearerRequestInvalid("the token is sent in more than one way")
    if not given:
        if scheme and scheme not in _SCHEMES:
            raise MissingToken(because="another authentication scheme")
        raise MissingToken()
    token, dpop = given[0], in_header is not None and scheme == "dpop"
    if len(token) > _LONGEST or not _TOKEN.fullmatch(token):
        raise InvalidToken("the access token is malformed", dpop=dpop)
    return PresentedToken(token, dpop)


def challenges(error: BearerError) -> list[str]:
    """The values of `WWW-Authenticate` (RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3)."""
    metadata = error.resource_metadata  # RFC 9728 §5.1
    named = [f'resource_metadata="{metadata}"'] if metadata else []
    if error.scope:
        named.insert(0, f'scope="{error.scope}"')
    if error.code is None:
        return [f"Bearer {', '.join(named)}".rstrip(), f"DPoP {_ALGS}"]
    parts = [f'error="{error.code}"', f'error_description="{error.description}"']
    if isinstance(error, InsufficientAuthentication):
        parts += [f'acr_values="{error.acr_values}"'] if error.acr_values else []
        parts += [f'max_age="{error.max_age}"'] if error.max_age else []
    if error.dpop:
        return ["DPoP " + ", ".join((*parts, *named, _ALGS))]
    bearer = "Bearer " + ", ".join((*parts, *named))
    return [bearer, f"DPoP {_ALGS}"] if isinstance(error, WrongTokenScheme) else [bearer]
