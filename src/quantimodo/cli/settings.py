"""`quantimodo settings`: what is in force, and what there is to set."""

import os
from typing import Annotated
from urllib.parse import urlsplit

import typer

from quantimodo.app.settings import Settings, load, spell
from quantimodo.app.settings_document import settings_document
from quantimodo.app.settings_tree import Leaf, leaves, provider_leaves
from quantimodo.cli.command_runner import field_errors
from quantimodo.cli.printing import print_json, print_table

settings = typer.Typer(no_args_is_help=True, help="Show what is set.")

_HIDDEN = "•••"
_ADDRESSES = ("database", "smtp.url")  # they hold a password, and all else may be seen


@settings.command()
def show(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show every setting in force and where it comes from; secrets are masked."""
    with field_errors():
        loaded = load(os.environ)
    providers = loaded.settings.providers
    every = [*leaves(), *(leaf for name in providers for leaf in provider_leaves(name))]
    rows = [
        (leaf.name, masked(leaf, loaded.settings), loaded.origins.get(leaf.name, "default"))
        for leaf in every
    ]
    if as_json:
        print_json({name: {"value": value, "from": origin} for name, value, origin in rows})
    else:
        print_table(("setting", "value", "from"), rows)


@settings.command()
def document() -> None:
    """Print docs/operator/settings.md."""
    typer.echo(settings_document(), nl=False)


def masked(leaf: Leaf, tree: Settings) -> str:
    """A setting's value for the operator's eyes, without any secret in it."""
    text = spell(leaf.of(tree))
    if not leaf.secret or not text:
        return text
    if leaf.name not in _ADDRESSES:
        return _HIDDEN
    return text if text.startswith("sqlite:") else _without_password(text)


def _without_password(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return _HIDDEN
    # Neither the password nor the query, where a database address may have one too.
    user = f"{parts.username}:{_HIDDEN}@" if parts.username else ""
    return f"{parts.scheme}://{user}{host}{port}{parts.path}"
