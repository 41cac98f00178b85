"""All settings, each with a safe default and a sentence for the operator.

Owns the tree and its table of leaves. `settings/reading.py` reads it from file and environment,
`settings/rules.py` has the rules between values. Other packages do not use this tree: they get
small policies, which `composition/policies.py` makes of it.
"""
# ruff: noqa: RUF009  (`_setting` and `_section` are `dataclasses.field` with a sentence)

import re
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from datetime import timedelta
from functools import cache
from typing import Any, Literal, get_type_hints

from quantimodo.accounts.limits import ThrottlePolicy
from quantimodo.app.settings.accounts import AccountSettings, PasswordSettings
from quantimodo.app.settings.agents import McpSettings
from quantimodo.app.settings.alerts import AlertSettings
from quantimodo.app.settings.branding import BrandingSettings
from quantimodo.app.settings.limits import BudgetSettings
from quantimodo.app.settings.providers import ProviderSettings
from quantimodo.app.settings.sender import DPoPSettings, MtlsSettings
from quantimodo.app.settings.telemetry import TelemetrySettings
from quantimodo.app.settings.tokens import TokenSettings
from quantimodo.model.brand import PRODUCT
from quantimodo.model.setting_declarations import section as _section
from quantimodo.model.setting_declarations import setting as _setting

