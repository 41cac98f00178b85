"""Token exchange (RFC 8693): its parameters, the rows of its refusals, and the claim that names who
acts. Pure."""

from collections.abc import Sequence
from typing import Any, Final

from quantimodo.protocol.refusal_row import RefusalRow

PARAMETERS: Final = frozenset(
    {
        "audience",
        "subject_token",
        "subject_token_type",
        "requested_token_type",
        "actor_token",
        "actor_token_type",
    }
)
"""Those of a token request that only this grant type has (RFC 8693 §2.1)."""
LONGEST_CHAIN: Final = 4
"""The most clients in `act`, with the application that has the grant."""

_GUIDE: Final = "token-exchange.md#token-exchange"
_ACTOR: Final = "token-exchange.md#an-actor-and-chains"
REFUSALS: Final[Sequence[RefusalRow]] = (
    RefusalRow(
        "subject_token_not_valid",
        "invalid_request",
        "An access token that the app may exchange.",
        "Send an access token of this server, valid now, that was issued for an API of the app.",
        _GUIDE,
    ),
    RefusalRow(
        "token_type_not_supported",
        "invalid_request",
        "Access tokens only.",
        "Use `urn:ietf:params:oauth:token-type:access_token` for all types.",
        _GUIDE,
    ),
    RefusalRow(
        "actor_token_not_valid",
        "invalid_request",
        "An access token of a client for itself, for an API of the app, with `actor_token_type`."
        " The application that the person allowed lists the client.",
        "Get a token for the actor by `client_credentials`, for an API of the app; ask the operator"
        " to list the actor.",
        _ACTOR,
    ),
    RefusalRow(
        "actor_chain_too_long",
        "invalid_request",
        "At most four apps that act one for the other.",
        "Exchange an earlier token of the chain.",
        _ACTOR,
    ),
)
"""The rows of its refusals."""


def actor_chain(before: Sequence[str], *acting: str) -> tuple[str, ...]:
    """The clients that act, the present actor first (RFC 8693 §4.1). `before` is such a chain;
    those that are `acting` come to it in their order, none twice in a row."""
    chain = tuple(before)
    for client_id in acting:
        if chain[:1] != (client_id,):
            chain = (client_id, *chain)
    return chain


def stored_chain(actors: Sequence[str], client_id: str, granted_to: str) -> tuple[str, ...]:
    """The chain of a token that this client got by exchange: its `actors`, or those of a token that
    names none: the client, and before it the one that has the grant."""
    return tuple(actors) or actor_chain((granted_to,), client_id)


def actor_claim(chain: Sequence[str]) -> dict[str, Any]:
    """`act` (RFC 8693 §4.1) of a chain that is not empty."""
    first, *before = chain
    return {"act": {"sub": first, **(actor_claim(before) if before else {})}}
