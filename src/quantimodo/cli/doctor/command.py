"""`quantimodo doctor`: checks everything that a server needs, and reports what is wrong.

Changes nothing. `live_check.py` does the same for a running server, from outside.
"""

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import apsw
import typer

from quantimodo.accounts.second_factors.secret_resealing import secret_keys_in_use
from quantimodo.app.clock_and_entropy import SystemClock
from quantimodo.app.composition.services import AppContext, open_app
from quantimodo.app.secret_keys import BadSecretKey, parse_keys
from quantimodo.app.settings.reading import Settings
from quantimodo.cli.command_runner import WRONG_SECRET_KEY, field_errors
from quantimodo.cli.doctor.findings import Finding
from quantimodo.cli.doctor.live_check import examine_live, is_address
from quantimodo.cli.doctor.providers import provider_findings
from quantimodo.cli.doctor.state import state_findings
from quantimodo.cli.printing import print_json
from quantimodo.cli.settings import readable_settings
from quantimodo.cli.text_files import read_text
from quantimodo.crypto.envelope import DecryptionFailed
from quantimodo.model.keys import ALGORITHMS
from quantimodo.model.secrets import Secret
from quantimodo.model.texts import number_of
from quantimodo.ops.mail import MailServerUnavailable
from quantimodo.ops.smtp import Smtp, smtp_policy
from quantimodo.ports.stores import Unavailable
from quantimodo.storage.inspection import inspect
from quantimodo.storage.open import SchemaMismatch, pending_steps, sqlite_path
from quantimodo.storage.sqlite.faults import sentence_of

_CLOCKS_DIFFER = timedelta(minutes=1)  # of machines with one database
Check = Callable[[Settings], Awaitable[list[Finding]]]


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    live: Annotated[
        str | None,
        typer.Option(metavar="<url>", help="Probe the server at this URL from outside instead."),
    ] = None,
    metrics_token_file: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="With --live: the file with the token of /metrics, to check sign-in providers.",
        ),
    ] = None,
) -> None:
    """Check settings, files, database, keys, backup, disk, mail and providers. Changes nothing.

    With --live: check the running server at this URL from outside, as an anonymous caller. With
    the token of /metrics, also its probes of sign-in providers.

    Exit code 0: no fault, though there may be warnings. 1: at least one fault. 2: the settings or
    the command line are wrong, and nothing was checked.
    """
    if live is not None:
        if not is_address(live):
            raise typer.BadParameter("must be like https://id.example.org", param_hint="--live")
        token = None
        if metrics_token_file is not None:
            token = _token(metrics_token_file)
        findings = asyncio.run(examine_live(live, SystemClock().now, token))
    elif metrics_token_file is not None:
        raise typer.BadParameter("needs --live", param_hint="--metrics-token-file")
    else:
        with field_errors():
            findings = asyncio.run(examine(asyncio.run(readable_settings())[0].settings))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            typer.echo(f"{finding.state:<8} {finding.what:<12} {finding.text}")
    if any(finding.state == "fault" for finding in findings):
        raise typer.Exit(1)


async def examine(settings: Settings) -> list[Finding]:
    """Every finding, in the order in which things depend on each other."""
    found = [Finding("ok", "settings", "can be used")]
    checks: Sequence[Check] = (
        _address,
        _insecure_hosts,
        _secret_file,
        _database,
        _signing_keys,
        _mail,
        provider_findings,
    )
    for check in checks:
        found.extend(await check(settings))
    return found


async def _address(settings: Settings) -> list[Finding]:
    found = list(_issuer_findings(settings))
    return found or [Finding("ok", "address", settings.issuer)]


def _issuer_findings(settings: Settings) -> Iterator[Finding]:
    issuer = urlsplit(settings.issuer)
    if issuer.scheme == "http":
        if settings.insecure_http_issuer:
            yield Finding("warning", "address", "plain http: passwords are sent unencrypted")
        else:
            yield Finding("warning", "address", "plain http: for development on this machine")
    elif not settings.trusted_proxies:
        # The server itself serves plain http, so an https issuer means a proxy.
        yield Finding(
            "warning",
            "proxies",
            "set trusted_proxies to the network of the TLS proxy, else all people seem to come"
            " from one address and share its limits",
        )


def _token(file: Path) -> Secret:
    text = read_text(file).strip()
    if not text or not text.isascii() or not text.isprintable():
        raise typer.BadParameter(f"{file} must have one token, on one line")
    return Secret(text)


async def _insecure_hosts(settings: Settings) -> list[Finding]:
    found = []
    if settings.insecure_private_app_hosts:
        text = "insecure_private_app_hosts is set: applications can have addresses at those hosts"
        found.append(Finding("warning", "applications", text))
    if settings.insecure_private_hosts:
        text = "insecure_private_hosts is set: requests to those hosts may be sent without TLS"
        found.append(Finding("warning", "providers", text))
    if settings.insecure_unverified_hosts:
        text = "insecure_unverified_hosts is set: an attacker on the network can be those hosts"
        found.append(Finding("warning", "providers", text))
    return found


