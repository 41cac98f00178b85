"""`quantimodo keys`: the server's signing keys."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from quantimodo.app.wiring import House
from quantimodo.cli.errand import run
from quantimodo.cli.printing import print_json, print_table
from quantimodo.model.keys import SigningKey

keys = typer.Typer(no_args_is_help=True, help="Show and rotate the signing keys.")

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


@keys.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List the keys: the next, the current ones, and those that are still published."""
    _tell(run(_read), as_json)


@keys.command()
def rotate(
    now: Annotated[
        bool,
        typer.Option("--now", help="Sign with the new keys at once; after a leak, say."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make new keys. They are published first, and sign after `keys.publish_before`."""

    async def make(house: House) -> list[dict[str, Any]]:
        before = timedelta(0) if now else house.settings.keys.publish_before
        await house.rotation.rotate(before)
        return await _read(house)

    _tell(run(make), as_json)


async def _read(house: House) -> list[dict[str, Any]]:
    now = house.clock.now()
    found = await house.stores.signing_keys()
    return [
        {
            "kid": key.kid,
            "algorithm": key.algorithm,
            "state": _state(key, found, now),
            "created_at": key.created_at,
            "active_at": key.active_at,
            "retires_at": key.retires_at,
        }
        for key in found
    ]


def _state(key: SigningKey, all_keys: Sequence[SigningKey], now: datetime) -> str:
    if key.retires_at is not None and key.retires_at <= now:
        return "retired"
    if key.active_at > now:
        return "next"
    active = [
        each for each in all_keys if each.algorithm == key.algorithm and each.active_at <= now
    ]
    return "current" if active[-1].kid == key.kid else "published"


def _tell(found: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        columns = ("kid", "algorithm", "state", "active_at", "retires_at")
        print_table(columns, [[key[column] for column in columns] for key in found])
