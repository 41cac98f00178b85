"""Authentication by an access token (v2-api.md §7, RFC 6750, RFC 9449 §7).

A request has one token, sent by one method.
"""

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from quantimodo.http.messages import Request
from quantimodo.model.tokens import FoundAccessToken
from quantimodo.ops.metrics import Metrics
from quantimodo.ports.client_stores import ClientStore
from quantimodo.protocol.bearer import presented_token
from quantimodo.protocol.errors import (
    BearerRequestInvalid,
    InsufficientScope,
    InvalidRequest,
    InvalidToken,
)
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.resources import plain_name
from quantimodo.resource.bound_tokens import BoundTokens
from quantimodo.tokens.access_tokens import LiveTokens

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class BearerAuthentication:
    access: LiveTokens
    clients: ClientStore
    metrics: Metrics
    constraint: BoundTokens
    legacy_transport: bool

    async def authorize(self, request: Request, scope: str) -> FoundAccessToken:
        """The live token of this request, if it opens `scope`. Raises `BearerError`."""
        token = await self.authenticate(request)
        if scope not in token.scope:
            raise insufficient(token, scope)
        return token

    async def authorize_application(self, request: Request, scope: str) -> FoundAccessToken:
        """The token that an application got for itself, if it opens `scope`. A token of a person is
        refused."""
        token = await self.authorize(request, scope)
        if token.user is not None:
            raise insufficient(token, scope)
        return token

    async def authenticate(self, request: Request) -> FoundAccessToken:
        """The live token of this request, with any scope. Raises `BearerError`."""
        in_query = self._from_query(request)
        header = request.header(b"authorization")
        presented = presented_token(header, in_query, _from_body(request))
        token = await self.access.find_live(presented.raw)
        if token is None:
            raise InvalidToken(
                "the access token has expired, was revoked or never existed", dpop=presented.dpop
            )
        request.client_id = token.client_id
        if presented.dpop or token.confirmation is not None:
            await self.constraint.check(request, presented, token)
        if in_query is not None:
            await self._check_query(token)
        return token

    def _from_query(self, request: Request) -> str | None:
        if b"access_token" not in unquote_to_bytes(request.query):
            return None
        token = _form(request.query).get("access_token")
        if token is not None and not self.legacy_transport:
            raise BearerRequestInvalid("this server takes no tokens in a query: use the header")
        return token

    async def _check_query(self, token: FoundAccessToken) -> None:
        self.metrics.legacy("access_token_in_query")
        client = await self.clients.client(token.client_id)
        if client is None or client.strict:
            raise BearerRequestInvalid("this app sends no tokens in a query: use the header")


def insufficient(token: FoundAccessToken, scope: str) -> InsufficientScope:
    """The error for a token that does not open `scope`."""
    bound_to = token.confirmation
    is_jkt = bound_to is not None and bound_to.member == "jkt"
    return InsufficientScope(plain_name(scope), dpop=is_jkt)


def _from_body(request: Request) -> str | None:
    # RFC 6750 §2.2: a form body, and not with GET.
    if request.method == "GET" or request.media_type() != _FORM:
        return None
    return _form(request.body).get("access_token")


def _form(text: bytes) -> Form:
    try:
        return Form.of_urlencoded(text)
    except InvalidRequest as error:
        raise BearerRequestInvalid(error.description) from error
