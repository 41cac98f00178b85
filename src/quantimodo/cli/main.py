"""The command `quantimodo`, with the table of its commands."""

from typing import Annotated

import typer

from quantimodo import __version__
from quantimodo.cli.alerts import alerts
from quantimodo.cli.announcements import announcements
from quantimodo.cli.backups import backup, check, restore
from quantimodo.cli.clients.limits import limit
from quantimodo.cli.clients.members import clients
from quantimodo.cli.clients.verified_domain import verify
from quantimodo.cli.database import database
from quantimodo.cli.demo.command import demo
from quantimodo.cli.doctor.command import doctor
from quantimodo.cli.keys import keys
from quantimodo.cli.logs import show_logs
from quantimodo.cli.registrations import registrations
from quantimodo.cli.resources import resources
from quantimodo.cli.serve import serve
from quantimodo.cli.set_up import apply, export
from quantimodo.cli.settings import settings
from quantimodo.cli.statistics import statistics
from quantimodo.cli.token import token
from quantimodo.cli.users.commands import users
from quantimodo.cli.webhooks import webhooks


def _show_version(shown: bool) -> None:
    if shown:
        typer.echo(f"quantimodo {__version__}")
        raise typer.Exit


def quantimodo(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Self-hosted identity and OAuth 2 / OpenID Connect server."""


def command_line() -> typer.Typer:
    """The command with all subcommands."""
    table = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
    table.callback()(quantimodo)
    table.command()(serve)
    table.command()(demo)
    table.command()(token)
    table.command()(doctor)
    table.command()(backup)
    table.command()(restore)
    table.command()(check)
    table.command()(apply)
    table.command()(export)
    clients.command()(limit)
    clients.command()(verify)
    table.add_typer(clients, name="clients")
    table.add_typer(registrations, name="registrations")
    table.add_typer(resources, name="resources")
    table.add_typer(users, name="users")
    table.add_typer(webhooks, name="webhooks")
    table.add_typer(alerts, name="alerts")
    table.add_typer(announcements, name="announcements")
    table.command("logs")(show_logs)
    table.command()(statistics)
    table.add_typer(keys, name="keys")
    table.add_typer(database, name="database")
    table.add_typer(settings, name="settings")
    return table


app = command_line()

if __name__ == "__main__":
    app()
