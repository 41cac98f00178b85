"""Authorization responses (RFC 6749 §4.1.2, §4.2.2; Multiple Response Types §2.1)."""

from collections.abc import Iterable
from typing import Literal
from urllib.parse import quote_plus, urlencode, urlsplit, urlunsplit

ResponseMode = Literal[
    "query", "fragment", "form_post", "query.jwt", "fragment.jwt", "form_post.jwt"
]
Parameters = list[tuple[str, str]]


def default_mode(response_types: frozenset[str]) -> Literal["query", "fragment"]:
    """The response mode of a request without one (OAuth 2.0 Multiple Response Types §5)."""
    # Multiple Response Types §5: a response with a token goes in the fragment.
    return "fragment" if response_types & {"token", "id_token"} else "query"


def redirect_target(redirect_uri: str, parameters: Iterable[tuple[str, str]], mode: str) -> str:
    """`redirect_uri` with the response in its query or fragment; its query is kept."""
    encoded = urlencode(list(parameters), quote_via=quote_plus)
    if mode == "fragment":
        return f"{redirect_uri}#{encoded}"
    # RFC 6749 §3.1.2: the query component that the URI has MUST be retained.
    parts = urlsplit(redirect_uri)
    query = f"{parts.query}&{encoded}" if parts.query else encoded
    target = urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
    # A private-use scheme such as `com.example.app:/cb` must keep its exact spelling.
    return target if parts.netloc else f"{redirect_uri.partition('?')[0]}?{query}"
