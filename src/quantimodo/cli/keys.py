"""`quantimodo keys`: the server's signing keys."""

import sys
from datetime import datetime
from typing import Annotated, Any

import typer

from quantimodo.accounts.errors import DomainError
from quantimodo.app.composition.administration import admin_log
from quantimodo.app.composition.services import AppContext
from quantimodo.app.key_administration import KeyRotations
from quantimodo.cli.command_runner import Failed, run
from quantimodo.cli.printing import print_json, print_table
from quantimodo.cli.users.account_actions import Reason, authority
from quantimodo.keys.rotation import SigningKeyInUse, current_key
from quantimodo.model.events import Event
from quantimodo.model.keys import SigningKey

keys = typer.Typer(no_args_is_help=True, help="Show, rotate and delete the signing keys.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_WHAT_ENDS = """\
Deleting a key makes worthless, within a minute, all that it signed:
  ID tokens            apps that check one again refuse it; people may have to sign in anew
  JWT access tokens    refused with 401; apps refresh, and get one that another key signed
Sign-ins here, refresh tokens and opaque access tokens go on."""


@keys.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List the keys: the next, the current ones, and those that are still published."""
    _print(run(_read), as_json)


@keys.command()
def rotate(
    now: Annotated[
        bool,
        typer.Option(
            "--now", help="Sign with new keys of every kind at once, for example after a leak."
        ),
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Rotate the Ed25519 key (EdDSA) too. --now includes it.")
    ] = False,
    as_json: AsJson = False,
    reason: Reason = "",
) -> None:
    """Generate new RSA and P-256 keys. They are published first, and sign after
    `keys.publish_before`.

    The Ed25519 key gets a successor by the schedule, or with --all.
    """

    async def make(context: AppContext) -> list[dict[str, Any]]:
        rotations = KeyRotations(context, admin_log(context))
        try:
            await rotations.rotate(authority(reason), now=now, every=every)
        except DomainError:
            text = "no key was made: another process rotates the keys just now. Try again"
            raise Failed(text) from None
        return await _read(context)

    _print(run(make), as_json)


@keys.command(context_settings={"ignore_unknown_options": True})  # an id may begin with a dash
def delete(
    kid: Annotated[str, typer.Argument(help="The key's id, as `quantimodo keys list` shows it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Remove a leaked key from the published set at once. Rotate first: see `keys rotate --now`."""

    typer.echo(_WHAT_ENDS)
    if not yes and sys.stdin.isatty():
        typer.confirm("Delete this key?", abort=True)

    async def forget(context: AppContext) -> None:
        if not yes and not sys.stdin.isatty():
            raise Failed("nothing was deleted: say --yes, knowing what ends")
        try:
            if not await context.rotation.delete(kid):
                raise Failed("there is no such key: see `quantimodo keys list`")
        except SigningKeyInUse as why:
            raise Failed(str(why)) from None
        context.audit.record(Event(at=context.clock.now(), kind="key.deleted", detail=kid))

    run(forget)
    typer.echo("Deleted. Running servers forget it within a minute.")


async def _read(context: AppContext) -> list[dict[str, Any]]:
    now = context.clock.now()
    found = await context.stores.keys.signing_keys()
    signing = {current_key(found, key.algorithm, now) for key in found}
    return [
        {
            "kid": key.kid,
            "algorithm": key.algorithm,
            "state": "current" if key in signing else _state(key, now),
            "created_at": key.created_at,
            "active_at": key.active_at,
            "retires_at": key.retires_at,
        }
        for key in found
    ]


def _state(key: SigningKey, now: datetime) -> str:
    if key.retires_at is not None and key.retires_at <= now:
        return "retired"
    return "next" if key.active_at > now else "published"


def _print(found: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        columns = ("kid", "algorithm", "state", "active_at", "retires_at")
        print_table(columns, [[key[column] for column in columns] for key in found])
