"""Pushed authorization requests (RFC 9126 §2): an app sends its request to this server, and the
browser carries only the `request_uri` of it.

Owns the order of the checks. What makes a request valid is in `protocol/authorization.py`;
`endpoints/authorize_request.py` reads it again by its `request_uri`.
"""

from dataclasses import dataclass
from datetime import timedelta

from quantimodo.accounts.throttle import Throttle
from quantimodo.authorization.managed_grants import ManagedGrants
from quantimodo.authorization.request_objects import RequestObjects
from quantimodo.authorization.requested_resources import ResourceReader
from quantimodo.authorization.stored_requests import StoredRequests
from quantimodo.clients.authentication import ClientAuthentication
from quantimodo.clients.dpop_proofs import DPoPProofs
from quantimodo.clients.metadata_documents import ClientDocuments
from quantimodo.clients.replay_quotas import signer_at, signer_of
from quantimodo.endpoints.body_parameters import body_form
from quantimodo.http.json import private_json
from quantimodo.http.messages import Request, Response
from quantimodo.model.budgets import Charge, Signer
from quantimodo.model.clients import Client
from quantimodo.protocol.authorization import (
    READ,
    InvalidClientOrRedirect,
    identify,
    validate,
)
from quantimodo.protocol.client_auth import PARAMETERS as OF_CLIENTS
from quantimodo.protocol.client_documents import DocumentRefused, MethodsRefused, is_document_id
from quantimodo.protocol.dpop import bound_to_key
from quantimodo.protocol.errors import InvalidClient, InvalidRequest, UnauthorizedClient
from quantimodo.protocol.grant_management import Requirement, check_required
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.security_profile_requests import (
    check_signed,
    mark_signed,
    pushed_lifetime,
)

_PARAMETERS = OF_CLIENTS | READ


@dataclass(frozen=True, slots=True)
class PushedRequestEndpoint:
    """`lifetime`: how long the `request_uri` can be used. `grant_management`: which clients have to
    say what a request does with a grant."""

    clients: ClientAuthentication
    request_objects: RequestObjects
    resources: ResourceReader
    requests: StoredRequests
    throttle: Throttle
    lifetime: timedelta
    proofs: DPoPProofs
    documents: ClientDocuments
    grant_management: Requirement

    async def __call__(self, request: Request) -> Response:
        form = body_form(request, _PARAMETERS, aliases={})
        await self._read_document(form.get("client_id") or "", request.address)
        client = await self.clients.authenticate(request, form)
        proof = self.proofs.read(request)
        form = mark_signed(form, await self._valid(form, client, request.address), client)
        if proof is not None:
            form = bound_to_key(form, proof.confirmation)
        charge, signer = await self._counted(client, request.address)
        if proof is not None:
            await self.proofs.use(proof, signer)
        lifetime = pushed_lifetime(client, self.lifetime)
        request_uri = await self.requests.push(client.id, form, lifetime, charge)
        # RFC 9126 §2.2
        expires_in = int(lifetime.total_seconds())
        return private_json(201, {"request_uri": request_uri, "expires_in": expires_in})

    async def _read_document(self, client_id: str, address: str) -> None:
        """Read the metadata document of the client, for this can be its first request. Raises
        `InvalidClient` and `UnauthorizedClient`."""
        if not is_document_id(client_id):
            return
        try:
            await self.documents.current(
                client_id, lambda: self.throttle.count_address("fetches_per_address", address)
            )
        except MethodsRefused as refusal:
            # Client ID Metadata Document §6
            raise UnauthorizedClient(
                f"the client's metadata document cannot be used: {refusal}",
                refusal="client_methods_unsupported",
            ) from None
        except DocumentRefused as refusal:
            raise InvalidClient(
                f"the client's metadata document cannot be used: {refusal}",
                refusal="client_document_unusable",
            ) from None

    async def _counted(self, client: Client, address: str) -> tuple[Charge, Signer]:
        """In which budget the request counts, and in which quota its proof. Raises `TooMany`. A
        public client proves nothing: its requests and proofs count by address."""
        if client.public:
            await self.throttle.count_address("requests_per_address", address)
            charge = self.throttle.charge("authorization_requests", address)
            return charge, signer_at(charge.network)
        await self.throttle.count_app("pushed_requests_per_app", client)
        signer = signer_of(client)
        owner = signer.owner or f"client {client.id}"
        return self.throttle.charge_owner("authorization_requests", owner), signer

    async def _valid(self, form: Form, client: Client, address: str) -> Form:
        """The request, checked as at the authorization endpoint (RFC 9126 §2.1). Raises
        `OAuthError`."""
        if form.get("request_uri") is not None:
            raise InvalidRequest("request_uri must not be pushed", refusal="request_uri_not_usable")
        check_signed(form, client)
        if self.request_objects.may_fetch(form, client):
            await self.throttle.count_address("fetches_per_address", address)
        if form.get("request") is not None:
            # RFC 9126 §3: beside a request object, only what authenticates the client counts.
            form = Form.of_pairs([("client_id", client.id), ("request", form.required("request"))])
        form = await self.request_objects.unfold(form, client)
        form = Form.of_pairs([*_without_client(form), ("client_id", client.id)])
        try:
            target = identify(form, client)
        except InvalidClientOrRedirect as fault:
            raise InvalidRequest(str(fault).rstrip("."), refusal=fault.refusal) from None
        check_required(form, client, self.grant_management)
        found = validate(form, client, target, await self.resources.read(form))
        await ManagedGrants(self.requests.store, self.requests.clock).named(found, None)
        return form


def _without_client(form: Form) -> list[tuple[str, str]]:
    return [(name, text) for name, text in form.items() if name not in OF_CLIENTS]
