"""What a grant is, and the decisions that it can come to.

The endpoint has authenticated the client before; the issuer commits the decision after. A grant
loads facts (one read) and decides (pure). A refusal is an exception of `protocol/errors.py`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from quantimodo.model.clients import Client
from quantimodo.model.tokens import FoundCode, FoundRefreshToken
from quantimodo.ports.stores import TokenReader
from quantimodo.protocol.parameters import Form


@dataclass(frozen=True, slots=True)
class IssueOwn:
    """An access token for the application itself: no person, nothing spent."""

    client: Client
    scope: frozenset[str]


@dataclass(frozen=True, slots=True)
class Redeem:
    """Spend this code; give its tokens."""

    client: Client
    found: FoundCode


@dataclass(frozen=True, slots=True)
class Rotate:
    """Spend this refresh token; give its heir, and an access token of `scope`.

    `raw` is the presented token in the clear: the heir is computed from it.
    """

    client: Client
    found: FoundRefreshToken
    scope: frozenset[str]
    raw: str

    def __repr__(self) -> str:
        return f"Rotate({self.client.id})"


@dataclass(frozen=True, slots=True)
class Repeat(Rotate):
    """Give once more what this token's rotation gave, and spend nothing (v2-api.md §6, grace)."""

    __repr__ = Rotate.__repr__


Decision = IssueOwn | Redeem | Rotate | Repeat

Evidence = TypeVar("Evidence")


class GrantType(Protocol[Evidence]):
    grant_type: str

    async def load(self, form: Form, tokens: TokenReader) -> Evidence:
        """What the decision rests on: at most one read."""

    def decide(self, form: Form, client: Client, evidence: Evidence, now: datetime) -> Decision:
        """Pure: the same facts give the same decision."""
