"""`quantimodo settings`: what is in force, and what there is to set."""

import os
from typing import Annotated

import typer

from quantimodo.app.settings import load
from quantimodo.app.settings_document import settings_document
from quantimodo.app.settings_masking import shown_settings
from quantimodo.cli.command_runner import field_errors
from quantimodo.cli.printing import print_json, print_table

settings = typer.Typer(no_args_is_help=True, help="Show the settings.")


@settings.command()
def show(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show every setting in force and where it comes from; secrets are masked."""
    with field_errors():
        loaded = load(os.environ)
    rows = shown_settings(loaded.settings, loaded.origins)
    if as_json:
        print_json({name: {"value": value, "from": origin} for name, value, origin in rows})
    else:
        print_table(("setting", "value", "from"), rows)


@settings.command()
def document() -> None:
    """Print docs/operator/settings.md."""
    typer.echo(settings_document(), nl=False)
