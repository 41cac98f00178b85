"""Token endpoint (RFC 6749 §3.2).

Owns HTTP and the order of the steps, which `__call__` has from top to bottom; `grant_types/` has
the rules of each grant type, and `app/requests/error_boundary.py` makes the responses to refusals.
"""

from dataclasses import dataclass
from typing import Any

from quantimodo.clients.authentication import ClientAuthentication
from quantimodo.clients.sender_constraints import SenderConstraints, SenderKey
from quantimodo.endpoints.body_parameters import body_form
from quantimodo.endpoints.token_safeguards import TokenSafeguards
from quantimodo.grant_types.contract import GrantType
from quantimodo.grant_types.table import GrantTypeTable
from quantimodo.http.json import private_json
from quantimodo.http.messages import Request, Response
from quantimodo.model.clients import Client
from quantimodo.ops.client_log import ClientLog
from quantimodo.ops.metrics import Metrics
from quantimodo.ports.clock import Clock
from quantimodo.ports.grant_stores import TokenStore
from quantimodo.protocol.client_auth import PARAMETERS as OF_CLIENTS
from quantimodo.protocol.errors import InvalidGrant, InvalidRequest, ReplayDetected
from quantimodo.protocol.grant_types import IN_ADDRESSES, SHARED
from quantimodo.protocol.parameters import Form
from quantimodo.tokens.token_responder import TokenResponder, TokenResponse

_IN_ADDRESSES = OF_CLIENTS | SHARED | IN_ADDRESSES
"""What clients of 2016, and they alone, may send in addresses."""


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    clients: ClientAuthentication
    constraints: SenderConstraints
    grant_types: GrantTypeTable
    tokens: TokenStore
    responder: TokenResponder
    safeguards: TokenSafeguards
    clock: Clock
    metrics: Metrics
    log: ClientLog
    legacy_transport: bool

    async def __call__(self, request: Request) -> Response:
        form = self._form(request)
        client = await self.clients.authenticate(request, form)
        self._check_transport(request, client)
        grant_type = self.grant_types.choose(form, client)
        sender_key = self.constraints.read(request, client)
        try:
            response = await self._mint(grant_type, form, client, sender_key)
        except ReplayDetected as replay:
            await self.safeguards.end(replay, client)
            raise
        if grant_type.entry.name == "refresh_token" and form.get("refresh_token") is None:
            self.metrics.legacy("refresh_token_as_code")
        self.log.issued(client.id, grant_type.entry.name)
        return private_json(200, response)

    def _form(self, request: Request) -> Form:
        if request.method == "GET":
            # v2-api.md §1: the page of 2016 documents GET; RFC 9700 §4.3.2 warns of it.
            if not self.legacy_transport:
                raise InvalidRequest(
                    "this server does not take tokens by GET: use POST", refusal="post_required"
                )
            self.metrics.legacy("token_by_get")
            return Form.of_urlencoded(request.query, known=_IN_ADDRESSES)
        return body_form(request, self.grant_types.parameters, json=True)

    def _check_transport(self, request: Request, client: Client) -> None:
        if client.strict and request.method == "GET":
            raise InvalidRequest(
                "this app is registered as strict: use POST", refusal="post_required"
            )

    async def _mint(
        self, grant_type: GrantType[Any], form: Form, client: Client, sender_key: SenderKey
    ) -> TokenResponse:
        for attempt in range(2):
            evidence = await grant_type.load(form, self.tokens)
            now, confirmation = self.clock.now(), sender_key.confirmation
            decision = grant_type.decide(form, client, evidence, now, confirmation)
            if attempt == 0:
                # After the decision: a request that is refused stores nothing and counts nothing.
                if client.metadata.tokens_per_minute:
                    await self.safeguards.count(client)
                if sender_key.proof is not None:
                    await self.constraints.use(sender_key, client)
            response = await self.responder.respond(decision, confirmation)
            if response is not None:
                return response
            # Another request used the code or token first, so load and decide again.
        raise InvalidGrant("the grant was used or revoked meanwhile", refusal="code_used")
