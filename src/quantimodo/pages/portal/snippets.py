"""The first requests of an application for its developer, with its id filled in."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from quantimodo.model.clients import Client
from quantimodo.model.texts import N_
from quantimodo.pages.portal.app_kinds import SCOPE, FirstRequest, kind_without_redirects
from quantimodo.protocol.discovery import AUTHORIZE, TOKEN
from quantimodo.protocol.scopes import format_scope

# RFC 7636 appendix B, so that verifier and challenge of the example match.
_VERIFIER: Final = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
_CHALLENGE: Final = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@dataclass(frozen=True, slots=True)
class Step:
    """One request: what to do with it, and its text to copy."""

    name: str
    words: str
    text: str


def first_requests(issuer: str, client: Client) -> Sequence[Step]:
    """The requests that lead to the first token, step by step."""
    if client.redirect_uris:
        redeemed = {
            "grant_type": "authorization_code",
            "code": "CODE",
            "redirect_uri": client.redirect_uris[0],
            "code_verifier": _VERIFIER,
        }
        return [
            Step(
                "authorize-url",
                N_("1. Send a person to this address. They come back with a code."),
                _authorize_url(issuer, client),
            ),
            Step(
                "token-call",
                N_("2. Within a minute, exchange the code for tokens:"),
                _call(issuer + TOKEN, client, redeemed),
            ),
        ]
    return [
        Step(each.name, each.words, _call(issuer + each.path, client, _filled_in(each, client)))
        for each in kind_without_redirects(client).requests
    ]


def _filled_in(request: FirstRequest, client: Client) -> dict[str, str]:
    scope = format_scope(client.scope)
    return {name: scope if text == SCOPE else text for name, text in request.parameters.items()}


def _authorize_url(issuer: str, client: Client) -> str:
    query = {
        "client_id": client.id,
        "response_type": "code",
        "redirect_uri": client.redirect_uris[0],
        "scope": format_scope(client.scope),
        "state": "RANDOM",
        "code_challenge": _CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"{issuer}{AUTHORIZE}?{urlencode(query, quote_via=quote)}"


def _call(address: str, client: Client, given: dict[str, str]) -> str:
    """A request of the client for a terminal."""
    fields = {**given, "client_id": client.id} if client.public else given
    user = [] if client.public else [f"-u {shlex.quote(client.id)}:CLIENT_SECRET"]
    data = [f"--data-urlencode {name}={shlex.quote(value)}" for name, value in fields.items()]
    return " \\\n  ".join([f"curl {address}", *user, *data])
