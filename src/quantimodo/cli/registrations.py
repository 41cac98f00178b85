"""`quantimodo registrations`: initial access tokens, by which apps register themselves (RFC 7591
§3)."""

from typing import Annotated

import typer

from quantimodo.app.composition.services import AppContext
from quantimodo.app.settings.durations import parse_duration
from quantimodo.cli.command_runner import Failed, run
from quantimodo.cli.printing import print_fields, print_json, print_table
from quantimodo.model.registrations import RegistrationToken

registrations = typer.Typer(
    no_args_is_help=True, help="Manage the tokens with which apps may register themselves."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_SHOWN = 16  # digits of the hexadecimal key: enough to identify a token


@registrations.command()
def create(
    label: Annotated[str, typer.Option(help="A note, such as the person who gets it.")] = "",
    uses: Annotated[
        int, typer.Option(help="The number of apps that may register.", min=1, max=10_000)
    ] = 1,
    lifetime: Annotated[str, typer.Option(help="How long it is valid: 1h, 30d.")] = "30d",
    as_json: AsJson = False,
) -> None:
    """Create an initial access token. It is shown only here."""
    try:
        duration = parse_duration(lifetime)
    except ValueError:
        raise typer.BadParameter("must be a duration such as 1h or 30d") from None
    if not label.isprintable():
        raise typer.BadParameter("the label must be plain text")

    async def make(context: AppContext) -> tuple[str, str]:
        token = await context.dynamic.mint_token(label[:200], uses, duration)
        return token.reveal(), context.settings.registration.mode

    token, mode = run(make)
    if as_json:
        print_json({"initial_access_token": token})
    else:
        print_fields({"initial_access_token": token})
        typer.echo("\nKeep the token now: it is never shown again.", err=True)
    if mode == "closed":
        typer.echo("It opens nothing yet: registration.mode is closed. Set it to token.", err=True)


@registrations.command("list")
def list_tokens(as_json: AsJson = False) -> None:
    """List the tokens, without their values."""

    async def find(context: AppContext) -> list[dict[str, object]]:
        return [
            _fields(token) for token in await context.stores.registrations.registration_tokens()
        ]

    found = run(find)
    if as_json:
        print_json(found)
    else:
        columns = ("id", "label", "uses_left", "expires_at")
        print_table(columns, [[token[column] for column in columns] for token in found])


@registrations.command()
def delete(token_id: Annotated[str, typer.Argument(help="As `list` shows it.")]) -> None:
    """Delete a token. Apps that registered with it stay."""

    async def drop(context: AppContext) -> None:
        for token in await context.stores.registrations.registration_tokens():
            if _id(
                token
            ) == token_id and await context.stores.registrations.delete_registration_token(
                token.key
            ):
                return
        raise Failed("there is no such token: see `quantimodo registrations list`")

    run(drop)


def _id(token: RegistrationToken) -> str:
    return token.key.hex()[-_SHOWN:]


def _fields(token: RegistrationToken) -> dict[str, object]:
    return {
        "id": _id(token),
        "label": token.label,
        "uses_left": token.uses_left,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
    }
