"""Values that the database stores as text: scopes, space-separated words, the claims request."""

import json
from collections.abc import Iterable
from functools import lru_cache

from quantimodo.model.confirmations import Confirmation
from quantimodo.model.tokens import ClaimsRequest


@lru_cache(maxsize=1024)
def scope_text(scope: frozenset[str]) -> str:
    """The scope as text: sorted, space-separated."""
    return " ".join(sorted(scope))


@lru_cache(maxsize=1024)
def to_scope(text: str) -> frozenset[str]:
    """The scope in a column: names between spaces."""
    return frozenset(text.split())


def words_text(words: Iterable[str]) -> str:
    """The words in their order, space-separated."""
    return " ".join(words)


def to_words(text: str) -> tuple[str, ...]:
    """The words in a column, in order."""
    return tuple(text.split())


def to_words_or_none(text: str | None) -> tuple[str, ...]:
    """The words in a column, in order; none for NULL."""
    return to_words(text) if text else ()


def claims_request_text(claims_request: ClaimsRequest | None) -> str | None:
    """The column `grants.claims_request`: the claims that a request names individually, as JSON.
    NULL for most grants."""
    if claims_request is None:
        return None
    return json.dumps(
        [sorted(claims_request.id_token), sorted(claims_request.userinfo), claims_request.acr]
    )


def to_claims_request(text: str | None) -> ClaimsRequest | None:
    """The claims request in a column; None for NULL."""
    return None if text is None else _read_claims_request(text)


@lru_cache(maxsize=256)
def _read_claims_request(text: str) -> ClaimsRequest:
    id_token, userinfo, acr = json.loads(text)
    return ClaimsRequest(frozenset(id_token), frozenset(userinfo), acr)


def confirmation_text(confirmation: Confirmation | None) -> str | None:
    """The column `confirmation`: the member of `cnf` and its value. NULL for bearer tokens."""
    return None if confirmation is None else " ".join(confirmation)


def to_confirmation(text: str | None) -> Confirmation | None:
    """The confirmation in a column: its member and its thumbprint; None for NULL."""
    if text is None:
        return None
    member, _, thumbprint = text.partition(" ")
    return Confirmation("jkt" if member == "jkt" else "x5t#S256", thumbprint)
