"""Translates the settings of sign-in providers into policies of `federation`.

Owns the rules for `[providers.NAME]` that the server checks at its start, and the policies that are
made of it. `federation/provider_table.py` has the settings that each kind needs.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any, get_args
from urllib.parse import urlsplit

from quantimodo.app.settings.providers import ProviderSettings
from quantimodo.app.settings.tree import Settings
from quantimodo.federation.contract import Kind, ProviderPolicy
from quantimodo.federation.presets import PRESETS, with_preset
from quantimodo.federation.provider_sign_out import RETURNED
from quantimodo.federation.provider_table import faults_of
from quantimodo.model.secrets import Secret
from quantimodo.outbound.guarded_transport import netloc
from quantimodo.outbound.http_client import OutboundPolicy
from quantimodo.protocol.social_login import (
    CALLBACK,
    FRONTCHANNEL_LOGOUT,
    INITIATE,
    NOTIFICATIONS,
    PROVIDER_KEYS,
)

Fault = Callable[[str, str], None]

KINDS: frozenset[str] = frozenset({*get_args(Kind), *PRESETS})

_LISTS_OF_HOSTS = (
    "insecure_private_hosts",
    "insecure_private_app_hosts",
    "insecure_unverified_hosts",
)
_HOST_AND_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+):[0-9]{1,5}", re.ASCII)
_ADDRESSES = (
    "issuer",
    "jwks_uri",
    *(
        f"{name}_endpoint"
        for name in (
            "authorization",
            "token",
            "userinfo",
            "tokeninfo",
            "graph",
            "emails",
            "end_session",
        )
    ),
)


def provider_policies(settings: Settings) -> tuple[ProviderPolicy, ...]:
    """The configured providers, in the order of the settings, which were checked."""
    return tuple(_policy(name, one) for name, one in settings.providers.items())


def outbound_policy(settings: Settings, *own: str) -> OutboundPolicy:
    """The limits of requests to servers that the operator names; `own` are further allowed
    `host:port` pairs."""
    return OutboundPolicy(
        open_hosts=frozenset({*settings.insecure_private_hosts, *own}),
        unverified_hosts=frozenset(settings.insecure_unverified_hosts),
    )


def application_policy(settings: Settings) -> OutboundPolicy:
    """The limits of requests to addresses that applications register."""
    return OutboundPolicy(
        open_hosts=frozenset(settings.insecure_private_app_hosts),
        unverified_hosts=frozenset(settings.insecure_unverified_hosts),
        opened_by="insecure_private_app_hosts",
    )


def callback_uri(settings: Settings, name: str) -> str:
    """The redirect URI to register with the provider of this name (v2-api.md §2.3)."""
    return settings.issuer + CALLBACK.format(provider=name)


def other_registrations(settings: Settings, name: str) -> Iterator[str]:
    """The other addresses to register there, as its settings need them, each with its name in
    OpenID Connect."""
    one = settings.providers[name]
    if one.client_authentication == "private_key_jwt" or one.encrypted_id_tokens:
        yield f"jwks_uri {settings.issuer}{PROVIDER_KEYS.format(provider=name)}"
    if one.initiated_login:
        yield f"initiate_login_uri {settings.issuer}{INITIATE}"
    if one.sign_out_at_provider:
        yield f"post_logout_redirect_uri {settings.issuer}{RETURNED}"
    if one.backchannel_logout:
        yield f"backchannel_logout_uri {settings.issuer}{NOTIFICATIONS.format(provider=name)}"
    if one.frontchannel_logout:
        path = FRONTCHANNEL_LOGOUT.format(provider=name)
        yield f"frontchannel_logout_uri {settings.issuer}{path}"


def check_providers(settings: Settings, fault: Fault) -> None:
    """Calls `fault` for each broken rule."""
    for name in _LISTS_OF_HOSTS:
        if not all(_HOST_AND_PORT.fullmatch(host) for host in getattr(settings, name)):
            fault(name, "must be pairs such as idp.example.org:8443")
    for name, one in settings.providers.items():
        table = f"providers.{name}"
        if not one.kind and name not in KINDS:
            fault(f"{table}.kind", f"must be set to one of {', '.join(sorted(KINDS))}")
            continue
        for field, text in faults_of(_policy(name, one)):
            fault(f"{table}.{field}", text)
        for field in _bad_addresses(one, frozenset(settings.insecure_private_hosts)):
            fault(f"{table}.{field}", "must be an https address (see insecure_private_hosts)")


def _policy(name: str, one: ProviderSettings) -> ProviderPolicy:
    given: dict[str, Any] = {each.name: getattr(one, each.name) for each in fields(one)}
    secret = Secret(one.client_secret) if one.client_secret else None
    kind = one.kind or name
    given |= {"name": name, "client_secret": secret}
    if kind in PRESETS:
        return with_preset(ProviderPolicy(**{**given, "kind": PRESETS[kind].kind}), PRESETS[kind])
    return ProviderPolicy(**{**given, "kind": kind})


def _bad_addresses(one: ProviderSettings, open_hosts: frozenset[str]) -> Iterator[str]:
    for field in _ADDRESSES:
        address = getattr(one, field)
        if address and not _is_good(address, open_hosts):
            yield field


def _is_good(address: str, open_hosts: frozenset[str]) -> bool:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment or not address.isprintable():
        return False
    if parts.scheme == "https":
        return True
    return parts.scheme == "http" and netloc(host, port or 80) in open_hosts
