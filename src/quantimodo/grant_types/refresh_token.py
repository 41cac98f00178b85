"""Refresh token grant (RFC 6749 §6): a refresh token, used once, buys new tokens and its heir."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from quantimodo.crypto.tokens import Kind, key_of
from quantimodo.grant_types.contract import Repeat, Rotate
from quantimodo.model.clients import Client
from quantimodo.model.tokens import FoundRefreshToken
from quantimodo.ports.stores import TokenReader
from quantimodo.protocol.errors import InvalidGrant, InvalidRequest, ReplayDetected
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.scopes import narrow


def presented(form: Form) -> str:
    """The refresh token of a request.

    v2-api.md §6: the client of 2016 has no parameter for it and sends it as `code`; the prefix
    tells. Beside a `refresh_token` any `code` is ignored.
    """
    token, code = form.get("refresh_token"), form.get("code")
    if token is None and code is not None and code.startswith(Kind.REFRESH):
        return code
    return form.required("refresh_token")


@dataclass(frozen=True, slots=True)
class RefreshTokenGrant:
    """`grace`: for how long a spent token gives its one heir again (two tabs, a lost answer)."""

    grace: timedelta
    legacy_transport: bool
    grant_type = "refresh_token"

    async def load(self, form: Form, tokens: TokenReader) -> FoundRefreshToken | None:
        key = key_of(Kind.REFRESH, presented(form))
        return None if key is None else await tokens.find_refresh_token(key)

    def decide(
        self, form: Form, client: Client, evidence: FoundRefreshToken | None, now: datetime
    ) -> Rotate:
        if form.get("refresh_token") is None and (client.strict or not self.legacy_transport):
            raise InvalidRequest("the parameter refresh_token is missing")
        # RFC 6749 §6: bound to the client it was issued to. An unknown and a foreign token get
        # one answer, so that no client can probe for the tokens of others, or end their families.
        if evidence is None or evidence.grant.client_id != client.id:
            raise InvalidGrant("the refresh token is not valid for this client")
        # security.md §6: explicit revocation beats the grace.
        if evidence.revoked:
            raise InvalidGrant("the refresh token has expired or was revoked")
        repeated = evidence.spent_at is not None
        if evidence.spent_at is not None and now - evidence.spent_at > self.grace:
            # RFC 9700 §4.14.2: a spent token that returns has two holders; end the family.
            raise ReplayDetected(
                evidence.grant.id, evidence.grant.user_id, "the refresh token was used before"
            )
        # security.md §6: the family's absolute limit holds even when each use slides.
        if evidence.token.expires_at <= now or evidence.grant.expires_at <= now:
            raise InvalidGrant("the refresh token has expired or was revoked")
        # RFC 6749 §6: this request may narrow the scope; the heir keeps it whole.
        scope = narrow(evidence.grant.scope, form.get("scope"))
        kind = Repeat if repeated else Rotate
        return kind(client, evidence, scope, presented(form))
