"""Token exchange grant (RFC 8693): an access token is exchanged for one of another registered API.

The new token opens nothing that the person did not allow the application that has the grant. The
metadata of this application lists the other clients that may act by that; by default there is none.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from quantimodo.crypto.tokens import Kind, key_of
from quantimodo.grant_types.contract import ActorToken, Exchange, SubjectToken
from quantimodo.model.clients import Client
from quantimodo.model.confirmations import Confirmation
from quantimodo.model.resources import Resource
from quantimodo.model.tokens import FoundAccessToken
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.grant_stores import TokenReader
from quantimodo.ports.resource_store import ResourceStore
from quantimodo.protocol.consents import narrow_details
from quantimodo.protocol.constants import ACCESS_TOKEN_URN, JWT_URN, TOKEN_EXCHANGE
from quantimodo.protocol.discovery import API, MCP
from quantimodo.protocol.errors import InvalidRequest, InvalidTarget, UnauthorizedClient
from quantimodo.protocol.grant_types import ENTRY_OF
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.resources import (
    Targets,
    audience,
    audience_of,
    may_request,
    split_by_resource,
)
from quantimodo.protocol.scopes import Scope
from quantimodo.protocol.token_exchange import LONGEST_CHAIN, actor_chain, stored_chain


class LiveTokens(Protocol):
    async def find_any(self, raw: str) -> FoundAccessToken | None:
        """A valid access token of this server, for whichever API; else None."""


class ExchangeEvidence(NamedTuple):
    """`subject` is None for a token that no client can exchange, `actor` without an actor token and
    for one that no client can present, `target` for an API that is not registered."""

    subject: SubjectToken | None
    actor: ActorToken | None
    target: Resource | None


@dataclass(frozen=True, slots=True)
class TokenExchangeGrant:
    """Implements `GrantType`."""

    access: LiveTokens
    clients: ClientStore
    resources: ResourceStore
    targets: Targets
    entry = ENTRY_OF[TOKEN_EXCHANGE]

    async def load(self, form: Form, tokens: TokenReader) -> ExchangeEvidence:
        requested = _requested_apis(form)
        target = await self.resources.resource(min(requested)) if requested else None
        subject = await self._subject(form.required("subject_token"), tokens)
        return ExchangeEvidence(subject, await self._actor(form.get("actor_token")), target)

    async def _subject(self, raw: str, tokens: TokenReader) -> SubjectToken | None:
        token = await self.access.find_any(raw)
        # An application's own token has no person to act for.
        if token is None or token.grant_id is None:
            return None
        grant = await tokens.grant(token.grant_id)
        application = None if grant is None else await self.clients.client(grant.client_id)
        if grant is None or application is None or token.user is None:
            return None
        api, key = await self._api(token), key_of(Kind.ACCESS, raw)
        actors = await self._actors(token, application)
        return SubjectToken(token, grant, token.user, application, api, key, actors)

    async def _actor(self, raw: str | None) -> ActorToken | None:
        token = None if raw is None else await self.access.find_any(raw)
        # No person acts for another one here: the actor is a client, by its own token.
        if token is None or token.grant_id is not None or token.user is not None:
            return None
        client = await self.clients.client(token.client_id)
        return None if client is None else ActorToken(token, client, await self._api(token))

    async def _api(self, token: FoundAccessToken) -> Resource | None:
        """The registered API that the token is for."""
        target = audience_of(token.scope)
        api = None if target is None else await self.resources.resource(target.identifier)
        return api if api is not None and audience(api) == target else None

    async def _actors(self, token: FoundAccessToken, application: Client) -> tuple[Client, ...]:
        if token.granted_to is None:
            return (application,)
        chain = stored_chain(token.actors, token.client_id, token.granted_to)
        clients = [await self.clients.client(each) for each in chain]
        return tuple(client for client in clients if client is not None)

    def decide(
        self,
        form: Form,
        client: Client,
        evidence: ExchangeEvidence,
        now: datetime,
        sender_key: Confirmation | None,
    ) -> Exchange:
        # RFC 8693 §5: who exchanges has to be known, and a public client proves nothing.
        if client.public:
            raise UnauthorizedClient(
                "a public client cannot exchange tokens", refusal="public_client_not_allowed"
            )
        _check_types(form)
        subject, actor = evidence.subject, evidence.actor
        # RFC 8693 §2.2.2: `invalid_request`. A token of others and an unknown one get one response.
        if subject is None or not _may_present(client, subject):
            raise InvalidRequest(
                "the subject_token is not one that the app may exchange",
                refusal="subject_token_not_valid",
            )
        if form.get("actor_token") is not None and not _may_act(client, actor, subject):
            raise InvalidRequest(
                "the actor_token is not one that the app may present",
                refusal="actor_token_not_valid",
            )
        # RFC 9449 §7.1, RFC 8705 §3: a bound token is nothing without its key.
        _check_binding(subject.token, sender_key, "subject_token")
        if actor is not None:
            _check_binding(actor.token, sender_key, "actor_token")
        acting = (client,) if actor is None else (client, actor.client)
        target = self._target(form, acting, evidence.target, subject)
        scope = self._scope(form, target, subject)
        # No details of today are of a registered API, so a request for some is refused here.
        narrow_details(scope, subject.token.details, form.get("authorization_details"))
        actors = _chain(client, subject, actor)
        return Exchange(client, subject, actor, target, scope, actors)

    def _target(
        self,
        form: Form,
        acting: tuple[Client, ...],
        target: Resource | None,
        subject: SubjectToken,
    ) -> Resource:
        requested = _requested_apis(form)
        if len(requested) != 1:
            raise InvalidTarget(
                "name one API, by resource or audience", refusal="resource_ambiguous"
            )
        if requested <= {self.targets.own, self.targets.own.removesuffix(API) + MCP}:
            raise InvalidTarget(
                "access to this server's own API is not delegated", refusal="resource_not_allowed"
            )
        if target is None or not all(
            _may_act_at(target, client, subject.application) for client in acting
        ):
            raise InvalidTarget(
                "the app may not request this resource", refusal="resource_not_allowed"
            )
        return target

    def _scope(self, form: Form, target: Resource, subject: SubjectToken) -> Scope:
        """What the person allowed at this API, or the part that the request names."""
        api = audience(target)
        if api == audience_of(subject.token.scope):
            available = subject.token.scope
        else:
            available = split_by_resource(subject.grant.scope)[1].get(api, frozenset())
        if not available:
            raise InvalidTarget("this resource was not granted", refusal="resource_not_granted")
        return self.targets.narrow(available, (target.identifier,), form.get("scope"))


def _requested_apis(form: Form) -> frozenset[str]:
    """The APIs that the request names. `audience` has the same identifiers as `resource`."""
    return frozenset((*form.all("resource"), *form.all("audience")))


def _check_types(form: Form) -> None:
    if form.required("subject_token_type") != ACCESS_TOKEN_URN:
        raise InvalidRequest(
            "subject_token_type may only be an access token", refusal="token_type_not_supported"
        )
    if (form.get("requested_token_type") or ACCESS_TOKEN_URN) != ACCESS_TOKEN_URN:
        raise InvalidRequest(
            "requested_token_type may only be an access token", refusal="token_type_not_supported"
        )
    actor_type, raw = form.get("actor_token_type"), form.get("actor_token")
    # RFC 8693 §2.1: the type is required with the token, and is not allowed without it.
    if (raw is None) != (actor_type is None):
        raise InvalidRequest(
            "send actor_token and actor_token_type, or neither", refusal="actor_token_not_valid"
        )
    if raw is not None and not (
        actor_type == ACCESS_TOKEN_URN
        or (actor_type == JWT_URN and key_of(Kind.ACCESS, raw) is None)
    ):
        raise InvalidRequest(
            "actor_token_type may only be an access token", refusal="token_type_not_supported"
        )


def _check_binding(token: FoundAccessToken, sender_key: Confirmation | None, name: str) -> None:
    if token.confirmation not in (None, sender_key):
        raise InvalidRequest(
            f"the {name} is bound to a key that the request lacks", refusal="bound_key_missing"
        )


def _may_present(client: Client, subject: SubjectToken) -> bool:
    """Whether the token was issued to this client, or for an API that the client introspects for.

    One that was exchanged before: only by a client that the application lists, and that introspects
    for its API.
    """
    introspects = subject.api is not None and client.id in subject.api.introspected_by
    if subject.token.granted_to is not None:
        return introspects and _is_listed(client, subject)
    return subject.token.client_id == client.id or introspects


def _may_act(client: Client, actor: ActorToken | None, subject: SubjectToken) -> bool:
    """Whether the client may name this actor: itself, or one that the application lists, by a token
    that the actor got for an API of the client. So no client uses a token that it was sent for
    another purpose."""
    if actor is None or actor.client.id == client.id:
        return actor is not None
    api = actor.api
    introspects = api is not None and client.id in api.introspected_by
    return introspects and _is_listed(actor.client, subject)


def _is_listed(client: Client, subject: SubjectToken) -> bool:
    """RFC 8693 §4.4: whether this client may act by what people allowed the application."""
    return client.id in subject.application.metadata.token_exchange_actors


def _chain(client: Client, subject: SubjectToken, actor: ActorToken | None) -> tuple[Client, ...]:
    acting = (client,) if actor is None else (client, actor.client)
    clients = {each.id: each for each in (*subject.actors, *acting)}
    chain = actor_chain([each.id for each in subject.actors], *(each.id for each in acting))
    if len(chain) > LONGEST_CHAIN:
        raise InvalidRequest(
            f"at most {LONGEST_CHAIN} apps act one for the other", refusal="actor_chain_too_long"
        )
    return tuple(clients[each] for each in chain)


def _may_act_at(target: Resource, client: Client, application: Client) -> bool:
    """Whether the API accepts this client. One that acts for another application has to be in its
    list: the person did not see its name."""
    listed = client.id == application.id or client.id in target.clients
    return listed and may_request(client, target)
