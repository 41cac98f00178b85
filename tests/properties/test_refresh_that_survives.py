"""Refresh tokens over requests and responses that are lost, repeated, late or stolen, at two
servers in the middle of a rotation of the secret key (v2-api.md §6, RFC 9700 §4.14.2).

The model is the rule of decision 0002: for each token when it was spent. All servers must
agree with it after each request, and an application that follows the guide is never signed out.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from quantimodo.app.composition.server import build_server
from quantimodo.app.composition.services import open_app
from support.app import App, AppHarness, OpenHarness, settings_for
from support.environment import shipped_renderer

OLD, NEW = "A" * 43, "B" * 42 + "A"
GRACE = timedelta(seconds=10)
IDLE, ABSOLUTE = timedelta(days=30), timedelta(days=180)
PAUSES = [timedelta(seconds=1), timedelta(seconds=11), timedelta(hours=2), timedelta(days=20)]
either = st.integers(0, 1)


@dataclass(slots=True)
class Token:
    """What the model knows of a refresh token."""

    raw: str
    expires_at: datetime
    spent_at: datetime | None = None


@dataclass(slots=True)
class Chain:
    """The tokens of one authorization: each one is the successor of the one before it."""

    ends_at: datetime
    tokens: list[Token] = field(default_factory=list)
    ended: bool = False

    def use(self, place: int, now: datetime) -> bool:
        """Whether this token returns a successor now; changes the chain as the rule says."""
        token = self.tokens[place]
        if self.ended:
            return False
        if token.spent_at is None:
            return token.expires_at > now
        successor = self.tokens[place + 1]
        if successor.spent_at is not None and now - token.spent_at > GRACE:
            self.ended = True
        return not self.ended and successor.expires_at > now

    def learn(self, place: int, response: dict[str, Any], now: datetime) -> None:
        """Take in a response that this token got: of one token, it is the same each time."""
        token, raw = self.tokens[place], response["refresh_token"]
        if token.spent_at is None:
            token.spent_at = now
            assert raw not in {each.raw for each in self.tokens}
            self.tokens.append(Token(raw, min(now + IDLE, self.ends_at)))
        successor = self.tokens[place + 1]
        assert raw == successor.raw, "one token has one successor"
        left = (successor.expires_at - now).total_seconds()
        assert response["refresh_token_expires_in"] == int(left)
        assert response["authorization_expires_in"] == int((self.ends_at - now).total_seconds())


class Refreshing(RuleBasedStateMachine):
    """One authorization, its application, and an attacker who has its tokens."""

    runner: asyncio.Runner
    servers: list[AppHarness]
    app: App

    def __init__(self) -> None:
        super().__init__()
        first = self.runner.run(self.servers[0].tokens(self.app))["refresh_token"]
        self.chain = Chain(self.now + ABSOLUTE, [Token(first, self.now + IDLE)])
        self.stored = 0  # the place of the token that the application has stored
        self.undisturbed = True  # only the application has used tokens

    @property
    def now(self) -> datetime:
        return self.servers[0].context.clock.now()

    def use(self, place: int, *at: int) -> bool:
        """Send this token to these servers at once; whether they returned its successor."""
        expected, raw = self.chain.use(place, self.now), self.chain.tokens[place].raw
        for response in self.runner.run(self._send(raw, at)):
            assert response.status_code == (200 if expected else 400), response.text
            if expected:
                self.chain.learn(place, response.json(), self.now)
            else:
                assert response.json()["error"] == "invalid_grant"
        return expected

    async def _send(self, raw: str, at: tuple[int, ...]) -> list[httpx.Response]:
        sent = (self.servers[each].refresh(self.app, raw, scope="basic") for each in at)
        return list(await asyncio.gather(*sent))

    def is_over(self) -> bool:
        """Whether time or the person ended what the application has."""
        return self.chain.ended or self.chain.tokens[self.stored].expires_at <= self.now

    @rule(server=either, lost=st.booleans())
    def the_application_refreshes(self, server: int, lost: bool) -> None:
        # Its own token may be spent by a request whose response was lost; then the successor
        # counts, which may live longer.
        was_over = self.is_over()
        succeeded = self.use(self.stored, server)
        if self.undisturbed and not was_over:
            assert succeeded, "an application that follows the guide is never signed out"
        if succeeded and not lost:
            self.stored += 1

    @rule(server=either)
    def the_application_sends_a_request_twice_at_once(self, server: int) -> None:
        if self.use(self.stored, server, 1 - server):
            self.stored += 1

    @precondition(lambda self: self.stored > 0)
    @rule(server=either)
    def the_last_request_arrives_once_more(self, server: int) -> None:
        """By a proxy, before the application uses the response: it does no harm."""
        if self.chain.tokens[self.stored].spent_at is None and not self.is_over():
            assert self.use(self.stored - 1, server)

    @rule(data=st.data(), server=either)
    def any_token_comes_from_anywhere(self, data: st.DataObject, server: int) -> None:
        """An attacker, a backup, or a copy of a request that was under way for long."""
        self.undisturbed = False
        self.use(data.draw(st.integers(0, len(self.chain.tokens) - 1)), server)

    @rule(server=either)
    def another_holder_refreshes_first(self, server: int) -> None:
        """Two exchanges that the application does not see: its next one ends everything."""
        self.undisturbed = False
        ahead = self.use(self.stored, server) and self.use(self.stored + 1, server)
        self._pause(timedelta(seconds=11))
        if ahead and self.chain.tokens[self.stored + 1].spent_at is not None:
            assert not self.use(self.stored, server), "there is a second holder"
            assert self.chain.ended

    @rule(by=st.sampled_from(PAUSES))
    def time_passes(self, by: timedelta) -> None:
        self._pause(by)

    @rule(server=either)
    def access_is_revoked(self, server: int) -> None:
        """Revocation overrides every repeat."""
        newest = self.chain.tokens[-1].raw
        assert self.runner.run(self.servers[server].revoke(self.app, newest)).status_code == 200
        self.chain.ended = True

    def _pause(self, by: timedelta) -> None:
        self.servers[0].advance(seconds=by.total_seconds())

    def teardown(self) -> None:
        """No server returns anything for any token once the authorization has ended."""
        if self.chain.ended:
            for place in range(len(self.chain.tokens)):
                self.use(place, 0)


@asynccontextmanager
async def server_beside(
    server: AppHarness, folder: Path, **changes: str
) -> AsyncIterator[AppHarness]:
    """A second server over the same database, with its own connections."""
    changed = settings_for(f"sqlite:///{server.database}", folder, **changes)
    async with open_app(changed, server.context.clock, server.context.entropy) as context:
        application = await build_server(context, shipped_renderer())
        beside = AppHarness(context, application, server.database, server.password_hash)
        yield beside
        await beside.close()


def test_an_application_is_never_signed_out_and_a_second_holder_is(
    open_harness: OpenHarness, tmp_path: Path
) -> None:
    # Both servers have both keys, and each derives under another one.
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            opened = open_harness(secret_key=f"{OLD}\n{NEW}")
            first = runner.run(stack.enter_async_context(opened))
            beside = server_beside(first, tmp_path, secret_key=f"{NEW}\n{OLD}")
            second = runner.run(stack.enter_async_context(beside))
            runner.run(first.person())
            app = runner.run(first.app())
            members = {"runner": runner, "servers": [first, second], "app": app}
            machine = type("Machine", (Refreshing,), members)
            few = settings(max_examples=15, stateful_step_count=15, deadline=None)
            run_state_machine_as_test(machine, settings=few)
        finally:
            runner.run(stack.aclose())
