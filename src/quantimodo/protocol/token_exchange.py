"""Token exchange (RFC 8693): the claim that names who acts. Pure."""

from typing import Any, Final

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


def actor_claim(client_id: str, granted_to: str) -> dict[str, Any]:
    """`act` of a token that this client got by exchange (RFC 8693 §4.1). Where another client has
    the grant, that one is the actor before it."""
    before = {} if granted_to == client_id else {"act": {"sub": granted_to}}
    return {"act": {"sub": client_id, **before}}
