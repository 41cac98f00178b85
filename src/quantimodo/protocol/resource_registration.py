"""What a registered API may be (RFC 8707 §2, RFC 6749 §3.3). Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, get_args
from urllib.parse import urlsplit

from quantimodo.model.clients import TokenFormat
from quantimodo.model.resources import Resource, ResourceScope
from quantimodo.protocol import uris
from quantimodo.protocol.client_field_row import check_description, check_name, check_secure_link
from quantimodo.protocol.discovery import API, MCP
from quantimodo.protocol.registration import Fault
from quantimodo.protocol.scopes import KNOWN

LONGEST_IDENTIFIER: Final = 200
"""Characters. The full name of each scope has the identifier (`protocol/resources.py`)."""
MOST_SCOPES: Final = 40
MOST_CLIENTS: Final = 50
SHORTEST_LIFETIME: Final = timedelta(minutes=1)
LONGEST_LIFETIME: Final = timedelta(days=1)
_LONGEST_TITLE: Final = 80
_SCOPE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRegistration:
    """What its owner can choose; the attributes are those of `Resource`."""

    name: str
    scopes: tuple[ResourceScope, ...] = ()
    clients: frozenset[str] = frozenset()
    introspected_by: frozenset[str] = frozenset()
    token_format: TokenFormat = "jwt"
    token_lifetime: timedelta | None = None
    documentation_uri: str = ""


def resource_registration(resource: Resource) -> ResourceRegistration:
    """What was registered."""
    return ResourceRegistration(
        name=resource.name,
        scopes=resource.scopes,
        clients=resource.clients,
        introspected_by=resource.introspected_by,
        token_format=resource.token_format,
        token_lifetime=resource.token_lifetime,
        documentation_uri=resource.documentation_uri,
    )


def identifier_faults(identifier: str, own: str, *, by_operator: bool) -> Iterator[Fault]:
    """RFC 8707 §2, RFC 9728 §1.2: an https URL (http on this machine) without a fragment. `own`:
    the identifier of this server's API. Only the operator registers others at its host."""
    try:
        uris.check_web_address(identifier)
    except uris.InvalidUri as fault:
        yield Fault("identifier", str(fault))
        return
    if len(identifier) > LONGEST_IDENTIFIER:
        text = f"must not be longer than {LONGEST_IDENTIFIER} characters"
        yield Fault("identifier", text)
    if "#" in identifier:
        yield Fault("identifier", "must not have a fragment (the part from # on)")
    if identifier.rstrip("/") in (own, own.removesuffix(API) + MCP):
        yield Fault("identifier", "is an API of this server")
    elif not by_operator and _https_host(identifier) == _https_host(own) is not None:
        yield Fault("identifier", "has the host of this server, which only its operator may use")


def _https_host(uri: str) -> str | None:
    """The host of an https address without its port; None for another scheme."""
    parts = urlsplit(uri)
    return (parts.hostname or "").rstrip(".") if parts.scheme == "https" else None


def registration_faults(registration: ResourceRegistration) -> Iterator[Fault]:
    """All faults of the other fields."""
    yield from (Fault("name", text) for text in check_name(registration.name))
    link = registration.documentation_uri
    yield from (Fault("documentation_uri", text) for text in check_secure_link(link))
    yield from _scope_faults(registration.scopes)
    for field in ("clients", "introspected_by"):
        if len(getattr(registration, field)) > MOST_CLIENTS:
            yield Fault(field, f"there may be at most {MOST_CLIENTS}")
    if registration.token_format not in get_args(TokenFormat):
        yield Fault("token_format", "may only be of: " + ", ".join(get_args(TokenFormat)))
    lifetime = registration.token_lifetime
    if lifetime is not None and not SHORTEST_LIFETIME <= lifetime <= LONGEST_LIFETIME:
        yield Fault("token_lifetime", "may be 1 minute to 1 day")


def _scope_faults(scopes: tuple[ResourceScope, ...]) -> Iterator[Fault]:
    names = [each.name for each in scopes]
    if len(names) > MOST_SCOPES:
        yield Fault("scopes", f"there may be at most {MOST_SCOPES}")
        return
    if len(set(names)) < len(names):
        yield Fault("scopes", "a scope is there twice")
    for name, title, description in scopes:
        if _SCOPE_NAME.fullmatch(name) is None:
            yield Fault(
                "scopes", "a name has only a-z, A-Z, 0-9 and . _ : / - and is at most 100 long"
            )
        elif name in KNOWN:
            yield Fault("scopes", "a name is that of a scope of this server; choose another")
        if not title or len(title) > _LONGEST_TITLE or "\n" in title:
            yield Fault(
                "scopes", f"each scope needs a title of at most {_LONGEST_TITLE} characters"
            )
        yield from (Fault("scopes", text) for text in check_description(title + description))


def resource_metadata(resource: Resource, issuer: str) -> dict[str, Any]:
    """The document that an API publishes at its own host (RFC 9728 §2)."""
    scopes = [each.name for each in resource.scopes]
    return {
        "resource": resource.identifier,
        "authorization_servers": [issuer],
        # RFC 9728 §3.2: a member without a value is left out.
        **({"scopes_supported": scopes} if scopes else {}),
        "bearer_methods_supported": ["header"],
        "resource_name": resource.name,
        **(
            {"resource_documentation": resource.documentation_uri}
            if resource.documentation_uri
            else {}
        ),
    }


def format_scope_line(scope: ResourceScope) -> str:
    """A scope as one line of text: `name = title: description`."""
    tail = f": {scope.description}" if scope.description else ""
    return f"{scope.name} = {scope.title}{tail}"


def parse_scope_line(line: str) -> ResourceScope:
    """The scope of such a line; without a title it has none."""
    name, _, text = line.partition("=")
    title, _, description = text.partition(":")
    return ResourceScope(name.strip(), title.strip(), description.strip())
