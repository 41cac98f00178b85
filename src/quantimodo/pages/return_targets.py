"""Where a sign-in leads: to a page of ours, or back to an application that waits for it.

Reads a waiting authorization request only to name the application, and to tell the browser to
which place its forms may lead. Decides nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from quantimodo.accounts.addresses import local_path
from quantimodo.authorization.interactions import InteractionPolicy
from quantimodo.authorization.steps.login import is_stale
from quantimodo.authorization.stored_requests import RESUME
from quantimodo.crypto.tokens import Kind, key_of
from quantimodo.model.clients import Client
from quantimodo.model.consents import StoredRequest
from quantimodo.model.sessions import Session
from quantimodo.pages.layout import form_sources
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import AuthorizationStore, ClientStore
from quantimodo.protocol.authorization import (
    AuthorizationRequest,
    InvalidClientOrRedirect,
    Target,
    identify,
    validate,
)
from quantimodo.protocol.errors import OAuthError
from quantimodo.protocol.parameters import Form


@dataclass(frozen=True, slots=True)
class ReturnTarget:
    """A local path, and the application behind it, if any.

    `wants_fresh`: it asked for a sign-in of now (`prompt=login`, `max_age`). `asked` is its
    request, which came at `asked_at`; `names_somebody`: it is for a certain person
    (`id_token_hint`, `sub`).
    """

    return_to: str
    client: Client | None = None
    has_logo: bool = False
    form_action: tuple[str, ...] = ()
    wants_fresh: bool = False
    asked: AuthorizationRequest | None = None
    asked_at: datetime | None = None
    names_somebody: bool = False

    def takes(self, session: Session, now: datetime) -> bool:
        """Whether it may be gone on to in this session, without another sign-in."""
        if self.asked is None or self.asked_at is None:
            return True
        return not self.names_somebody and not is_stale(
            self.asked, session.authenticated_at, self.asked_at, now, InteractionPolicy()
        )

    @property
    def is_over(self) -> bool:
        """Whether it leads to a request that does not wait any more."""
        return self.client is None and urlsplit(self.return_to).path == RESUME

    @property
    def links(self) -> Sequence[tuple[str, str]]:
        """What the application says about itself elsewhere (RFC 7591 §2: policy_uri, tos_uri)."""
        return () if self.client is None else about_links(self.client)


@dataclass(frozen=True, slots=True)
class ReturnTargets:
    clients: ClientStore
    requests: AuthorizationStore
    clock: Clock

    async def of(self, return_to: str) -> ReturnTarget:
        """What `return_to` leads to; anything but a path of ours leads to the account."""
        path = local_path(return_to)
        stored = await self._stored(path)
        client = None if stored is None else await self.clients.client(stored.client_id)
        if stored is None or client is None:
            return ReturnTarget(path)
        form = Form.of_pairs(stored.parameters)
        try:
            target = identify(form, client)
        except (InvalidClientOrRedirect, OAuthError):
            return ReturnTarget(path)
        asked = _asked(form, client, target)
        # A browser holds the redirects that follow a form against the form's CSP.
        leads = form_sources(target.redirect_uri)
        return ReturnTarget(
            path,
            client,
            await self.clients.logo(client.id) is not None,
            leads,
            _wants_fresh(form, client),
            asked,
            stored.created_at,
            _names_somebody(form, asked),
        )

    async def _stored(self, path: str) -> StoredRequest | None:
        parts = urlsplit(path)
        raw = parse_qs(parts.query).get("request", [""])[0]
        key = key_of(Kind.REQUEST, raw) if parts.path == RESUME else None
        stored = None if key is None else await self.requests.request(key)
        return stored if stored and stored.expires_at > self.clock.now() else None


def about_links(client: Client) -> Sequence[tuple[str, str]]:
    """Where an application tells of itself: the word for it, and the address."""
    links = (
        ("Website", client.homepage_uri),
        ("Privacy policy", client.policy_uri),
        ("Terms", client.tos_uri),
    )
    # Registration refuses other schemes; a link is the wrong place to trust that.
    return [(word, uri) for word, uri in links if uri.startswith("https://")]


def _asked(form: Form, client: Client, target: Target) -> AuthorizationRequest | None:
    try:
        return validate(form, client, target)
    except OAuthError:
        return None  # the app was changed since; it is told so when the request goes on


def _names_somebody(form: Form, asked: AuthorizationRequest | None) -> bool:
    # OpenID Connect Core §3.1.2.1, §5.5.1
    named = asked is not None and asked.claims.subject is not None
    return named or form.get("id_token_hint") is not None


def _wants_fresh(form: Form, client: Client) -> bool:
    # OpenID Connect Registration §2: default_max_age holds for a request that says nothing.
    if client.metadata.default_max_age is not None:
        return True
    return form.get("max_age") is not None or "login" in (form.get("prompt") or "").split(" ")
