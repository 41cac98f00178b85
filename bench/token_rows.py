"""Rows of the bench: clients, people and tokens; some tokens are used, and millions more may be in
the tables, as in a server that has run for a long time.

Rows are written many at once without the stores; this module has the columns of the tables.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from engines import Engine
from workloads import CHALLENGE, OPAQUE, REDIRECT_URI, SECRET, SIGNED, Kind

from quantimodo.app.clock_and_entropy import SystemEntropy
from quantimodo.app.composition.services import AppContext
from quantimodo.crypto.digests import digest
from quantimodo.crypto.tokens import Kind as TokenKind
from quantimodo.crypto.tokens import mint, moment_bytes
from quantimodo.model.clients import Client, SecretDigest
from quantimodo.model.users import NewUser
from quantimodo.storage.timestamps import to_micros

_PEOPLE = 100
_SCOPE = "basic"
_OPENID = "basic openid"  # of tokens for userinfo; a refresh with it would sign an ID token, too
_SPAN = timedelta(hours=1)  # tokens were issued in the hour before the bench
_LIFE = timedelta(days=1)

_GRANTS = (
    *("id", "client_id", "user_id", "scope", "methods"),
    *("authenticated_at", "created_at", "expires_at"),
)
_CODES = ("key", "grant_id", "redirect_uri", "challenge", "expires_at")
_REFRESH = ("key", "grant_id", "issued_at", "expires_at")
_ACCESS = ("key", "client_id", "grant_id", "user_id", "scope", "issued_at", "expires_at")
_BOUND = (*_ACCESS, "confirmation")
Row = tuple[Any, ...]


@dataclass(slots=True)
class UsableTokens:
    """The tokens that requests may use, in plain text."""

    access: deque[str] = field(default_factory=deque)
    refresh: deque[str] = field(default_factory=deque)
    codes: deque[str] = field(default_factory=deque)
    bound: deque[str] = field(default_factory=deque)

    def take(self, kind: Kind, count: int) -> list[str]:
        """`count` of them, each once; access tokens may be used again."""
        tokens: deque[str] = getattr(self, kind)
        if kind in ("access", "bound"):
            return list(tokens)[:count]
        return [tokens.popleft() for _ in range(count)]


async def add_rows(
    context: AppContext, engine: Engine, wanted: dict[Kind, int], unused: int, thumbprint: str
) -> UsableTokens:
    """`wanted` tokens to use, among about `unused` others that are never used. Tokens of
    the kind "bound" are bound to the DPoP key with this thumbprint."""
    now = context.clock.now()
    people = await _people(context, now)
    for client_id in (OPAQUE, SIGNED):
        await context.stores.clients.add_client(_client(client_id, now))
    await _add_unused(engine, people, now, unused)
    return await _mint(engine, people, now, wanted, thumbprint)


async def _people(context: AppContext, now: datetime) -> list[int]:
    users = [
        NewUser(subject=f"person-{n}", name="N", email=f"n{n}@example.org", created_at=now)
        for n in range(_PEOPLE)
    ]
    return [(await context.stores.users.add_user(user, None)).id for user in users]


def _client(client_id: str, now: datetime) -> Client:
    return Client(
        id=client_id,
        name="Bench",
        created_at=now,
        redirect_uris=(REDIRECT_URI,),
        scope=frozenset({"basic", "openid", "readmeasurements"}),
        grant_types=frozenset({"authorization_code", "refresh_token", "client_credentials"}),
        secret=SecretDigest(digest(SECRET)),
        token_format="jwt" if client_id == SIGNED else "opaque",
    )


async def _add_unused(engine: Engine, people: Sequence[int], now: datetime, unused: int) -> None:
    """Half of them access tokens, half refresh tokens, in pairs of one grant."""
    pairs, entropy = unused // 2, SystemEntropy()

    def moments() -> Iterator[tuple[int, datetime]]:
        for number in range(pairs):
            yield number, now - _SPAN + _SPAN * number / pairs

    def owner(number: int) -> int:
        return people[number % len(people)]

    def grant_id(number: int, at: datetime) -> bytes:
        return moment_bytes(at) + number.to_bytes(9, "big")

    await engine.fill(
        "grants", _GRANTS, (_grant(grant_id(n, at), owner(n), at) for n, at in moments())
    )
    await engine.fill(
        "refresh_tokens",
        _REFRESH,
        (
            (moment_bytes(at) + entropy.bytes(32), grant_id(n, at), *_times(at))
            for n, at in moments()
        ),
    )
    await engine.fill(
        "access_tokens",
        _ACCESS,
        (
            _access(moment_bytes(at) + entropy.bytes(32), grant_id(n, at), owner(n), at)
            for n, at in moments()
        ),
    )


async def _mint(
    engine: Engine,
    people: Sequence[int],
    now: datetime,
    wanted: dict[Kind, int],
    thumbprint: str,
) -> UsableTokens:
    usable, entropy, random = UsableTokens(), SystemEntropy(), Random(7)
    grants: list[Row] = []
    rows: dict[Kind, list[Row]] = {"access": [], "refresh": [], "codes": [], "bound": []}
    for kind, count in wanted.items():
        for number in range(count):
            at, owner = now - _SPAN * random.random(), people[number % len(people)]
            # Codes are minted now: they are redeemed within a minute.
            at = now if kind == "codes" else at
            grant_id = moment_bytes(at) + entropy.bytes(9)
            grants.append(_grant(grant_id, owner, at))
            minted = mint(_KINDS[kind], at, entropy)
            getattr(usable, kind).append(minted.raw.reveal())
            rows[kind].append(_row(kind, minted.key, grant_id, owner, at))
    await engine.fill("grants", _GRANTS, grants)
    await engine.fill("access_tokens", _ACCESS, rows["access"])
    bound = [(*row, f"jkt {thumbprint}") for row in rows["bound"]]
    await engine.fill("access_tokens", _BOUND, bound)
    await engine.fill("refresh_tokens", _REFRESH, rows["refresh"])
    await engine.fill("codes", _CODES, rows["codes"])
    return usable


_KINDS: dict[Kind, TokenKind] = {
    "access": TokenKind.ACCESS,
    "refresh": TokenKind.REFRESH,
    "codes": TokenKind.CODE,
    "bound": TokenKind.ACCESS,
}


def _row(kind: Kind, key: bytes, grant_id: bytes, owner: int, at: datetime) -> Row:
    if kind in ("access", "bound"):
        return _access(key, grant_id, owner, at)
    if kind == "refresh":
        return (key, grant_id, *_times(at))
    return (key, grant_id, REDIRECT_URI, CHALLENGE, to_micros(at + _LIFE))


def _grant(grant_id: bytes, owner: int, at: datetime) -> Row:
    issued, expires = _times(at)
    return (grant_id, OPAQUE, owner, _SCOPE, "pwd", issued, issued, expires)


def _access(key: bytes, grant_id: bytes, owner: int, at: datetime) -> Row:
    return (key, OPAQUE, grant_id, owner, _OPENID, *_times(at))


def _times(at: datetime) -> tuple[int, int]:
    return to_micros(at), to_micros(at + _LIFE)
