"""`quantimodo serve`: prepares the server once, prints its address, and starts the workers.

Workers read their settings from the environment, so options of the command line are put there.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from typing import Annotated, NoReturn

import typer

from quantimodo import __version__
from quantimodo.app.composition.services import open_app, prepare
from quantimodo.app.demo_data import DEMO_CLIENT_ID, DEMO_EMAIL, ensure_demo_data, has_demo_data
from quantimodo.app.logging import configure_logging
from quantimodo.app.settings.masking import masked
from quantimodo.app.settings.reading import Settings, load_machine
from quantimodo.app.settings.stored import load_with, read_applied
from quantimodo.app.settings.tree import leaves
from quantimodo.cli.command_runner import Failed, field_errors, require_database
from quantimodo.cli.server.metrics_folder import fresh_folder
from quantimodo.cli.server.supervisor import Supervisor
from quantimodo.cli.server.worker import main as work
from quantimodo.storage.open import Step

_BACKLOG = 2048


def serve(
    host: Annotated[str | None, typer.Option(help="The network address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option(help="The TCP port to listen on; 0 takes a free one.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="The number of worker processes.")] = None,
    migrate: Annotated[bool, typer.Option(help="Migrate the schema of the database first.")] = True,
) -> None:
    """Start the server."""
    with field_errors():
        environment = _environment(host, port, workers)
        applied = asyncio.run(read_applied(load_machine(environment)))
        listener = _listen(load_with(environment, applied).settings)
        # With port 0 the address and the issuer are known only now.
        environment["QUANTIMODO_PORT"] = str(listener.getsockname()[1])
        settings = load_with(environment, applied).settings
        configure_logging(settings.log_level)
        steps = asyncio.run(_ready(settings, migrate))
    typer.echo("\n".join(_banner(settings, steps)))
    sys.stdout.flush()
    sys.stderr.flush()
    if settings.workers == 1:
        _become_worker(listener, environment)
    raise typer.Exit(_supervise(listener, environment, settings))


async def _ready(settings: Settings, migrate: bool) -> list[Step]:
    if not migrate:
        require_database(settings)
    steps = await prepare(settings) if migrate else []
    if migrate and not has_demo_data(settings):
        return steps
    async with open_app(settings) as context:
        if not migrate:
            await context.rotation.ensure()
            await context.keyring.load()
        if has_demo_data(settings):
            await ensure_demo_data(context)
    return steps


def _environment(host: str | None, port: int | None, workers: int | None) -> dict[str, str]:
    options = {"HOST": host, "PORT": port, "WORKERS": workers}
    given = {
        f"QUANTIMODO_{name}": str(value) for name, value in options.items() if value is not None
    }
    return {**os.environ, **given}


def _listen(settings: Settings) -> socket.socket:
    """Connections wait from here on, and are not refused while workers start."""
    try:
        grant, _, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=grant, backlog=_BACKLOG)
    except OSError as fault:
        # The text of the operating system, because asyncio and socket add the address to theirs.
        number = fault.errno or 0
        why = os.strerror(number) if number > 0 else "the host is not known"
        raise Failed(f"cannot listen on {settings.host} port {settings.port}: {why}") from None
    listener.set_inheritable(True)
    return listener


def _become_worker(listener: socket.socket, environment: Mapping[str, str]) -> NoReturn:
    """A single worker needs no supervisor: this process becomes the worker. Loading all modules
    again in a new process would double the time to the first response."""
    os.environ.update(environment)
    work([str(listener.detach())])


def _supervise(listener: socket.socket, environment: Mapping[str, str], settings: Settings) -> int:
    with fresh_folder() as folder:
        supervisor = Supervisor(
            count=settings.workers,
            listener=listener.fileno(),
            environment={**environment, "PROMETHEUS_MULTIPROC_DIR": folder},
            metrics_folder=folder,
            patience=settings.graceful_stop.total_seconds(),
        )
        return asyncio.run(supervisor.run())


def _banner(settings: Settings, steps: list[Step]) -> Iterator[str]:
    issuer = settings.issuer
    database = next(leaf for leaf in leaves() if leaf.name == "database")
    migrated = f" (schema brought to {steps[-1].number:04d})" if steps else ""
    yield f"quantimodo {__version__} at {issuer}"
    yield ""
    if settings.sign_up == "open":
        yield f"  sign up         {issuer}/sign-up"
    if has_demo_data(settings):
        yield f"  playground      {issuer}/playground: sign in, consent, tokens, step by step"
        yield f"  demo            application {DEMO_CLIENT_ID}, person {DEMO_EMAIL} (no password:"
        yield "                  sign in with the sandbox's Google); a token: quantimodo token"
    yield f"  register apps   {issuer}/developers"
    yield f"  API             {issuer}/docs"
    if settings.development:
        yield f"  mails           {issuer}/outbox"
    yield f"  listening on    {settings.host} port {settings.port}, workers: {settings.workers}"
    yield f"  database        {masked(database, settings)}{migrated}"
    yield ""
    for line in _warnings(settings):
        yield f"  warning: {line}"
    yield "  Ctrl-C stops it."


def _warnings(settings: Settings) -> Iterator[str]:
    if settings.issuer.startswith("http:"):
        yield "plain http, so cookies are not Secure; for development on this machine only."
    if settings.development:
        yield "development is on: every browser on this machine reads all mails at /outbox."
    elif not settings.smtp.url:
        yield "there is no mail server (smtp.url): no person can confirm an address."
