"""An application's values for an example project, and what its registration lacks for it. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from quantimodo.model.clients import Client
from quantimodo.model.texts import N_
from quantimodo.pages.portal.app_kinds import AppKind, kind_named
from quantimodo.pages.portal.client_form import LABELS, OFFERED_GRANTS, address_of_field
from quantimodo.pages.portal.example_projects import (
    CLIENT_ID,
    CLIENT_SECRET,
    ExampleProject,
    ExampleValues,
    moved,
)

# Other values could be interpreted as code in a file or in a shell.
_PLAIN_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9.+-]*:[A-Za-z0-9./:_~-]+")
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9._~-]+")
_JWT: Final = "--token-format jwt"
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that the registration lacks: a text with its value, and the address of the page
    that fixes it with the label of the field. A relative address is below the application's."""

    text: str
    value: str = ""
    address: str = ""
    label: str = ""


def needs_secret(project: ExampleProject) -> bool:
    """Whether the project has a place for a client secret."""
    return any(CLIENT_SECRET in project.text(path) for path in project.files)


def values_for(project: ExampleProject, client: Client, issuer: str) -> ExampleValues:
    """The application's values. The redirect URI is one that is registered and has the path of the
    project's, preferably on this machine; without one it is the project's."""
    return ExampleValues(
        issuer=issuer,
        client_id=client.id if _PLAIN_ID.fullmatch(client.id) else CLIENT_ID,
        redirect_uri=_redirect_uri(project, client),
        scopes=[name for name in project.scopes if name in client.scope],
    )


def _redirect_uri(project: ExampleProject, client: Client) -> str:
    own = project.redirect_uri
    usable = [
        uri
        for uri in client.redirect_uris
        if _PLAIN_ADDRESS.fullmatch(uri) and urlsplit(uri).path == urlsplit(own).path
    ]
    near = [uri for uri in usable if urlsplit(uri).hostname in _LOOPBACK]
    return own if not own or own in usable else next(iter((*near, *usable, own)))


def missing(project: ExampleProject, client: Client, values: ExampleValues) -> Sequence[Missing]:
    """What the registration of the application lacks for the project with these values."""
    kind = kind_named(project.kind)
    obstacle = _of_another_kind(kind, client)
    return [obstacle] if obstacle else list(_missing(project, kind, client, values))


def _of_another_kind(kind: AppKind, client: Client) -> Missing | None:
    if kind.for_operator and not client.resource_server:
        return Missing(N_("It is for a resource server, which the operator registers."))
    new = "/developers/new"
    if kind.public and not client.public:
        text = N_("It has no place for a client secret. Register a public application for it.")
        return Missing(text, "", new, N_("New application"))
    if client.public and not kind.public:
        text = N_("It needs a client secret. Register a confidential application for it.")
        return Missing(text, "", new, N_("New application"))
    return None


def _missing(
    project: ExampleProject, kind: AppKind, client: Client, values: ExampleValues
) -> Iterator[Missing]:
    if kind.redirects and values.redirect_uri not in client.redirect_uris:
        text = N_("This redirect URI is not registered:")
        yield _of_field("redirect_uris", text, values.redirect_uri)
    for name in sorted(kind.grant_types - client.grant_types):
        field = "grant_types" if name in OFFERED_GRANTS else "redirect_uris"
        yield _of_field(field, N_("This grant type is missing:"), name)
    for name in project.scopes:
        if name not in client.scope:
            yield _of_field("scope", N_("This scope is missing:"), name)
    after_logout = moved(project.post_logout_redirect_uri, values)
    if after_logout and after_logout not in client.metadata.post_logout_redirect_uris:
        text = N_("This address after a logout is not registered:")
        yield _of_field("post_logout_redirect_uris", text, after_logout)
    if project.jwt and client.token_format != "jwt":
        yield Missing(N_("Its access tokens have to be JWTs. The operator sets that:"), _JWT)


def _of_field(field: str, text: str, value: str) -> Missing:
    return Missing(text, value, address_of_field(field), LABELS.get(field, ""))
