"""Reads an authorization request (RFC 6749 §3.1, v2-api.md §5).

Owns which faults are shown on a page and which go to the client: faults in the parameters that
determine the recipient of the response are shown, all others go to the client.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request

from quantimodo.accounts.throttle import Throttle
from quantimodo.authorization.interactions import (
    IdentifiedRequest,
    JsonResponse,
    PushedRequest,
    RedirectResponse,
    ResponseChannel,
)
from quantimodo.authorization.request_objects import RequestObjects
from quantimodo.authorization.requested_resources import ResourceReader
from quantimodo.authorization.stored_requests import REQUEST_URI, StoredRequests
from quantimodo.clients.authentication import ClientAuthentication
from quantimodo.clients.metadata_documents import ClientDocuments
from quantimodo.endpoints.authorize_login import NOT_IN_ADDRESS
from quantimodo.endpoints.authorize_responses import wants_json
from quantimodo.http.refusals import record_caller
from quantimodo.i18n.negotiation import match_ui_locales
from quantimodo.i18n.translation import Source, suggest
from quantimodo.model.clients import Client
from quantimodo.model.consents import StoredRequest
from quantimodo.model.texts import N_
from quantimodo.ops.metrics import Metrics
from quantimodo.pages.browser import peer_address
from quantimodo.pages.forms import read_body
from quantimodo.protocol.authorization import (
    NAMES_THE_TARGET,
    PARAMETERS,
    READ,
    InvalidClientOrRedirect,
)
from quantimodo.protocol.client_documents import DocumentRefused, MethodsRefused
from quantimodo.protocol.errors import InvalidRequest, OAuthError
from quantimodo.protocol.grant_management import Requirement, check_required
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.security_profile_requests import (
    check_signed,
    check_still_signed,
    needs_push,
    pushed_lifetime,
)

_FORM: Final = "application/x-www-form-urlencoded"
_MOST_BYTES: Final = 65_536
_OF_PUSHED: Final = frozenset({"client_id", "request_uri"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPolicy:
    """`legacy_transport`: whether clients of 2016 may send secrets in addresses.
    `pushed_lifetime`: how long a pushed request can be used. `require_pushed`: whether every
    client has to push its requests (RFC 9126 §5). `grant_management`: which clients have to name
    an action on a grant."""

    legacy_transport: bool
    pushed_lifetime: timedelta
    require_pushed: bool
    grant_management: Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReader:
    documents: ClientDocuments
    authentication: ClientAuthentication
    request_objects: RequestObjects
    resources: ResourceReader
    requests: StoredRequests
    throttle: Throttle
    metrics: Metrics
    policy: RequestPolicy

    async def read(self, request: Request) -> tuple[IdentifiedRequest, OAuthError | None]:
        """The request of a known client, and the first fault that the client is to receive.

        Raises `InvalidClientOrRedirect` and `OAuthError` for faults to show on a page, and
        `TooMany`.
        """
        plain, malformed = await _parameters(request)
        client = await self._client(plain, request)
        channel: ResponseChannel = JsonResponse() if wants_json(request) else RedirectResponse()
        if _is_pushed(plain):
            return await self._pushed(plain.required("request_uri"), client, channel)
        if self.request_objects.may_fetch(plain, client):
            await self.throttle.count_address("fetches_per_address", peer_address(request))
        form, unfit = await self._unfolded(plain, client)
        identified = await self._identified(form, client, channel)
        return identified, malformed or unfit or self._missing(plain, form, client)

    async def _pushed(
        self, request_uri: str, client: Client, channel: ResponseChannel
    ) -> tuple[IdentifiedRequest, OAuthError | None]:
        """RFC 9126 §4: only `client_id` and `request_uri` count. A fault in them is shown on a
        page, because the redirect URI is not known without the request."""
        lifetime = pushed_lifetime(client, self.policy.pushed_lifetime)
        stored = await self.requests.find_pushed(request_uri, client.id, lifetime)
        form = Form.of_pairs(stored.parameters)
        identified = await self._identified(form, client, channel)
        pushed = PushedRequest(stored, request_uri, request_uri.removeprefix(REQUEST_URI))
        return replace(identified, pushed=pushed), self._unsigned(form, client)

    def _unsigned(self, pushed: Form, client: Client) -> OAuthError | None:
        try:
            check_still_signed(pushed, client)
        except InvalidRequest as fault:
            return fault
        return None

    def _missing(self, plain: Form, form: Form, client: Client) -> OAuthError | None:
        """`form` has the parameters of the request object too."""
        # RFC 9126 §5, §6
        if self.policy.require_pushed or needs_push(client):
            return InvalidRequest(
                "push the request first, and send its request_uri (RFC 9126)",
                refusal="push_required",
            )
        try:
            check_signed(plain, client)
            check_required(form, client, self.policy.grant_management)
        except InvalidRequest as fault:
            return fault
        return None

    async def read_stored(self, stored: StoredRequest) -> IdentifiedRequest:
        """A stored request. Raises `InvalidClientOrRedirect` or `OAuthError` when its client was
        deleted, no longer has this redirect URI, or no longer polls."""
        form = Form.of_pairs(stored.parameters)
        client = await self._client(form)
        channel = await self.requests.channel_of(stored)
        if channel is None:
            raise InvalidClientOrRedirect(
                "The app does not wait for the response any more.", refusal="request_gone"
            )
        return await self._identified(form, client, channel)

    def check_transport(self, request: Request, identified: IdentifiedRequest) -> None:
        """Raises `InvalidRequest` for a login JWT in an address, where that is not allowed."""
        if request.method == "POST" or identified.form.get("token") is None:
            return
        # v2-api.md §1, §5: the page of 2016 documents it; RFC 9700 §4.3.2 warns of it.
        if identified.client.strict or not self.policy.legacy_transport:
            raise InvalidRequest(NOT_IN_ADDRESS, refusal="login_token_not_usable")
        self.metrics.legacy("login_token_in_query")

    async def _identified(
        self, form: Form, client: Client, channel: ResponseChannel
    ) -> IdentifiedRequest:
        suggest(match_ui_locales(form.get("ui_locales") or ""), Source.REQUEST)
        return IdentifiedRequest(
            form=form,
            client=client,
            target=channel.target(form, client),
            channel=channel,
            resources=await self.resources.read(form),
        )

    async def _client(self, form: Form, request: Request | None = None) -> Client:
        client = await self._identified_client(form.required("client_id"), request)
        if client is not None and request is not None:
            record_caller(request.scope, client, form.items())
        if client is None or client.disabled_at is not None:
            raise InvalidClientOrRedirect(
                N_("There is no app with this client_id here."), refusal="client_unknown"
            )
        secret = form.get("client_secret")
        if secret is not None:
            # v2-api.md §5: the page of 2016 sends it. It is not needed, but a wrong one is refused.
            self.metrics.legacy("client_secret_at_authorize")
            if not self.authentication.verifies(client, secret):
                raise InvalidClientOrRedirect(
                    "client_secret is not the app's. Leave it out: it is not needed.",
                    refusal="client_secret_at_authorize",
                )
        return client

    async def _identified_client(self, client_id: str, request: Request | None) -> Client | None:
        """The client; by a fresh copy of its metadata document, for a new request."""
        if request is None:
            return await self.documents.stored(client_id)
        try:
            return await self.documents.current(
                client_id,
                lambda: self.throttle.count_address("fetches_per_address", peer_address(request)),
            )
        except DocumentRefused as refusal:
            raise InvalidClientOrRedirect(
                f"The app's metadata document, at its client_id, cannot be used: {refusal}.",
                refusal=(
                    "client_methods_unsupported"
                    if isinstance(refusal, MethodsRefused)
                    else "client_document_unusable"
                ),
            ) from None

    async def _unfolded(self, form: Form, client: Client) -> tuple[Form, OAuthError | None]:
        """The request with the parameters of its request object. The fault of an invalid object
        goes to the client, if the plain parameters name the redirect URI."""
        try:
            return await self.request_objects.unfold(form, client), None
        except OAuthError as error:
            return form, error


def recognised_query(identified: IdentifiedRequest) -> str:
    """The request as a query, of recognised parameters only, without a token or secret; a pushed
    one by its `request_uri`."""
    if identified.pushed is not None:
        uri = identified.pushed.request_uri
        return urlencode({"client_id": identified.client.id, "request_uri": uri})
    form = identified.form
    return urlencode([(name, text) for name, text in form.items() if name in PARAMETERS])


def _is_pushed(form: Form) -> bool:
    return (form.get("request_uri") or "").startswith(REQUEST_URI)


async def _parameters(request: Request) -> tuple[Form, InvalidRequest | None]:
    """The valid parameters, and the fault of one that is not valid, for the client.

    Raises `InvalidClientOrRedirect` for a fault in a parameter that names client or redirect URI,
    and for another content type.
    """
    text = await _text(request)
    form, faults = Form.sound_of_urlencoded(text, READ)
    if _is_pushed(form):
        # RFC 9126 §4, RFC 9101 §6.3: the parameters beside these two do not count.
        form, faults = Form.sound_of_urlencoded(text, _OF_PUSHED)
    for name, fault in faults.items():
        if name in NAMES_THE_TARGET:
            raise InvalidClientOrRedirect(f"{fault[0].upper()}{fault[1:]}.")
    return form, next(map(InvalidRequest, faults.values()), None)


async def _text(request: Request) -> bytes:
    if request.method != "POST":
        query: bytes = request.scope["query_string"]
        return query
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise InvalidClientOrRedirect(
            f"Send the request's parameters as {_FORM}.", refusal="content_type_wrong"
        )
    return await read_body(request, _MOST_BYTES)
