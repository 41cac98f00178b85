"""The one door by which a protocol error leaves as JSON (RFC 6749 §5.2)."""

from quantimodo.http.json import private_json
from quantimodo.http.messages import Response
from quantimodo.protocol.errors import InvalidClient, OAuthError

_CHALLENGE = (b"www-authenticate", b'Basic realm="quantimodo", charset="UTF-8"')


def oauth_error(error: OAuthError) -> Response:
    """Code and description for the client; what `because` says is the log's."""
    body = {"error": error.code, "error_description": error.description}
    if isinstance(error, InvalidClient) and error.challenged:
        return private_json(error.status, body, _CHALLENGE)
    return private_json(error.status, body)
