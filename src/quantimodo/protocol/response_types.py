"""How a client wants its response: the response type and the response mode of a request."""

from typing import get_args

from quantimodo.model.clients import Client
from quantimodo.protocol.authorization_responses import ResponseMode, default_mode
from quantimodo.protocol.constants import RESPONSE_WORDS, format_response_type
from quantimodo.protocol.errors import (
    InvalidRequest,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from quantimodo.protocol.parameters import Form


def requested_words(form: Form) -> frozenset[str]:
    """The words of `response_type`, whether or not they exist."""
    return frozenset((form.get("response_type") or "").split(" ")) - {""}


def requested_type(form: Form, client: Client) -> frozenset[str]:
    """The words of a response type that the client may request. Raises `OAuthError`."""
    if form.get("response_type") is None:
        raise InvalidRequest("the parameter response_type is missing", refusal="parameter_missing")
    words = requested_words(form)
    if not words <= frozenset(RESPONSE_WORDS) or ("none" in words and len(words) > 1):
        raise UnsupportedResponseType(
            "this response_type does not exist here", refusal="response_type_unknown"
        )
    if format_response_type(words) not in client.response_types:
        # security.md §5: implicit responses only for clients that are flagged for them.
        raise UnauthorizedClient(
            "the app is not registered for this response_type",
            refusal="response_type_not_registered",
        )
    # RFC 9449 §5.2, RFC 8705 §3.4: its tokens are bound to what this endpoint never sees.
    bound = (
        client.metadata.dpop_bound_access_tokens
        or client.metadata.tls_client_certificate_bound_access_tokens
    )
    if "token" in words and bound:
        raise UnauthorizedClient(
            "the app is registered for bound tokens: they need a code",
            refusal="bound_tokens_need_code",
        )
    return words


def requested_mode(form: Form) -> ResponseMode:
    """The response mode. It is determined first, because errors are sent by it too."""
    requested, fallback = form.get("response_mode"), default_mode(requested_words(form))
    if requested == "jwt":
        # JARM §2.3.4: the default mode of the response type, signed.
        requested = f"{fallback}.jwt"
    for mode in get_args(ResponseMode):
        if mode == requested and not (mode == "query" and fallback == "fragment"):
            return mode  # type: ignore[no-any-return]
    return fallback


def check_mode(form: Form, words: frozenset[str], client: Client) -> None:
    """Raises `InvalidRequest` for a mode that does not exist, or that would expose tokens."""
    requested = form.get("response_mode")
    if requested is not None and requested not in (*get_args(ResponseMode), "jwt"):
        raise InvalidRequest(
            "this response_mode is not supported", refusal="response_mode_not_supported"
        )
    if default_mode(words) != "fragment":
        return
    # Multiple Response Types §3: tokens never travel in a query.
    if requested == "query":
        raise InvalidRequest(
            "response_mode query cannot carry tokens", refusal="response_mode_exposes_tokens"
        )
    # JARM §2.3.1: except in an encrypted response.
    if requested == "query.jwt" and not client.metadata.authorization_encrypted_response_alg:
        raise InvalidRequest(
            "response_mode query.jwt carries tokens only when they are encrypted",
            refusal="response_mode_exposes_tokens",
        )
