"""The targets at which a sign-in continues: a page of this server, or an authorization request.

Reads a stored authorization request to name the application, to show why a new sign-in is needed,
and for the CSP sources of forms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from quantimodo.accounts.addresses import local_path
from quantimodo.authorization.interactions import InteractionPolicy
from quantimodo.authorization.requested_resources import ResourceReader
from quantimodo.authorization.steps.login import is_stale
from quantimodo.authorization.stored_requests import RESUME
from quantimodo.crypto.tokens import Kind, key_of
from quantimodo.i18n.client_texts import client_text
from quantimodo.i18n.negotiation import match_ui_locales
from quantimodo.i18n.translation import Source, suggest
from quantimodo.model.clients import Client
from quantimodo.model.consents import StoredRequest
from quantimodo.model.sessions import Session
from quantimodo.model.texts import N_
from quantimodo.pages.renderer import form_sources
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.grant_stores import AuthorizationStore
from quantimodo.protocol.authorization import (
    AuthorizationRequest,
    InvalidClientOrRedirect,
    Target,
    identify,
    validate,
)
from quantimodo.protocol.errors import OAuthError
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.resources import RequestedResources


@dataclass(frozen=True, slots=True)
class ReturnTarget:
    """A local path, and the application behind it, if any.

    `wants_fresh`: its request requires a new sign-in (`prompt=login`, `max_age`).
    `authorization_request` was received at `requested_at`; `names_person`: it is for a certain
    person (`id_token_hint`, `sub`).
    """

    return_to: str
    client: Client | None = None
    has_logo: bool = False
    form_action: tuple[str, ...] = ()
    wants_fresh: bool = False
    authorization_request: AuthorizationRequest | None = None
    requested_at: datetime | None = None
    names_person: bool = False

    def takes(self, session: Session, now: datetime) -> bool:
        """Whether this session may continue without another sign-in."""
        if self.authorization_request is None or self.requested_at is None:
            return True
        return not self.names_person and not is_stale(
            self.authorization_request,
            session.authenticated_at,
            self.requested_at,
            now,
            InteractionPolicy(),
        )

    @property
    def steps_up(self) -> bool:
        """Whether its request needs more than a sign-in: a new one, or a certain `acr`. A
        trusted browser does not replace the second factor there."""
        request = self.authorization_request
        return self.wants_fresh or (request is not None and bool(request.claims.acr))

    @property
    def is_over(self) -> bool:
        """Whether its request is finished or expired."""
        return self.client is None and urlsplit(self.return_to).path == RESUME

    @property
    def links(self) -> Sequence[tuple[str, str]]:
        """Links to documents of the application (RFC 7591 §2: policy_uri, tos_uri)."""
        return () if self.client is None else about_links(self.client)


@dataclass(frozen=True, slots=True)
class ReturnTargets:
    clients: ClientStore
    requests: AuthorizationStore
    resources: ResourceReader
    clock: Clock

    async def of(self, return_to: str) -> ReturnTarget:
        """The target of `return_to`; the account, unless it is a path of this server."""
        path = local_path(return_to)
        stored = await self._stored(path)
        client = None if stored is None else await self.clients.client(stored.client_id)
        if stored is None or client is None:
            return ReturnTarget(path)
        form = Form.of_pairs(stored.parameters)
        suggest(match_ui_locales(form.get("ui_locales") or ""), Source.REQUEST)
        if stored.polled is not None:
            has_logo = await self.clients.logo(client.id) is not None
            return ReturnTarget(path, client, has_logo, requested_at=stored.created_at)
        try:
            target = identify(form, client)
        except (InvalidClientOrRedirect, OAuthError):
            return ReturnTarget(path)
        resources = await self.resources.read(form)
        authorization_request = _parsed(form, client, target, resources)
        # Browsers apply the form's CSP to the redirects that follow it.
        leads = form_sources(target.redirect_uri)
        return ReturnTarget(
            path,
            client,
            await self.clients.logo(client.id) is not None,
            leads,
            _wants_fresh(form, client),
            authorization_request,
            stored.created_at,
            _names_person(form, authorization_request),
        )

    async def _stored(self, path: str) -> StoredRequest | None:
        parts = urlsplit(path)
        raw = parse_qs(parts.query).get("request", [""])[0]
        key = key_of(Kind.REQUEST, raw) if parts.path == RESUME else None
        stored = None if key is None else await self.requests.request(key)
        return stored if stored and stored.expires_at > self.clock.now() else None


def about_links(client: Client) -> Sequence[tuple[str, str]]:
    """Links to documents of an application: title and address."""
    links = (
        (N_("Website"), client_text(client, "client_uri", client.homepage_uri)),
        (N_("Privacy policy"), client_text(client, "policy_uri", client.policy_uri)),
        (N_("Terms"), client_text(client, "tos_uri", client.tos_uri)),
    )
    # Registration refuses other schemes; links check it again.
    return [(word, uri) for word, uri in links if uri.startswith("https://")]


def _parsed(
    form: Form, client: Client, target: Target, resources: RequestedResources
) -> AuthorizationRequest | None:
    try:
        return validate(form, client, target, resources)
    except OAuthError:
        return None  # the app was changed meanwhile; it gets an error when the request continues


def _names_person(form: Form, authorization_request: AuthorizationRequest | None) -> bool:
    # OpenID Connect Core §3.1.2.1, §5.5.1
    named = authorization_request is not None and authorization_request.claims.subject is not None
    return named or form.get("id_token_hint") is not None


def _wants_fresh(form: Form, client: Client) -> bool:
    # OpenID Connect Registration §2: default_max_age is for a request without max_age.
    if client.metadata.default_max_age is not None:
        return True
    return form.get("max_age") is not None or "login" in (form.get("prompt") or "").split(" ")
