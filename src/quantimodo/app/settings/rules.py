"""Rules between settings: the issuer that follows from host and port, which lifetime must be
longer, which files must be readable.

Reads no environment.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from quantimodo.accounts.addresses import email_address
from quantimodo.accounts.errors import InvalidInput
from quantimodo.app.composition.branding import check_branding
from quantimodo.app.composition.provider_policies import check_providers
from quantimodo.app.requests.proxies import parse_address
from quantimodo.app.secret_keys import BadSecretKey, parse_keys
from quantimodo.app.settings.alert_rules import check_alerts
from quantimodo.app.settings.telemetry_rules import check_telemetry
from quantimodo.app.settings.tree import Settings
from quantimodo.ops.smtp import smtp_policy
from quantimodo.protocol.redirects import check_redirect_uri
from quantimodo.protocol.uris import InvalidUri, parse_uri
from quantimodo.storage.open import sqlite_path

Fault = Callable[[str, str], None]

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
_SHORTEST_TOKEN = 16
_SERVICE = re.compile(r'[^"<>\\]{1,64}')
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}", re.ASCII)


def decide(settings: Settings, fault: Fault) -> Settings:
    """The settings with `issuer`, `development` and `sandbox` decided. Calls `fault` for each
    broken rule."""
    for check in (
        _check_database,
        _check_secrets,
        _check_lifetimes,
        _check_network,
        _check_certificates,
        _check_mail,
        check_branding,
        _check_passwords,
        _check_second_factor,
        _check_redirect_targets,
        _check_statements,
        _check_agents,
        check_providers,
        check_alerts,
        check_telemetry,
    ):
        check(settings, fault)
    if settings.issuer:
        _check_issuer(settings, fault)
        decided = settings
    else:
        decided = replace(settings, issuer=_own_address(settings, fault))
    return _with_sandbox(_with_development(decided, fault), fault)


def _with_development(settings: Settings, fault: Fault) -> Settings:
    # security.md §14d: `app/development.py` checks the third condition, a loopback peer.
    loopback_only = _issuer_is_loopback(settings) and is_loopback_host(settings.host)
    if settings.development is None:
        plain = urlsplit(settings.issuer).scheme == "http"
        here = loopback_only and plain and not settings.smtp.url
        return replace(settings, development=here)
    if settings.development and not loopback_only:
        fault("development", "needs an issuer and a host on this machine (127.0.0.1, localhost)")
    return settings


def _with_sandbox(settings: Settings, fault: Fault) -> Settings:
    loopback_only = _issuer_is_loopback(settings) and is_loopback_host(settings.host)
    if settings.sandbox is None:
        return replace(settings, sandbox=bool(settings.development) and loopback_only)
    if settings.sandbox and not loopback_only:
        fault("sandbox", "needs an issuer and a host on this machine (127.0.0.1, localhost)")
    return settings


def is_loopback_host(host: str) -> bool:
    """Whether a server that listens on `host` is reachable from this machine only."""
    address = parse_address(host)
    return host == "localhost" if address is None else address.is_loopback


def _issuer_is_loopback(settings: Settings) -> bool:
    return _host_of(urlsplit(settings.issuer).netloc) in _LOOPBACK


def _check_statements(settings: Settings, fault: Fault) -> None:
    try:
        read_statements(settings.registration.statements_file)
    except (OSError, ValueError, RecursionError):
        fault(
            "registration.statements_file",
            "must name a readable JSON file: an object with a JWK Set for each issuer",
        )


def read_statements(path: str) -> Mapping[str, Mapping[str, Any]]:
    """The issuers whose software statements are accepted. Raises `OSError`, `ValueError`."""
    if not path:
        return {}
    tables = json.loads(Path(path).read_text("utf-8"))
    if not isinstance(tables, dict) or not all(isinstance(keys, dict) for keys in tables.values()):
        raise ValueError
    return tables


def _own_address(settings: Settings, fault: Fault) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    if host not in _LOOPBACK:
        fault("issuer", "must be set to the public address, since the host is not loopback")
        return "http://127.0.0.1"
    return f"http://{host}:{settings.port}"


def _check_issuer(settings: Settings, fault: Fault) -> None:
    issuer = settings.issuer
    try:
        uri = parse_uri(issuer)
    except InvalidUri as refusal:
        fault("issuer", str(refusal))
        return
    # RFC 8414 §2, and all paths of this server begin at the root.
    if uri.scheme not in ("https", "http") or issuer != f"{uri.scheme}://{_netloc(issuer)}":
        fault("issuer", "must be like https://id.example.org: no path, no slash at the end")
    elif _netloc(issuer) != _netloc(issuer).lower():
        fault("issuer", "must be in lower case: clients compare it exactly")
    elif uri.scheme == "http" and uri.host not in _LOOPBACK and not settings.insecure_http_issuer:
        fault("issuer", "must be https (or set insecure_http_issuer, and know what you do)")


def _netloc(uri: str) -> str:
    return uri.split("://", 1)[-1].split("/", 1)[0].split("?", 1)[0].split("#", 1)[0]


def _host_of(netloc: str) -> str:
    host, _, port = netloc.rpartition(":")
    return host if port.isdigit() else netloc


def _check_database(settings: Settings, fault: Fault) -> None:
    try:
        sqlite_path(settings.database)
    except ValueError:
        fault("database", "must begin with sqlite:/// or postgresql://")
        return
    try:
        urlsplit(settings.database)
    except ValueError:
        fault("database", "is not an address: look at its brackets")


def _check_secrets(settings: Settings, fault: Fault) -> None:
    if settings.secret_key:
        try:
            parse_keys(settings.secret_key)
        except BadSecretKey:
            fault("secret_key", "must be 32 bytes in base64url (43 characters), one key a line")
    if 0 < len(settings.metrics_token) < _SHORTEST_TOKEN:
        fault("metrics_token", f"must have at least {_SHORTEST_TOKEN} characters")
    if not settings.metrics_token.isascii():
        fault("metrics_token", "must be ASCII")


def _check_lifetimes(settings: Settings, fault: Fault) -> None:
    tokens, sessions, keys = settings.tokens, settings.sessions, settings.keys
    if tokens.refresh_idle_lifetime > tokens.refresh_absolute_lifetime:
        fault("tokens.refresh_idle_lifetime", "must not be longer than the absolute lifetime")
    if sessions.idle_lifetime > sessions.absolute_lifetime:
        fault("sessions.idle_lifetime", "must not be longer than the absolute lifetime")
    if keys.publish_before >= keys.rotate_every:
        fault("keys.publish_before", "must be shorter than rotate_every")


def _check_network(settings: Settings, fault: Fault) -> None:
    if not settings.host:
        fault("host", "must not be empty")
    for network in settings.trusted_proxies:
        try:
            ip_network(network, strict=False)
        except ValueError:
            fault("trusted_proxies", "must be networks such as 10.0.0.0/8 or 2001:db8::/32")
            break


def _check_certificates(settings: Settings, fault: Fault) -> None:
    header, origin = settings.mtls.certificate_header, settings.mtls.origin
    if header and not _HEADER_NAME.fullmatch(header):
        fault("mtls.certificate_header", "must be the name of a header, such as Client-Cert")
    elif header and not settings.trusted_proxies:
        fault("mtls.certificate_header", "needs trusted_proxies: only they forward certificates")
    verification = settings.mtls.verification_header
    if verification and not _HEADER_NAME.fullmatch(verification):
        fault("mtls.verification_header", "must be the name of a header, such as Client-Verify")
    elif verification and (not header or verification.lower() == header.lower()):
        fault("mtls.verification_header", "goes beside mtls.certificate_header, by another name")
    if not origin:
        return
    if not header:
        fault("mtls.origin", "needs mtls.certificate_header")
    if not origin.startswith("https://") or origin != f"https://{_netloc(origin)}".lower():
        fault("mtls.origin", "must be like https://mtls.example.org: no path, in lower case")


def _check_mail(settings: Settings, fault: Fault) -> None:
    smtp = settings.smtp
    try:
        email_address(smtp.from_address)
    except InvalidInput:
        fault("smtp.from_address", "must be an e-mail address")
        return
    if not _SERVICE.fullmatch(smtp.service) or not smtp.service.isprintable():
        fault("smtp.service", 'must have 1 to 64 printable characters, none of them " < > \\')
    try:
        if smtp.url:
            smtp_policy(smtp.url, smtp.from_address, smtp.service)
    except ValueError:
        fault("smtp.url", "must be like smtp://user:password@mail.example.org:587 or smtps://…")


def _check_passwords(settings: Settings, fault: Fault) -> None:
    address = settings.passwords.breach_ranges
    if not address:
        return
    try:
        scheme = parse_uri(address).scheme
    except InvalidUri as refusal:
        fault("passwords.breach_ranges", str(refusal))
        return
    if scheme not in ("https", "http") or not address.endswith("/") or "?" in address:
        fault("passwords.breach_ranges", "must be like https://ranges.example.org/range/")


def _check_second_factor(settings: Settings, fault: Fault) -> None:
    accounts = settings.accounts
    if accounts.second_factor != "off":
        return
    for role in ("administrators", "developers"):
        if getattr(accounts, f"second_factor_of_{role}"):
            fault(
                f"accounts.second_factor_of_{role}",
                "needs accounts.second_factor to be optional or required",
            )


def _check_agents(settings: Settings, fault: Fault) -> None:
    if settings.mcp.enabled and find_spec("mcp") is None:
        fault("mcp.enabled", "needs the extra: pip install 'quantimodo[mcp]'")
    for origin in settings.mcp.allowed_origins:
        scheme = origin.partition("://")[0]
        if scheme not in ("https", "http") or origin != f"{scheme}://{_netloc(origin)}".lower():
            fault("mcp.allowed_origins", "must be like https://agents.example.org: no path")
            break


def _check_redirect_targets(settings: Settings, fault: Fault) -> None:
    for uri in settings.social_redirect_urls:
        try:
            check_redirect_uri(uri)
        except InvalidUri as refusal:
            fault("social_redirect_urls", str(refusal))
            break
