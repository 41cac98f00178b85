"""`quantimodo clients`: the operator registers and manages applications."""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from quantimodo.accounts.addresses import presented_email
from quantimodo.app.composition.administration import client_administration
from quantimodo.app.composition.services import AppContext
from quantimodo.app.settings.durations import parse_duration
from quantimodo.cli.clients.log import log
from quantimodo.cli.clients.options import client_fields, client_options, given
from quantimodo.cli.command_runner import Failed, run
from quantimodo.cli.printing import print_fields, print_json, print_table
from quantimodo.cli.text_files import read_text
from quantimodo.cli.users.account_actions import Reason, authority
from quantimodo.clients.client_administration import ClientAction
from quantimodo.clients.registry import RegisteredClient, Registration
from quantimodo.model.clients import Client
from quantimodo.model.secrets import Secret
from quantimodo.protocol.client_fields import SETTINGS
from quantimodo.protocol.errors import OAuthError
from quantimodo.protocol.registration import (
    IMPLICIT_RESPONSE_TYPES,
    registration_of,
    with_values,
)
from quantimodo.protocol.registration_json import client_information, parse_registration

clients = typer.Typer(no_args_is_help=True, help="Register and manage applications.")

ClientId = Annotated[str, typer.Argument(help="The client_id of the application.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Implicit = Annotated[
    bool | None,
    typer.Option(
        "--implicit/--no-implicit",
        help="Allow response types that return tokens in the URL fragment.",
    ),
]
Logo = Annotated[
    Path | None, typer.Option(help="A PNG, JPEG or WebP file.", exists=True, dir_okay=False)
]


@clients.command()
@client_options(required=("name",))
def create(
    implicit: Implicit = None,
    logo: Logo = None,
    owner: Annotated[str | None, typer.Option(help="The e-mail address of its owner.")] = None,
    as_json: AsJson = False,
    **options: Any,
) -> None:
    """Register an application. Its secret is shown only here."""
    registration = _registration(Registration(name=""), given(options), implicit)

    async def register(context: AppContext) -> RegisteredClient:
        owner_id = None if owner is None else await _owner_id(context, owner)
        picture = None if logo is None else logo.read_bytes()
        registered = await context.registry.register(
            registration, owner_id=owner_id, by_operator=True
        )
        if picture is not None:
            await context.registry.set_logo(registered.client, picture, by_operator=True)
        return registered

    _print(run(register), as_json)


@clients.command("import")
@client_options(SETTINGS)
def import_client(
    file: Annotated[
        Path, typer.Argument(help="Metadata as in RFC 7591.", exists=True, dir_okay=False)
    ],
    as_json: AsJson = False,
    **options: Any,
) -> None:
    """Register an application from a JSON file with the metadata of RFC 7591."""
    try:
        registration = parse_registration(json.loads(read_text(file)))
    except (ValueError, RecursionError):
        raise typer.BadParameter("the file is not JSON") from None
    except OAuthError as fault:
        raise typer.BadParameter(fault.description) from None

    async def register(context: AppContext) -> RegisteredClient:
        return await context.registry.register(
            with_values(registration, given(options)), owner_id=None, by_operator=True
        )

    registered = run(register)
    information = client_information(registered.client)
    if registered.secret is not None:
        information["client_secret"] = registered.secret.reveal()
    if as_json:
        print_json(information)
    else:
        print_fields(information)


@clients.command()
@client_options()
def edit(
    client_id: ClientId,
    implicit: Implicit = None,
    logo: Logo = None,
    as_json: AsJson = False,
    reason: Reason = "",
    **options: Any,
) -> None:
    """Change the given fields. All others keep their values."""

    async def change(context: AppContext) -> Client:
        client = await _client(context, client_id)
        registration = _registration(registration_of(client), given(options), implicit)
        await client_administration(context).record_client_change(client, authority(reason))
        edited = await context.registry.change(client, registration, by_operator=True)
        if logo is not None:
            await context.registry.set_logo(edited, logo.read_bytes(), by_operator=True)
        return edited

    _print(RegisteredClient(run(change), None), as_json, secrecy=False)


@clients.command("list")
def list_clients(
    owner: Annotated[
        str | None, typer.Option(help="Only those of the person with this e-mail address.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the applications."""

    async def find(context: AppContext) -> Sequence[Client]:
        return await _all(context, None if owner is None else await _owner_id(context, owner))

    rows = run(find)
    if as_json:
        print_json([_fields(client) for client in rows])
    else:
        columns = ("client_id", "name", "kind", "grants", "created")
        print_table(
            columns,
            [(c.id, c.name, _kind(c), " ".join(sorted(c.grant_types)), c.created_at) for c in rows],
        )


@clients.command()
def show(client_id: ClientId, as_json: AsJson = False) -> None:
    """Show one application. Its secret cannot be shown, only replaced."""
    client = run(lambda context: _client(context, client_id))
    _print(RegisteredClient(client, None), as_json, secrecy=False)


clients.command("log")(log)


@clients.command("rotate-secret")
def rotate_secret(
    client_id: ClientId,
    overlap: Annotated[
        str, typer.Option(help="How long the old secret still works: 0s, 1h, 7d.")
    ] = "24h",
    as_json: AsJson = False,
) -> None:
    """Give an application a new secret. It is shown only here."""
    try:
        duration = parse_duration(overlap)
    except ValueError:
        raise typer.BadParameter("must be a duration such as 0s, 1h or 7d") from None

    async def rotate(context: AppContext) -> RegisteredClient:
        client = await _client(context, client_id)
        return await context.registry.rotate_secret(client, overlap=duration)

    _print(run(rotate), as_json)


@clients.command()
def disable(client_id: ClientId, as_json: AsJson = False, reason: Reason = "") -> None:
    """Refuse an application and its tokens at once. No data is deleted; see `enable`."""
    _perform("disable", client_id, reason, as_json)


@clients.command()
def enable(client_id: ClientId, as_json: AsJson = False, reason: Reason = "") -> None:
    """Enable a disabled application. Tokens that have not expired work again."""
    _perform("enable", client_id, reason, as_json)


@clients.command()
def delete(
    client_id: ClientId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    reason: Reason = "",
) -> None:
    """Delete an application. All its tokens stop working at once."""
    if not yes and sys.stdin.isatty():
        typer.confirm("Delete this app, with everything that people allowed it?", abort=True)
    run(lambda context: _do(context, "delete", client_id, reason))


def _perform(action: ClientAction, client_id: str, reason: str, as_json: bool) -> None:
    async def command(context: AppContext) -> RegisteredClient:
        await _do(context, action, client_id, reason)
        return RegisteredClient(await _client(context, client_id), None)

    _print(run(command), as_json, secrecy=False)


async def _do(context: AppContext, action: ClientAction, client_id: str, reason: str) -> None:
    client = await _client(context, client_id)
    await client_administration(context).perform(action, client, authority(reason))


def _registration(
    base: Registration, values: dict[str, Any], implicit: bool | None
) -> Registration:
    changed = with_values(base, values)
    kinds = changed.response_types
    if implicit is not None:
        kinds = kinds | IMPLICIT_RESPONSE_TYPES if implicit else kinds - IMPLICIT_RESPONSE_TYPES
    return replace(changed, response_types=kinds)


async def _client(context: AppContext, client_id: str) -> Client:
    client = await context.stores.clients.client(client_id)
    if client is None:
        raise Failed("there is no app with this client_id; see: quantimodo clients list")
    return client


async def _owner_id(context: AppContext, email: str) -> int:
    user = await context.stores.users.user_by_email(presented_email(email))
    if user is None:
        raise Failed("no account has this e-mail address")
    return user.id


async def _all(context: AppContext, owner_id: int | None) -> Sequence[Client]:
    applications: list[Client] = []
    while page := await context.stores.clients.clients(
        owner_id=owner_id, after=applications[-1].id if applications else ""
    ):
        applications.extend(page)
    return applications


def _print(registered: RegisteredClient, as_json: bool, *, secrecy: bool = True) -> None:
    fields = _fields(registered.client)
    if secrecy:
        fields = _with_secret(fields, registered.secret)
    if as_json:
        print_json(fields)
        return
    print_fields(fields)
    if registered.secret is not None:
        typer.echo("\nKeep the secret now: it is never shown again.", err=True)


def _with_secret(fields: dict[str, Any], secret: Secret | None) -> dict[str, Any]:
    client_id = fields.pop("client_id")
    shown = None if secret is None else secret.reveal()
    return {"client_id": client_id, "client_secret": shown, **fields}


def _fields(client: Client) -> dict[str, Any]:
    return {
        "client_id": client.id,
        **client_fields(client),
        "owner_id": client.owner_id,
        "created_at": client.created_at,
        "disabled_at": client.disabled_at,
    }


def _kind(client: Client) -> str:
    words = ["public" if client.public else "confidential"]
    words += [
        word
        for word, holds in (
            ("strict", client.strict),
            ("first-party", client.first_party),
            ("resource server", client.resource_server),
        )
        if holds
    ]
    return ", ".join(words)
