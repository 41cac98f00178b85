"""Request objects as they arrive, by value or by reference (OpenID Connect Core §6.1, §6.2).

Owns where they come from and that they are their client's. Which parameters count is decided in
`protocol/request_objects.py`. An address is fetched only if the client registered it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from quantimodo.crypto.jwt import (
    BadToken,
    unsecured_claims,
    unverified_algorithm,
    unverified_type,
)
from quantimodo.model.clients import Client
from quantimodo.ports.clock import Clock
from quantimodo.ports.document_fetcher import DocumentFetcher, FetchFailed
from quantimodo.protocol.errors import (
    InvalidRequest,
    InvalidRequestObject,
    InvalidRequestUri,
)
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.request_objects import (
    algorithms,
    check_claims,
    is_self_contained,
    merge,
    self_contained_request,
)

_LARGEST = 65_536


class ClientVerifier(Protocol):
    async def verify(
        self, client: Client, token: str, algorithms: Collection[str]
    ) -> Mapping[str, Any]:
        """The claims of what this client signed. Raises `BadToken`."""


@dataclass(frozen=True, slots=True)
class RequestObjects:
    issuer: str
    keys: ClientVerifier
    fetcher: DocumentFetcher
    clock: Clock

    def may_fetch(self, form: Form, client: Client) -> bool:
        """Whether to `unfold` this request can make the server fetch a document: the object, or
        the keys that it is signed by."""
        has_object = form.get("request") is not None or form.get("request_uri") is not None
        metadata = client.metadata
        return has_object and bool(metadata.jwks_uri or metadata.request_uris)

    async def unfold(self, form: Form, client: Client) -> Form:
        """The request that its object makes of it; itself when it has none.

        Raises `InvalidRequestObject`, `InvalidRequestUri`, `InvalidRequest`.
        """
        token = form.get("request")
        reference = form.get("request_uri")
        if token is not None and reference is not None:
            # OpenID Connect Core §6.1
            raise InvalidRequest(
                "request and request_uri must not be used together",
                refusal="request_uri_not_usable",
            )
        if reference is not None:
            token = await self._fetched(reference, client)
        if token is None:
            return form
        claims = await self._claims(token, client)
        check_claims(claims, client, self.issuer, self.clock.now())
        if is_self_contained(form, client, unverified_type(token)):
            return self_contained_request(form, claims)
        return merge(form, claims)

    async def _claims(self, token: str, client: Client) -> Mapping[str, Any]:
        accepted, algorithm = algorithms(client), unverified_algorithm(token)
        try:
            if algorithm not in accepted:
                raise BadToken
            if algorithm == "none":
                return unsecured_claims(token)
            return await self.keys.verify(client, token, {algorithm})
        except BadToken:
            raise InvalidRequestObject(
                "the request object cannot be read, or is not signed as the app registered"
            ) from None

    async def _fetched(self, reference: str, client: Client) -> str:
        # OpenID Connect Core §6.2; RFC 9101 §10.4: only addresses that the client registered,
        # exactly. A fragment is the hash of what is there, and no part of the registered
        # address.
        known = client.metadata.request_uris
        if reference not in known and reference.partition("#")[0] not in known:
            raise InvalidRequestUri(
                "request_uri is not one that the app has registered",
                refusal="request_uri_not_registered",
            )
        try:
            document = await self.fetcher.fetch(reference.partition("#")[0], largest=_LARGEST)
        except FetchFailed:
            raise InvalidRequestUri(
                "request_uri could not be fetched", refusal="request_uri_not_usable"
            ) from None
        return document.decode("ascii", "replace").strip()
