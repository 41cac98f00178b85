"""The authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1).

Two stages, in this order. `identify` settles where an answer may go: its faults are shown on a
page, for nothing is trusted yet. `validate` looks at the rest: its faults go to the client by
redirect. Pure; the endpoint chooses the client and writes the answers.
"""

from dataclasses import dataclass
from typing import get_args

from quantimodo.model.clients import Client
from quantimodo.protocol import pkce, scopes
from quantimodo.protocol.errors import (
    InvalidRequest,
    InvalidScope,
    OAuthError,
    RegistrationNotSupported,
    RequestNotSupported,
    RequestUriNotSupported,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.redirects import matches
from quantimodo.protocol.responses import ResponseMode, default_mode
from quantimodo.protocol.vocabulary import RESPONSE_WORDS, spell_response_type

PROMPTS = frozenset({"none", "login", "consent", "select_account"})
PARAMETERS = frozenset(
    {
        "client_id",
        "redirect_uri",
        "response_type",
        "response_mode",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "prompt",
        "max_age",
        "login_hint",
    }
)
"""What is heeded of a request. All else is ignored (RFC 6749 §3.1), and kept and repeated nowhere:
it may be a secret that strayed (security.md 16)."""


class NoTarget(Exception):
    """The request names no client or address that an answer may go to: a page, never a redirect."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the answer goes. `given` tells whether the request named the URI itself."""

    redirect_uri: str
    given: bool
    mode: ResponseMode
    state: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A valid request. `scope` is what the client may have of what it asked for."""

    client: Client
    target: Target
    response_type: frozenset[str]
    scope: frozenset[str]
    nonce: str | None
    challenge: str | None
    prompt: frozenset[str]
    max_age: int | None
    login_hint: str | None


def identify(form: Form, client: Client) -> Target:
    """Where answers to this client go. Raises `NoTarget`."""
    asked = form.get("redirect_uri")
    if asked is None:
        # RFC 6749 §3.1.2.3: may be left out when exactly one is registered.
        if len(client.redirect_uris) != 1:
            raise NoTarget("redirect_uri is missing, and the app has not registered just one.")
        redirect_uri = client.redirect_uris[0]
    elif any(matches(registered, asked) for registered in client.redirect_uris):
        redirect_uri = asked
    else:
        raise NoTarget("redirect_uri is not one of those that the app has registered.")
    return Target(redirect_uri, asked is not None, _mode(form), form.get("state"))


def validate(form: Form, client: Client, target: Target) -> AuthorizationRequest:
    """The request, whole. Raises an `OAuthError` for the client to read."""
    _refuse_unsupported(form)
    words = _response_type(form, client)
    _check_mode(form, words)
    scope = _scope(form, client)
    if "id_token" in words and "openid" not in scope:
        raise InvalidRequest("an ID token needs the scope openid")
    nonce = form.get("nonce")
    # OpenID Connect Core §3.2.2.11, §3.3.2.11: without a nonce an ID token in the front channel
    # could be replayed.
    if "id_token" in words and nonce is None:
        raise InvalidRequest("this response_type needs a nonce")
    return AuthorizationRequest(
        client=client,
        target=target,
        response_type=words,
        scope=scope,
        nonce=nonce,
        challenge=_challenge(form, client, words),
        prompt=_prompt(form),
        max_age=_max_age(form),
        login_hint=form.get("login_hint"),
    )


def _refuse_unsupported(form: Form) -> None:
    # OpenID Connect Core §6.1, §6.2, §7.2.1
    refusals: tuple[tuple[str, type[OAuthError]], ...] = (
        ("request", RequestNotSupported),
        ("request_uri", RequestUriNotSupported),
        ("registration", RegistrationNotSupported),
    )
    for name, refusal in refusals:
        if form.get(name) is not None:
            raise refusal(f"the parameter {name} is not supported")


def _words(form: Form) -> frozenset[str]:
    return frozenset((form.get("response_type") or "").split(" ")) - {""}


def _response_type(form: Form, client: Client) -> frozenset[str]:
    if form.get("response_type") is None:
        raise InvalidRequest("the parameter response_type is missing")
    words = _words(form)
    if not words <= frozenset(RESPONSE_WORDS) or ("none" in words and len(words) > 1):
        raise UnsupportedResponseType("this response_type does not exist here")
    if spell_response_type(words) not in client.response_types:
        # security.md 5: implicit answers only for clients that are flagged for them.
        raise UnauthorizedClient("the app is not registered for this response_type")
    return words


def _mode(form: Form) -> ResponseMode:
    """How to answer, settled before anything else so that errors travel the same way."""
    asked, fallback = form.get("response_mode"), default_mode(_words(form))
    for mode in get_args(ResponseMode):
        if mode == asked and not (mode == "query" and fallback == "fragment"):
            return mode  # type: ignore[no-any-return]
    return fallback


def _check_mode(form: Form, words: frozenset[str]) -> None:
    asked = form.get("response_mode")
    if asked is not None and asked not in get_args(ResponseMode):
        raise InvalidRequest("this response_mode is not supported")
    # Multiple Response Types §3: tokens never travel in a query.
    if asked == "query" and default_mode(words) == "fragment":
        raise InvalidRequest("response_mode query cannot carry tokens")


def _scope(form: Form, client: Client) -> frozenset[str]:
    asked = scopes.parse(form.get("scope") or "basic")
    allowed = asked & client.scope
    if not allowed:
        raise InvalidScope("the app is not registered for any of the requested scopes")
    return allowed


def _challenge(form: Form, client: Client, words: frozenset[str]) -> str | None:
    # security.md 4, RFC 9700 §2.1.1
    required = "code" in words and (client.public or client.strict)
    return pkce.accept_challenge(
        form.get("code_challenge"), form.get("code_challenge_method"), required=required
    )


def _prompt(form: Form) -> frozenset[str]:
    prompt = frozenset((form.get("prompt") or "").split(" ")) - {""}
    # OpenID Connect Core §3.1.2.1: `none` stands alone.
    if not prompt <= PROMPTS or ("none" in prompt and len(prompt) > 1):
        raise InvalidRequest("prompt has a value that is not supported, or none beside another")
    return prompt


def _max_age(form: Form) -> int | None:
    text = form.get("max_age")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidRequest("max_age must be a number of seconds")
    return int(text)
