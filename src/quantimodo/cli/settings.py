"""`quantimodo settings`: the settings in force, and the document of all settings."""

import asyncio
import os
from typing import Annotated

import apsw
import typer

from quantimodo.app.secret_keys import BadSecretKey
from quantimodo.app.settings.document import settings_document
from quantimodo.app.settings.masking import shown_settings
from quantimodo.app.settings.reading import BadSettings, Loaded, load
from quantimodo.app.settings.stored import read_settings
from quantimodo.cli.command_runner import field_errors
from quantimodo.cli.printing import print_json, print_table
from quantimodo.crypto.envelope import DecryptionFailed
from quantimodo.ports.stores import Unavailable

settings = typer.Typer(no_args_is_help=True, help="Show the settings.")


@settings.command()
def show(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show every setting in force and where it comes from; secrets are masked."""
    with field_errors():
        loaded, fault = asyncio.run(readable_settings())
    if fault:
        typer.echo(f"note: settings in the database could not be read ({fault})", err=True)
    rows = shown_settings(loaded.settings, loaded.origins)
    if as_json:
        print_json({name: {"value": value, "from": origin} for name, value, origin in rows})
    else:
        print_table(("setting", "value", "from"), rows)


async def readable_settings() -> tuple[Loaded, str]:
    """The settings in force. If the database or its key cannot be used, the settings of file and
    environment, with the reason. Raises `BadSettings`; the reason instead, if stored settings may
    complete these two."""
    try:
        return await read_settings(), ""
    except (Unavailable, BadSecretKey, DecryptionFailed, apsw.Error, OSError) as fault:
        try:
            return load(os.environ), type(fault).__name__
        except BadSettings:
            raise fault from None


@settings.command()
def document() -> None:
    """Print docs/operator/settings.md."""
    typer.echo(settings_document(), nl=False)
