"""What a refused request was like, in fixed words, for the owner of the app.

A line never repeats what was sent, which may be a secret. It has names of parameters that the
server knows, values of fixed vocabularies, values of the app's own registration, and numbers.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import SplitResult, urlsplit

from quantimodo.model.clients import Client
from quantimodo.protocol.authorization import PROMPTS, READ
from quantimodo.protocol.client_auth import PARAMETERS as OF_CLIENTS
from quantimodo.protocol.constants import RESPONSE_TYPES
from quantimodo.protocol.grant_types import GRANT_TYPES
from quantimodo.protocol.grant_types import PARAMETERS as OF_GRANT_TYPES
from quantimodo.protocol.scopes import KNOWN as SCOPES
from quantimodo.protocol.security_profile_requests import SIGNED

NAMES: Final = (
    READ
    | OF_CLIENTS
    | OF_GRANT_TYPES
    | {
        "grant_type",
        "token_type_hint",
    }
)
"""The parameters whose names may be repeated."""
_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "grant_type": GRANT_TYPES,
    "response_type": RESPONSE_TYPES,
    "response_mode": frozenset(
        {"query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt"}
    ),
    "code_challenge_method": frozenset({"S256", "plain"}),
    "prompt": PROMPTS,
}
_MOST_SHOWN: Final = 200  # characters of a registered address


def summarise_request(
    parameters: Iterable[tuple[str, str]], client: Client, authorization: str | None = None
) -> tuple[str, ...]:
    """The lines about these parameters; `authorization` is the header of that name, None where
    the endpoint does not authenticate the app."""
    sent = {name: text for name, text in parameters if name != SIGNED}
    known = sorted(NAMES & sent.keys())
    lines = [f"parameters: {', '.join(known) or 'none'}{_others(len(sent) - len(known))}"]
    for name, words in _WORDS.items():
        if name in sent:
            lines.append(f"{name}: {sent[name] if sent[name] in words else 'another value'}")
    if authorization is not None:
        lines.append(f"authenticated by {_method(sent, authorization)}; {_registered(client)}")
    if "redirect_uri" in sent:
        lines += _redirect(client.redirect_uris, sent["redirect_uri"])
    if "scope" in sent:
        lines += _scopes(frozenset(sent["scope"].split()), client.scope)
    return tuple(lines)


def _others(number: int) -> str:
    return f", and {number} that this server does not know" if number else ""


def _method(sent: Mapping[str, str], authorization: str) -> str:
    scheme = authorization.partition(" ")[0].lower()
    if scheme == "basic":
        return "client_secret_basic"
    if "client_assertion" in sent:
        return "a signed assertion"
    return "client_secret_post" if "client_secret" in sent else "nothing (none)"


def _registered(client: Client) -> str:
    method = client.metadata.token_endpoint_auth_method
    return f"registered is {method or ('none' if client.public else 'a client secret')}"


def _redirect(registered: Sequence[str], sent: str) -> list[str]:
    if sent in registered:
        return []
    if not registered:
        return ["redirect_uri: the app has registered none"]
    nearest = min(registered, key=lambda each: len(_differences(each, sent)))
    parts = ", ".join(_differences(nearest, sent)) or "the spelling"
    return [f"redirect_uri differs from the registered {nearest[:_MOST_SHOWN]} in: {parts}"]


def _differences(registered: str, sent: str) -> list[str]:
    ours, theirs = _parts(registered), _parts(sent)
    if ours is None or theirs is None:
        return ["the form of an address"]
    differences = [name for name in ours if ours[name] != theirs[name]]
    if "path" in differences and ours["path"].rstrip("/") == theirs["path"].rstrip("/"):
        differences[differences.index("path")] = "the slash at the end"
    return differences


def _parts(uri: str) -> Mapping[str, str] | None:
    try:
        parts: SplitResult = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    return {
        "scheme": parts.scheme,
        "host": parts.hostname or "",
        "port": "" if port is None else str(port),
        "path": parts.path,
        "query": parts.query,
        "fragment": parts.fragment,
    }


def _scopes(requested: frozenset[str], registered: frozenset[str]) -> list[str]:
    lines = []
    lacking = sorted((requested & SCOPES) - registered)
    if lacking:
        lines.append(f"scopes that the app is not registered for: {', '.join(lacking)}")
    foreign = len(requested - SCOPES)
    if foreign:
        lines.append(f"scopes that are not of this server itself: {foreign}")
    return lines
