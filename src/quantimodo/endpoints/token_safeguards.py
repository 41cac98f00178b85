"""Limits and replay protection of the token endpoint.

Counts responses, where the operator limits them for an application, and revokes a grant whose code
or token was used twice (RFC 6749 §4.1.2).
"""

from dataclasses import dataclass

from quantimodo.accounts.throttle import Throttle
from quantimodo.model.clients import Client
from quantimodo.model.events import Event
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock
from quantimodo.ports.grant_stores import TokenStore
from quantimodo.protocol.errors import ReplayDetected


@dataclass(frozen=True, slots=True)
class TokenSafeguards:
    throttle: Throttle
    tokens: TokenStore
    clock: Clock
    audit: Audit

    async def count(self, client: Client) -> None:
        """Count a response with tokens for this client. Raises `TooMany`."""
        await self.throttle.count_tokens(client)

    async def end(self, replay: ReplayDetected, client: Client) -> None:
        """Revoke the grant in a separate transaction, which the error does not roll back."""
        now = self.clock.now()
        if await self.tokens.revoke_grant(replay.grant_id, now):
            self.audit.record(
                Event(
                    at=now,
                    kind="token.replayed",
                    user_id=replay.user_id,
                    client_id=client.id,
                    detail=client.name,
                )
            )
