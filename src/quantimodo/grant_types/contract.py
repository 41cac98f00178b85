"""The protocol of a grant type, and the decisions that it can return.

The endpoint authenticates the client first; `tokens/token_responder.py` commits the decision. A
grant type loads facts and decides (pure). A refusal is an exception of `protocol/errors.py`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

from quantimodo.crypto.tokens import Successors
from quantimodo.model.clients import Client
from quantimodo.model.confirmations import Confirmation
from quantimodo.model.resources import Resource
from quantimodo.model.tokens import (
    FoundAccessToken,
    FoundCode,
    FoundRefreshToken,
    Grant,
    RefreshToken,
)
from quantimodo.model.users import User
from quantimodo.ports.grant_stores import TokenReader
from quantimodo.protocol.errors import OAuthError
from quantimodo.protocol.grant_types import GrantTypeEntry
from quantimodo.protocol.parameters import Form


class MintedTokens(NamedTuple):
    """The tokens that a spent credential gave. `refresh` is the row of the refresh token, None for
    a client that gets none."""

    tokens: Successors
    issued_at: datetime
    refresh: RefreshToken | None


class Parent(NamedTuple):
    """The credential from which tokens are derived: in the clear, with the nonce that is stored
    with it."""

    raw: str
    nonce: bytes

    def __repr__(self) -> str:
        return "Parent()"


@dataclass(frozen=True, slots=True)
class MintOwn:
    """An access token for the application itself: no person, nothing spent. `scope` is that of one
    API, by full names (`protocol/resources.py`)."""

    client: Client
    scope: frozenset[str]


@dataclass(frozen=True, slots=True)
class Redeem:
    """Redeem this code and issue its tokens; the access token has `scope` and `details`, None for
    those of the grant. With `parent` the tokens are derived, so that they can be returned again."""

    client: Client
    found: FoundCode
    scope: frozenset[str]
    details: str | None = None
    parent: Parent | None = None


@dataclass(frozen=True, slots=True)
class Rotate:
    """Spend this refresh token; issue its successor, and an access token of `scope` and `details`,
    None for those of the grant.

    `raw` is the presented token in the clear: its successors are derived from it.
    """

    client: Client
    found: FoundRefreshToken
    scope: frozenset[str]
    raw: str
    details: str | None = None

    def __repr__(self) -> str:
        return f"Rotate({self.client.id})"


@dataclass(frozen=True, slots=True)
class Renew:
    """Issue an access token of `scope` and `details`, None for those of the grant; the refresh
    token stays valid, and nothing is spent (FAPI 2.0 §5.3.2.1 (9))."""

    client: Client
    found: FoundRefreshToken
    scope: frozenset[str]
    details: str | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """Return the tokens of a spent refresh token or device code again, and spend nothing
    (v2-api.md §6).

    `scope` and `details` are those of this request; an access token that is still stored keeps its
    own.
    """

    client: Client
    found: FoundRefreshToken | FoundCode
    scope: frozenset[str]
    minted: MintedTokens
    details: str | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """The person has not decided yet: store the poll, and respond with `error`. `record`
    stores it, and raises another error if another request was faster; None if nothing changes."""

    error: OAuthError
    record: Callable[[], Awaitable[None]] | None = None


class SubjectToken(NamedTuple):
    """An access token that is presented to be exchanged: its grant and person, the application that
    has the grant, and the registered API that it is for, None for ours.

    `key` is that of an opaque token, None for a JWT. `actors` are the clients that act by it, the
    present one first: the application, or the chain of a token that was exchanged before.
    """

    token: FoundAccessToken
    grant: Grant
    user: User
    application: Client
    api: Resource | None
    key: bytes | None
    actors: tuple[Client, ...]


class ActorToken(NamedTuple):
    """An access token of a client for itself, which is presented as `actor_token`, and the
    registered API that it is for, None for ours."""

    token: FoundAccessToken
    client: Client
    api: Resource | None


@dataclass(frozen=True, slots=True)
class Exchange:
    """Mint an access token of this scope for another API to `client` (RFC 8693). `actors` act for
    the person, the present one first. It does not outlive the subject token, whose details it
    keeps, nor the actor token."""

    client: Client
    subject: SubjectToken
    actor: ActorToken | None
    target: Resource
    scope: frozenset[str]
    actors: tuple[Client, ...]


Decision = MintOwn | Redeem | Rotate | Renew | Repeat | Wait | Exchange

Evidence = TypeVar("Evidence")


class GrantType(Protocol[Evidence]):
    entry: GrantTypeEntry

    async def load(self, form: Form, tokens: TokenReader) -> Evidence:
        """The facts for the decision: one read, and a second one only for a spent token."""

    def decide(
        self,
        form: Form,
        client: Client,
        evidence: Evidence,
        now: datetime,
        sender_key: Confirmation | None,
    ) -> Decision:
        """Pure: the same facts give the same decision. `sender_key` is the key of which the request
        shows possession: what it presents may be bound to one."""
