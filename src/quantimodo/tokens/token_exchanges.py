"""Commits the decision on a token exchange (RFC 8693), and makes the response with its token."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quantimodo.accounts.throttle import Throttle
from quantimodo.crypto.tokens import Kind, mint
from quantimodo.grant_types.contract import Exchange
from quantimodo.model.confirmations import Confirmation
from quantimodo.model.events import Event
from quantimodo.model.exchanged_tokens import ExchangedToken
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock
from quantimodo.ports.exchanged_token_store import ExchangedTokenStore
from quantimodo.ports.measurement_stores import AccessRecorder
from quantimodo.ports.stores import Conflict
from quantimodo.protocol.consent_details import from_json, json_objects
from quantimodo.protocol.constants import ACCESS_TOKEN_URN
from quantimodo.protocol.token_exchange import actor_claim
from quantimodo.tokens.minted_tokens import Authorization, MintedAccessToken, TokenBinding
from quantimodo.tokens.minter import TokenMinter, access_token_parameters


@dataclass(frozen=True, slots=True)
class TokenExchanges:
    """The person sees each exchange among what applications did; the audit trail has the first one
    of a day."""

    minter: TokenMinter
    store: ExchangedTokenStore
    clock: Clock
    accesses: AccessRecorder
    audit: Audit
    throttle: Throttle

    async def respond(
        self, decision: Exchange, sender_key: Confirmation | None
    ) -> dict[str, Any] | None:
        """The response of RFC 8693 §2.2.1, committed to disk. The token is bound to `sender_key`.
        None if the subject token ended meanwhile."""
        now, subject, target = self.clock.now(), decision.subject, decision.target
        secret = mint(Kind.EXCHANGED, now, self.minter.entropy)
        access = self.minter.mint_access_token(
            Authorization(decision.client, subject.grant, subject.user),
            decision.scope,
            now,
            TokenBinding(target, sender_key),
            secret,
        )
        access = access._replace(
            row=None,
            expires_at=min(access.expires_at, *_ends(decision)),
            details=subject.token.details,
        )
        is_jwt, parent_key = target.token_format == "jwt", subject.token.exchanged_key
        row = ExchangedToken(
            key=access.jti if is_jwt else secret.key,
            client_id=decision.client.id,
            grant_id=subject.grant.id,
            scope=decision.scope,
            issued_at=now,
            expires_at=access.expires_at,
            subject_key=subject.key,
            subject_jti=subject.token.jti if parent_key is None else None,
            confirmation=sender_key,
            details=access.details,
            parent_key=parent_key,
            actors=tuple(each.id for each in decision.actors),
        )
        try:
            await self.store.add_exchanged_token(row)
        except Conflict:
            return None
        await self._record_exchange(decision)
        text = await self._signed(access, decision) if is_jwt else secret.raw.reveal()
        response = access_token_parameters(access, text, now)
        response["issued_token_type"] = ACCESS_TOKEN_URN
        if access.details is not None:  # RFC 9396 §7
            response["authorization_details"] = json_objects(from_json(access.details))
        return response

    async def _record_exchange(self, decision: Exchange) -> None:
        subject, actor, api = decision.subject, decision.actors[0], decision.target
        application, user_id = subject.application, subject.user.id
        by = "" if actor.id == application.id else actor.id
        self.accesses.record_exchange(user_id, application.id, api.identifier, by)
        chain = " ".join(each.id for each in decision.actors[:-1])
        if not await self.throttle.is_first_exchange(
            user_id, application.id, api.identifier, chain
        ):
            return
        # The application that the person allowed comes first, then the clients that act by it.
        names = (*(each.name for each in reversed(decision.actors)), api.name)
        self.audit.record(
            Event(
                at=self.clock.now(),
                kind="token.exchanged",
                user_id=user_id,
                client_id=actor.id,
                detail=" · ".join(names),
            )
        )

    async def _signed(self, access: MintedAccessToken, decision: Exchange) -> str:
        # OpenID Connect Core §8: the `sub` of the subject token, also where that is a pairwise one.
        # No other one becomes known.
        application = decision.subject.application
        subject = await self.minter.subjects.of(application, decision.subject.user)
        actor = actor_claim([each.id for each in decision.actors])
        return self.minter.signed.access_token(access, subject, actor)


def _ends(decision: Exchange) -> Iterator[datetime]:
    """When the tokens end that the request presented."""
    yield decision.subject.token.expires_at
    if decision.actor is not None:
        yield decision.actor.token.expires_at
