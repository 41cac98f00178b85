"""`quantimodo database`: the schema and the health of the database."""

import asyncio
import os
from dataclasses import replace
from typing import Annotated, Any

import typer

from quantimodo.app.clock_and_entropy import SystemClock
from quantimodo.app.composition.services import prepare
from quantimodo.app.settings.reading import Settings, load_machine
from quantimodo.cli.command_runner import field_errors, print_error, require_database
from quantimodo.cli.printing import print_fields, print_json
from quantimodo.storage.inspection import inspect
from quantimodo.storage.open import Step, is_new, migrate, pending_steps, sqlite_path

database = typer.Typer(no_args_is_help=True, help="Migrate and check the database.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@database.command("migrate")
def migrate_database(as_json: AsJson = False) -> None:
    """Migrate the schema to this version. `serve` does this too, unless --no-migrate is given.

    A SQLite database that does not exist is created, with its secret key and signing keys.
    """
    with field_errors():
        steps = asyncio.run(_migrate(load_machine(os.environ)))
    names = _names(steps)
    if as_json:
        print_json({"applied": names})
    else:
        typer.echo("\n".join(f"applied {name}" for name in names) or "nothing to do")


@database.command()
def status(as_json: AsJson = False) -> None:
    """Show the engine and the pending migrations. Exit code 1 if there are any."""
    with field_errors():
        url = load_machine(os.environ).database
        steps = asyncio.run(pending_steps(url))
    fields: dict[str, Any] = {
        "engine": "SQLite" if sqlite_path(url) is not None else "PostgreSQL",
        "current": not steps,
        "pending": _names(steps),
    }
    if as_json:
        print_json(fields)
    else:
        print_fields(fields)
    if steps:
        raise typer.Exit(1)


@database.command()
def check() -> None:
    """Check a SQLite file for damage by reading all of it. Exit code 1 if it is damaged."""
    with field_errors():
        settings = load_machine(os.environ)
        require_database(settings)
        faults = asyncio.run(inspect(settings.database))
    for fault in faults:
        print_error(fault)
    if faults:
        raise typer.Exit(1)
    typer.echo("no damage found")


async def _migrate(settings: Settings) -> list[Step]:
    if sqlite_path(settings.database) is not None and await is_new(settings.database):
        # Nothing is stored yet: a set-up file may still complete a provider.
        return await prepare(replace(settings, providers={}))
    return await migrate(settings.database, SystemClock().now())


def _names(steps: list[Step]) -> list[str]:
    return [f"{step.number:04d} {step.name}" for step in steps]