PREFIX = "QUANTIMODO_"

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
# The name of a provider is part of addresses, and in upper case in the environment.
_PROVIDER = re.compile(r"providers\.([a-z][a-z0-9]*(?:[_-][a-z0-9]+)*)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    url: str = _setting(
        "",
        "The mail server, as smtp://user:password@mail.example.org:587 (STARTTLS) or smtps://…"
        " (TLS); without one no mail leaves the server.",
        secret=True,
    )
    from_address: str = _setting("no-reply@example.org", "The address that mails come from.")
    service: str = _setting(
        PRODUCT, "The name of the sender of mails; the subject of each begins with it."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSettings:
    idle_lifetime: timedelta = _setting(
        14 * _DAY,
        "A browser that is not used for this long is signed out.",
        least=_MINUTE,
        most=3650 * _DAY,
    )
    absolute_lifetime: timedelta = _setting(
        90 * _DAY,
        "A browser is signed out after this time in any case.",
        least=_MINUTE,
        most=3650 * _DAY,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    rotate_every: timedelta = _setting(
        90 * _DAY,
        "How long a signing key signs before the next one takes over.",
        least=_HOUR,
        most=3650 * _DAY,
    )
    publish_before: timedelta = _setting(
        _DAY,
        "How long a new signing key is published before it signs.",
        least=_MINUTE,
        most=30 * _DAY,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSettings:
    deadline: timedelta = _setting(
        10 * _SECOND,
        "How long one read of measurements (a list, a count, a part of a CSV file) may take; then"
        " it is interrupted, and the response is 503.",
        least=_SECOND,
        most=_MINUTE,
    )
    per_person: int = _setting(
        1,
        "How many reads of one person's measurements, or of one application's people, one worker"
        " process runs at once; 16 more wait, and beyond that the response is 429.",
        least=1,
        most=64,
    )
    at_once: int = _setting(
        2, "How many reads of measurements one worker process runs at once.", least=1, most=64
    )
    waiting: int = _setting(
        64,
        "How many more reads may wait. Beyond that the response is 503.",
        least=1,
        most=10_000,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    per_address: int = _setting(
        500,
        "Connections that one worker process accepts from one network address at a time; networks"
        " in trusted_proxies are not counted.",
        least=1,
        most=65_536,
    )
    request_timeout: timedelta = _setting(
        _MINUTE,
        "A connection is closed when a request is not complete this long after its first byte, or"
        " when no request comes this long after the connection was opened.",
        least=_SECOND,
        most=_HOUR,
    )
    write_timeout: timedelta = _setting(
        _MINUTE,
        "A connection is closed when its client does not read what was sent for this long.",
        least=_SECOND,
        most=_HOUR,
    )
    idle_timeout: timedelta = _setting(
        75 * _SECOND,
        "A connection is closed when no further request comes for this long; keep it longer than"
        " your proxy keeps an idle connection.",
        least=_SECOND,
        most=_HOUR,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationSettings:
    mode: Literal["closed", "token", "open"] = _setting(
        "closed",
        "Which apps may register themselves (RFC 7591). closed: none. token: those with an"
        " initial access token of `quantimodo registrations create`. open: all.",
    )
    implicit: bool = _setting(
        False, "Allow self-registered apps to use implicit response types (tokens in the address)."
    )
    unused_lifetime: timedelta = _setting(
        30 * _DAY,
        "After this time an app that registered in open mode is deleted, unless a person has"
        " allowed it.",
        least=_HOUR,
        most=3650 * _DAY,
    )
    client_id_metadata_documents: Literal["off", "allowlist", "on"] = _setting(
        "off",
        "Which apps need no registration, because their client_id is the https address of their"
        " metadata (Client ID Metadata Document). off: none. allowlist: those at hosts of"
        " client_id_metadata_hosts. on: all.",
    )
    client_id_metadata_hosts: tuple[str, ...] = _setting(
        (), "The hosts whose metadata documents allowlist accepts, such as app.example.org."
    )
    statements_file: str = _setting(
        "",
        "A JSON file with the issuers whose software statements are accepted, each with its JWK"
        " Set. Without it, none is accepted.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole tree. `load_settings` always decides `issuer` and `development`."""

    database: str = _setting(
        "sqlite:///var/quantimodo.db",
        "The database: sqlite:///relative/path, sqlite:////absolute/path or"
        " postgresql://user:password@host/name.",
        secret=True,
    )
    issuer: str = _setting(
        "",
        "The public address of the server, such as https://id.example.org. By default"
        " http://HOST:PORT if the host is loopback.",
    )
    insecure_http_issuer: bool = _setting(
        False,
        "Allow an http issuer that is not on this machine: passwords and tokens are then sent"
        " unencrypted.",
    )
    host: str = _setting("127.0.0.1", "The network address to listen on.")
    port: int = _setting(
        8000, "The TCP port to listen on; 0 takes a free one.", least=0, most=65535
    )
    workers: int = _setting(1, "The number of worker processes.", least=1, most=64)
    secret_key: str = _setting(
        "",
        "The server's own secret keys, 32 bytes in base64url each, one a line: the first one"
        " encrypts, all decrypt. Needed with PostgreSQL, unless secret_file has them.",
        secret=True,
    )
    secret_file: str = _setting(
        "var/secret.key",
        "The file with the secret keys if secret_key is not set. With SQLite it is created at"
        " the first start, readable by its owner only.",
    )
    development: bool | None = _setting(
        None,
        "Development mode: show all e-mails at /outbox to browsers on the server's own machine."
        " Needs a loopback issuer and host. By default true if the issuer is also http and no"
        " mail server is set.",
    )
    sign_up: Literal["open", "invited", "closed"] = _setting(
        "open",
        "Who can make an account. open: everyone. invited: people whom the operator invited, by"
        " the link in the e-mail, or through a provider that vouches for the invited address."
        " closed: people whom the operator invited, by the link alone.",
    )
    default_locale: Literal["en", "de", "ar"] = _setting(
        "en",
        "The language of pages and e-mails for people whose browser, application and profile name"
        " none that is offered.",
    )
    legacy_transport: bool = _setting(
        True,
        "Accept requests that the 2016 API page documents and RFC 9700 warns of: GET on the token"
        " endpoint, tokens in a query; each use is counted.",
    )
    social_redirect_urls: tuple[str, ...] = _setting(
        (),
        "Addresses of the operator's own pages to which a sign-in through a provider may lead,"
        " beside the redirect URIs of registered applications. A login JWT that is sent to an"
        " https one is valid for every application. Compared exactly; several separated by commas"
        " in the environment.",
    )
    sandbox: bool | None = _setting(
        None,
        "Offer sign-in through built-in fake providers, where a person chooses any identity, to"
        " browsers on the server's own machine; needs a loopback issuer and host, and is true by"
        " default in development.",
    )
    insecure_private_hosts: tuple[str, ...] = _setting(
        (),
        "Servers of the operator that may be at private addresses and without TLS: sign-in"
        " providers, the webhook of alerts, the list of breached passwords. Each as HOST:PORT;"
        " several separated by commas in the environment. Addresses of applications cannot lead"
        " there.",
    )
    insecure_private_app_hosts: tuple[str, ...] = _setting(
        (),
        "Hosts of applications that may be at private addresses and without TLS: for logout"
        " notifications and documents (keys, request objects, sectors, logos). Each as HOST:PORT;"
        " several separated by commas in the environment. Every application can register an"
        " address there; webhooks stay at public addresses.",
    )
    insecure_unverified_hosts: tuple[str, ...] = _setting(
        (),
        "Hosts whose TLS certificate is not verified, each as HOST:PORT: an attacker on the"
        " network can then impersonate them. For test suites with their own certificate. Several"
        " separated by commas in the environment.",
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (),
        "Networks of reverse proxies whose X-Forwarded-For is trusted, as 10.0.0.0/8; several"
        " separated by commas in the environment.",
    )
    metrics_token: str = _setting(
        "", "The bearer token that /metrics requires; without one /metrics is off.", secret=True
    )
    security_txt: str = _setting(
        "", "The text of /.well-known/security.txt (RFC 9116); without one there is none."
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "The lowest severity that is logged."
    )
    access_log: bool = _setting(False, "Log every request: path, status and time, never the query.")
    graceful_stop: timedelta = _setting(
        15 * _SECOND,
        "How long a stopping server waits for requests to finish.",
        least=0 * _SECOND,
        most=10 * _MINUTE,
    )
    smtp: SmtpSettings = _section("Mail", SmtpSettings())
    branding: BrandingSettings = _section("Branding", BrandingSettings())
    tokens: TokenSettings = _section("Tokens", TokenSettings())
    dpop: DPoPSettings = _section("Tokens bound to a key of the app (DPoP)", DPoPSettings())
    mtls: MtlsSettings = _section("Client certificates (mutual TLS)", MtlsSettings())
    sessions: SessionSettings = _section("Browser sessions", SessionSettings())
    keys: KeySettings = _section("Signing keys", KeySettings())
    passwords: PasswordSettings = _section("Checking passwords", PasswordSettings())
    accounts: AccountSettings = _section("Accounts", AccountSettings())
    reads: ReadSettings = _section("Reading measurements", ReadSettings())
    limits: ThrottlePolicy = _section("Limits against guessing and flooding", ThrottlePolicy())
    connections: ConnectionSettings = _section("Connections", ConnectionSettings())
    budgets: BudgetSettings = _section("Storage budgets", BudgetSettings())
    registration: RegistrationSettings = _section(
        "Apps that register themselves", RegistrationSettings()
    )
    alerts: AlertSettings = _section("Alerts", AlertSettings())
    telemetry: TelemetrySettings = _section(
        "Traces and metrics by OpenTelemetry", TelemetrySettings()
    )
    mcp: McpSettings = _section("Agents (MCP)", McpSettings())
    providers: Mapping[str, ProviderSettings] = field(
        default_factory=dict, metadata={"table": ProviderSettings}
    )
    # Not a setting: the revision of the stored settings with which these were read.
    set_up_revision: int = field(default=0, compare=False, metadata={"table": None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One setting: `name` as in the file, dotted; `variable` as in the environment."""

    name: str
    section: str
    kind: Any
    default: Any
    description: str
    least: Any
    most: Any
    secret: bool

    @property
    def variable(self) -> str:
        """The environment variable of the setting."""
        return PREFIX + self.name.upper().replace(".", "__")

    def of(self, settings: Settings) -> Any:
        """Its value in this tree."""
        value: Any = settings
        for part in self.name.split("."):
            value = value[part] if isinstance(value, Mapping) else getattr(value, part)
        return value


@cache
def leaves() -> tuple[Leaf, ...]:
    """Every setting that exists once, in the order of the tree."""
    return tuple(_leaves_of(Settings, "", ""))


def provider_leaves(name: str) -> tuple[Leaf, ...]:
    """Every setting of the provider with this name."""
    return tuple(_leaves_of(ProviderSettings, f"providers.{name}.", "Sign-in through providers"))


def leaf_of(name: str) -> Leaf | None:
    """The setting with this name, those of any provider included."""
    table, _, _ = name.rpartition(".")
    provider = provider_of(table)
    found = leaves() if provider is None else provider_leaves(provider)
    return next((leaf for leaf in found if leaf.name == name), None)


def provider_of(table: str) -> str | None:
    """NAME of `providers.NAME`; None for any other table."""
    match = _PROVIDER.fullmatch(table)
    return None if match is None else match[1]


def _leaves_of(tree: type[Any], prefix: str, section: str) -> Iterator[Leaf]:
    kinds = get_type_hints(tree)
    for each in fields(tree):
        title = each.metadata.get("title")
        if "table" in each.metadata:
            continue  # once for each provider: see `provider_leaves`
        if title:
            yield from _leaves_of(kinds[each.name], f"{prefix}{each.name}.", title)
        else:
            yield _leaf(each, kinds[each.name], prefix, section)


def _leaf(each: Field[Any], kind: Any, prefix: str, section: str) -> Leaf:
    return Leaf(
        name=prefix + each.name,
        section=section,
        kind=kind,
        default=each.default,
        **each.metadata,
    )