async def _secret_file(settings: Settings) -> list[Finding]:
    return [_secret(settings)]


def _secret(settings: Settings) -> Finding:
    if settings.secret_key:
        return Finding("ok", "secret key", "from the settings")
    path = Path(settings.secret_file)
    if not path.exists():
        database = sqlite_path(settings.database)
        if database is not None and database.exists():
            text = f"{path.absolute()} does not exist; restore it, or set secret_key or secret_file"
            return Finding("fault", "secret key", text)
        if database is not None:
            text = f"not created yet: the first start creates {path.absolute()}"
            return Finding("warning", "secret key", text)
        return Finding("fault", "secret key", "with PostgreSQL, set secret_key or secret_file")
    return _file_finding(path)


def _file_finding(path: Path) -> Finding:
    try:
        parse_keys(path.read_text("ascii"))
    except (BadSecretKey, UnicodeDecodeError):
        return Finding("fault", "secret key", "the file does not hold keys of 43 characters")
    except OSError as fault:
        return Finding("fault", "secret key", f"the file cannot be read: {fault.strerror}")
    about = path.stat()
    if stat.S_IMODE(about.st_mode) & 0o077:
        return Finding("fault", "secret key", f"others can read the file: chmod 600 {path}")
    if about.st_uid != os.geteuid():
        return Finding("warning", "secret key", "the file belongs to another user")
    return Finding("ok", "secret key", "readable by its owner only")


async def _database(settings: Settings) -> list[Finding]:
    path = sqlite_path(settings.database)
    if path is not None and not path.exists():
        text = f"not created yet: the first start creates {path.absolute()}"
        return [Finding("warning", "database", text)]
    try:
        steps = await pending_steps(settings.database)
        damage = await inspect(settings.database)
    except (Unavailable, SchemaMismatch) as fault:
        return [Finding("fault", "database", str(fault))]
    except (apsw.Error, OSError) as fault:
        return [Finding("fault", "database", f"cannot be used: {sentence_of(fault) or fault}")]
    found = [Finding("fault", "database", line) for line in damage]
    if steps:
        text = f"{number_of(len(steps), 'migration')} to run: quantimodo database migrate"
        found.append(Finding("fault", "database", text))
    if path is not None and stat.S_IMODE(path.stat().st_mode) & 0o077:
        text = f"others can read the file: chmod 600 {path}"
        found.append(Finding("warning", "database", text))
    return found or [Finding("ok", "database", "current and undamaged")]


async def _signing_keys(settings: Settings) -> list[Finding]:
    path = sqlite_path(settings.database)
    if path is not None and not path.exists():
        return []
    try:
        async with open_app(settings) as context:
            findings = [*await _keys_of(context), *await _apps_of(context)]
            return findings + await state_findings(context)
    except (Unavailable, SchemaMismatch, BadSecretKey, apsw.Error, OSError):
        return []  # reported above
    except DecryptionFailed:
        return [Finding("fault", "keys", WRONG_SECRET_KEY)]


async def _keys_of(context: AppContext) -> list[Finding]:
    await context.keyring.load()
    found = []
    for algorithm in ALGORITHMS:
        try:
            context.keyring.signer(algorithm)
        except Unavailable:
            text = f"there is no {algorithm} key: the next start makes one"
            found.append(Finding("warning", "keys", text))
    made = [key.created_at for key in await context.stores.keys.signing_keys()]
    if made and max(made) > context.clock.now() + _CLOCKS_DIFFER:
        text = "a signing key was made later than now: set the clock of this machine right"
        found.append(Finding("fault", "clock", text))
    return found or [Finding("ok", "keys", f"active: {', '.join(ALGORITHMS)}")]


async def _apps_of(context: AppContext) -> list[Finding]:
    """The secret keys that the authenticator apps of people need."""
    found = []
    used = await secret_keys_in_use(context.stores.second_factors, context.envelope)
    if used.lost:
        apps = number_of(used.lost, "authenticator app needs", "authenticator apps need")
        text = f"{apps} a secret key that is not configured any more"
        found.append(Finding("fault", "apps", text))
    if used.older:
        apps = number_of(used.older, "authenticator app needs", "authenticator apps need")
        text = (
            f"{apps} an older secret key: keep it until a running server has encrypted the secrets"
            " again"
        )
        found.append(Finding("warning", "apps", text))
    return found


async def _mail(settings: Settings) -> list[Finding]:
    smtp = settings.smtp
    if not smtp.url:
        if settings.development:
            return [Finding("ok", "mail", "none is sent: all is shown at /outbox")]
        return [
            Finding("fault", "mail", "set smtp.url: without it no person can confirm an address")
        ]
    try:
        policy = smtp_policy(smtp.url, smtp.from_address, smtp.service)
        async with Smtp(policy).connect():
            return [Finding("ok", "mail", "the mail server takes us in")]
    except MailServerUnavailable as fault:
        return [Finding("fault", "mail", f"the mail server cannot be used: {fault}")]
