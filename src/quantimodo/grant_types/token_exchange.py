"""Token exchange grant (RFC 8693): an access token is exchanged for one of another registered API.

The new token opens nothing that the person did not allow the application that has the grant.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from quantimodo.crypto.tokens import Kind, key_of
from quantimodo.grant_types.contract import Exchange, SubjectToken
from quantimodo.model.clients import Client
from quantimodo.model.confirmations import Confirmation
from quantimodo.model.resources import Resource
from quantimodo.model.tokens import FoundAccessToken
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.grant_stores import TokenReader
from quantimodo.ports.resource_store import ResourceStore
from quantimodo.protocol.consents import narrow_details
from quantimodo.protocol.discovery import API, MCP
from quantimodo.protocol.errors import InvalidRequest, InvalidTarget, UnauthorizedClient
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.resources import Targets, audience, audience_of, may_request, split
from quantimodo.protocol.scopes import Scope
from quantimodo.protocol.vocabulary import ACCESS_TOKEN_URN, TOKEN_EXCHANGE


class LiveTokens(Protocol):
    async def find_any(self, raw: str) -> FoundAccessToken | None:
        """A valid access token of this server, for whichever API; else None."""


class ExchangeEvidence(NamedTuple):
    """`subject` is None for a token that no client can exchange; `target` for an API that is not
    registered."""

    subject: SubjectToken | None
    target: Resource | None


@dataclass(frozen=True, slots=True)
class TokenExchangeGrant:
    """Implements `GrantType`."""

    access: LiveTokens
    clients: ClientStore
    resources: ResourceStore
    targets: Targets
    grant_type = TOKEN_EXCHANGE

    async def load(self, form: Form, tokens: TokenReader) -> ExchangeEvidence:
        named = _named(form)
        target = await self.resources.resource(min(named)) if named else None
        return ExchangeEvidence(await self._subject(form.required("subject_token"), tokens), target)

    async def _subject(self, raw: str, tokens: TokenReader) -> SubjectToken | None:
        found = await self.access.find_any(raw)
        # An application's own token has no person to act for.
        if found is None or found.grant_id is None:
            return None
        grant = await tokens.find_grant(found.grant_id)
        application = None if grant is None else await self.clients.client(grant.client_id)
        if grant is None or application is None or found.user is None:
            return None
        named = audience_of(found.scope)
        api = None if named is None else await self.resources.resource(named.identifier)
        registered = api if api is not None and audience(api) == named else None
        key = key_of(Kind.ACCESS, raw)
        return SubjectToken(found, grant, found.user, application, registered, key)

    def decide(
        self,
        form: Form,
        client: Client,
        evidence: ExchangeEvidence,
        now: datetime,
        shown: Confirmation | None,
    ) -> Exchange:
        # RFC 8693 §5: who exchanges has to be known, and a public client proves nothing.
        if client.public:
            raise UnauthorizedClient(
                "a public client cannot exchange tokens", refusal="public_client_not_allowed"
            )
        _check_types(form)
        subject = evidence.subject
        # RFC 8693 §2.2.2: `invalid_request`. A token of others and an unknown one get one response.
        if subject is None or not _may_present(client, subject):
            raise InvalidRequest(
                "the subject_token is not one that the app may exchange",
                refusal="subject_token_not_valid",
            )
        # RFC 9449 §7.1, RFC 8705 §3: a bound token is nothing without its key.
        if subject.found.confirmation not in (None, shown):
            raise InvalidRequest(
                "the subject_token is bound to a key that the request lacks",
                refusal="bound_key_missing",
            )
        target = self._target(form, client, evidence.target, subject)
        scope = self._scope(form, target, subject)
        # No details of today are of a registered API, so a request for some is refused here.
        narrow_details(scope, subject.found.details, form.get("authorization_details"))
        return Exchange(client, subject, target, scope)

    def _target(
        self, form: Form, client: Client, target: Resource | None, subject: SubjectToken
    ) -> Resource:
        named = _named(form)
        if len(named) != 1:
            raise InvalidTarget(
                "name one API, by resource or audience", refusal="resource_ambiguous"
            )
        if named <= {self.targets.own, self.targets.own.removesuffix(API) + MCP}:
            raise InvalidTarget(
                "access to this server's own API is not delegated", refusal="resource_not_allowed"
            )
        if target is None or not _may_act_at(target, client, subject.application):
            raise InvalidTarget(
                "the app may not request this resource", refusal="resource_not_allowed"
            )
        return target

    def _scope(self, form: Form, target: Resource, subject: SubjectToken) -> Scope:
        """What the person allowed at this API, or the part that the request names."""
        named = audience(target)
        if named == audience_of(subject.found.scope):
            available = subject.found.scope
        else:
            available = split(subject.grant.scope)[1].get(named, frozenset())
        if not available:
            raise InvalidTarget("this resource was not granted", refusal="resource_not_granted")
        return self.targets.narrow(available, (target.identifier,), form.get("scope"))


def _named(form: Form) -> frozenset[str]:
    """The APIs that the request names. `audience` has the same identifiers as `resource`."""
    logical = form.get("audience")
    return frozenset(form.all("resource")) | (frozenset() if logical is None else {logical})


def _check_types(form: Form) -> None:
    if form.required("subject_token_type") != ACCESS_TOKEN_URN:
        raise InvalidRequest(
            "subject_token_type may only be an access token", refusal="token_type_not_supported"
        )
    if (form.get("requested_token_type") or ACCESS_TOKEN_URN) != ACCESS_TOKEN_URN:
        raise InvalidRequest(
            "requested_token_type may only be an access token", refusal="token_type_not_supported"
        )
    if form.get("actor_token") is not None or form.get("actor_token_type") is not None:
        # RFC 8693 §2.1: the actor is the client that authenticates here.
        raise InvalidRequest(
            "actor_token is not supported: the app itself is the actor",
            refusal="token_type_not_supported",
        )


def _may_present(client: Client, subject: SubjectToken) -> bool:
    """Whether the token was issued to this client, or for an API that the client introspects for.

    One that was exchanged before is refused: each exchange starts from what a person granted.
    """
    if subject.found.granted_to is not None:
        return False
    api = subject.api
    return subject.found.client_id == client.id or (
        api is not None and client.id in api.introspected_by
    )


def _may_act_at(target: Resource, client: Client, application: Client) -> bool:
    """Whether the API accepts this client. One that acts for another application has to be in its
    list: the person did not see its name."""
    listed = client.id == application.id or client.id in target.clients
    return listed and may_request(client, target)
