"""Clients that send requests until the server is killed, and the tokens that they have then."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from support.oauth_client import Caller, Tokens, code_of
from support.raw_http import Connection, Lost
from support.workers import Workers

LANES = 6  # connections of each kind of load


@dataclass(slots=True)
class ReceivedTokens:
    """What clients hold: only what came in a response that was received to its last byte.

    `codes` were not redeemed yet; `chains` has the newest refresh token of each authorization.
    """

    access: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    chains: deque[str] = field(default_factory=deque)

    def store(self, tokens: Tokens) -> None:
        self.access.append(tokens.access)
        self.chains.append(tokens.refresh)


@dataclass(slots=True)
class Load:
    """The response number `killed_after` is the last: at that instant the server is killed."""

    server: Workers
    app: Caller
    session: str
    received: ReceivedTokens
    killed_after: int
    _responses: int = 0

    async def run(self) -> None:
        async with asyncio.TaskGroup() as lanes:
            for work in (self._own_token, self._refresh, self.code):
                for _ in range(LANES):
                    lanes.create_task(self._until_lost(work))

    async def _until_lost(self, work: Callable[[Connection], Awaitable[None]]) -> None:
        try:
            async with await Connection.open(self.server.port) as connection:
                while True:
                    await work(connection)
        except Lost:
            return

    def _responded(self) -> None:
        self._responses += 1
        if self._responses == self.killed_after:
            self.server.kill()
            raise Lost

    async def _own_token(self, connection: Connection) -> None:
        response = await connection.ask(self.app.own_token())
        assert response.status == 200, response.body
        self.received.access.append(response.json()["access_token"])
        self._responded()

    async def _refresh(self, connection: Connection) -> None:
        token = self.received.chains.popleft()  # no other task refreshes it meanwhile
        try:
            response = await connection.ask(self.app.refreshing(token))
        except Lost:
            # It may have been used or not. The grace is for this: it must give the same successor.
            self.received.chains.append(token)
            raise
        self.received.store(Tokens.of(response))
        self._responded()

    async def code(self, connection: Connection) -> None:
        code = code_of(await connection.ask(self.app.authorization(self.session)))
        self.received.codes.append(code)
        self._responded()
        if self._responses % 4:
            self.received.codes.remove(
                code
            )  # if this response is lost, it may have been used or not
            self.received.store(Tokens.of(await connection.ask(self.app.redemption(code))))
            self._responded()


async def spread(
    port: int, items: Sequence[str], work: Callable[[Connection, str], Awaitable[None]]
) -> None:
    """Do `work` with every item, over a few connections at a time."""
    left = list(items)

    async def lane() -> None:
        async with await Connection.open(port) as connection:
            while left:
                await work(connection, left.pop())

    async with asyncio.TaskGroup() as lanes:
        for _ in range(2 * LANES):
            lanes.create_task(lane())
