"""Refresh token grant (RFC 6749 §6): a refresh token is exchanged once for new tokens, or is kept
where the security profile of the client requires that."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from quantimodo.crypto.tokens import Kind, SuccessorDerivation, Successors, key_of
from quantimodo.grant_types.contract import MintedTokens, Renew, Repeat, Rotate
from quantimodo.model.clients import Client
from quantimodo.model.confirmations import Confirmation
from quantimodo.model.tokens import FoundRefreshToken
from quantimodo.ports.grant_stores import TokenReader
from quantimodo.protocol.consents import narrow_details
from quantimodo.protocol.dpop import check_bound_to
from quantimodo.protocol.errors import InvalidGrant, InvalidRequest, ReplayDetected
from quantimodo.protocol.grant_types import ENTRY_OF
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.resources import Targets
from quantimodo.protocol.security_profiles import profile_of


def presented(form: Form) -> str:
    """The refresh token of a request.

    v2-api.md §6: the client of 2016 has no parameter for it and sends it as `code`; the prefix
    identifies it. Any `code` beside a `refresh_token` is ignored.
    """
    token, code = form.get("refresh_token"), form.get("code")
    if token is None and code is not None and code.startswith(Kind.REFRESH):
        return code
    return form.required("refresh_token")


class StoredSuccessor(NamedTuple):
    """The tokens that a spent refresh token gave, and the successor's row as it is now."""

    tokens: Successors
    found: FoundRefreshToken


class RefreshEvidence(NamedTuple):
    """The presented token. `successor` is None for an unspent token, and for a spent token whose
    successor is deleted or was derived under a key that is gone."""

    found: FoundRefreshToken
    successor: StoredSuccessor | None = None


@dataclass(frozen=True, slots=True)
class RefreshTokenGrant:
    """`grace`: how long a spent token returns its successor although the successor was used.
    Implements `GrantType`."""

    grace: timedelta
    legacy_transport: bool
    derivation: SuccessorDerivation
    targets: Targets
    entry = ENTRY_OF["refresh_token"]

    async def load(self, form: Form, tokens: TokenReader) -> RefreshEvidence | None:
        raw = presented(form)
        key = key_of(Kind.REFRESH, raw)
        found = None if key is None else await tokens.refresh_token(key)
        if found is None:
            return None
        if found.spent_at is None or found.successor_nonce is None:
            return RefreshEvidence(found)
        for candidate in self.derivation.candidates(raw, found.successor_nonce, found.spent_at):
            stored = await tokens.refresh_token(candidate.refresh.key)
            if stored is not None:
                return RefreshEvidence(found, StoredSuccessor(candidate, stored))
        return RefreshEvidence(found)

    def decide(
        self,
        form: Form,
        client: Client,
        evidence: RefreshEvidence | None,
        now: datetime,
        sender_key: Confirmation | None,
    ) -> Rotate | Renew | Repeat:
        if form.get("refresh_token") is None and (client.strict or not self.legacy_transport):
            raise InvalidRequest(
                "the parameter refresh_token is missing", refusal="parameter_missing"
            )
        # RFC 6749 §6: bound to the client it was issued to. An unknown token and another client's
        # token get one response, so that no client can probe for such tokens or end their grants.
        if evidence is None or evidence.found.grant.client_id != client.id:
            raise InvalidGrant(
                "the refresh token is not valid for this client", refusal="refresh_token_not_valid"
            )
        found, successor = evidence
        # RFC 9449 §5: before the replay, so that only the holder of the key can end the grant.
        check_bound_to(found.token.confirmation, sender_key)
        # security.md §6: explicit revocation overrides the grace period and the repeat.
        if found.revoked:
            raise InvalidGrant(
                "the refresh token has expired or was revoked", refusal="refresh_token_expired"
            )
        current = found
        if found.spent_at is not None:
            current = self._repeatable(found, found.spent_at, successor, now)
        # security.md §6: the grant's absolute limit holds however often the token is rotated.
        if current.token.expires_at <= now or found.grant.expires_at <= now:
            raise InvalidGrant(
                "the refresh token has expired or was revoked", refusal="refresh_token_expired"
            )
        # RFC 6749 §6, RFC 9396 §6: this request may narrow the scope and the details; the
        # successor keeps the grant's.
        scope, details = narrow_details(
            self.targets.narrow(found.grant.scope, form.all("resource"), form.get("scope")),
            found.grant.details,
            form.get("authorization_details"),
        )
        if successor is not None:
            row = successor.found.token
            minted = MintedTokens(successor.tokens, row.issued_at, row)
            return Repeat(client, found, scope, minted, details)
        if not profile_of(client).rotation:
            return Renew(client, found, scope, details)
        return Rotate(client, found, scope, presented(form), details)

    def _repeatable(
        self,
        found: FoundRefreshToken,
        spent_at: datetime,
        successor: StoredSuccessor | None,
        now: datetime,
    ) -> FoundRefreshToken:
        """The row of the successor that a spent token may return again (v2-api.md §6): at any time
        while it is unspent, and afterwards within the grace period. Else raises."""
        unused = successor is not None and successor.found.spent_at is None
        if not unused and now - spent_at > self.grace:
            # RFC 9700 §4.14.2: two parties hold the token; end the grant. A successor that is
            # not known may have been used.
            raise ReplayDetected(
                found.grant.id,
                found.grant.user_id,
                "the refresh token was used before",
                refusal="refresh_token_used",
            )
        if successor is None:
            raise InvalidGrant("the refresh token was used before", refusal="refresh_token_used")
        return successor.found
