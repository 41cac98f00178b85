"""Client credentials grant (RFC 6749 §4.4): an application acts for itself."""

from datetime import datetime

from quantimodo.grant_types.contract import IssueOwn
from quantimodo.model.clients import Client
from quantimodo.ports.grant_stores import TokenReader
from quantimodo.protocol import scopes
from quantimodo.protocol.errors import InvalidScope, UnauthorizedClient
from quantimodo.protocol.parameters import Form

# OpenID Connect's scopes identify a person; an application's own token has none.
_OPENID = frozenset({"openid", "profile", "email", "address", "phone", "offline_access"})


class ClientCredentialsGrant:
    grant_type = "client_credentials"

    async def load(self, form: Form, tokens: TokenReader) -> None:
        return None

    def decide(self, form: Form, client: Client, evidence: None, now: datetime) -> IssueOwn:
        # RFC 6749 §4.4: MUST only be used by confidential clients.
        if client.public:
            raise UnauthorizedClient("a public client cannot use this grant")
        own = client.scope - _OPENID
        requested = form.get("scope")
        if requested is None:
            return IssueOwn(client, own)
        allowed = scopes.parse(requested) & own
        if not allowed:
            raise InvalidScope("the app may have none of the requested scopes for itself")
        return IssueOwn(client, allowed)
