"""Examples for developers, with the application's id filled in."""

import shlex
from typing import Final
from urllib.parse import quote, urlencode

from quantimodo.model.clients import Client
from quantimodo.protocol.scopes import spell

# RFC 7636 appendix B, so that verifier and challenge of the example match.
_VERIFIER: Final = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
_CHALLENGE: Final = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def authorize_example(issuer: str, client: Client) -> str:
    """An authorization request; "" for an application without redirect URIs."""
    if not client.redirect_uris:
        return ""
    query = {
        "client_id": client.id,
        "response_type": "code",
        "redirect_uri": client.redirect_uris[0],
        "scope": spell(client.scope),
        "state": "RANDOM",
        "code_challenge": _CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"{issuer}/api/v2/oauth/authorize?{urlencode(query, quote_via=quote)}"


def token_example(issuer: str, client: Client) -> str:
    """The token request that follows, for a terminal."""
    fields = {"grant_type": "client_credentials"}
    if client.redirect_uris:
        fields = {
            "grant_type": "authorization_code",
            "code": "CODE",
            "redirect_uri": client.redirect_uris[0],
            "code_verifier": _VERIFIER,
        }
    if client.public:
        fields["client_id"] = client.id
    user = [] if client.public else [f"-u {shlex.quote(client.id)}:CLIENT_SECRET"]
    data = [f"-d {name}={shlex.quote(value)}" for name, value in fields.items()]
    if client.redirect_uris:
        data = [line.replace("-d redirect_uri", "--data-urlencode redirect_uri") for line in data]
    return " \\\n  ".join([f"curl {issuer}/api/v2/oauth2/access_token", *user, *data])
