"""`quantimodo clients members`: the team of an application."""

from collections.abc import Sequence
from typing import Annotated

import typer

from quantimodo.accounts.addresses import presented_email
from quantimodo.app.composition.services import AppContext
from quantimodo.app.composition.teams import teams
from quantimodo.cli.clients.commands import AsJson, ClientId, clients
from quantimodo.cli.command_runner import Failed, run
from quantimodo.cli.printing import print_json, print_table
from quantimodo.model.client_members import ClientMember, ClientRole
from quantimodo.model.clients import Client

__all__ = ["clients", "members"]


@clients.command()
def members(
    client_id: ClientId,
    add: Annotated[str | None, typer.Option(help="Add the person with this address.")] = None,
    as_owner: Annotated[
        bool, typer.Option("--as-owner", help="With --add: as an owner, not as a developer.")
    ] = False,
    remove: Annotated[str | None, typer.Option(help="Remove the person with this address.")] = None,
    transfer: Annotated[
        str | None,
        typer.Option(help="Make the person with this address the lead; a verified domain ends."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the team of an application. An option changes it first. People are added without an
    invitation."""
    if sum(each is not None for each in (add, remove, transfer)) > 1:
        raise typer.BadParameter("give one of --add, --remove and --transfer")
    role: ClientRole = "owner" if as_owner else "developer"

    async def command(context: AppContext) -> Sequence[ClientMember]:
        client = await context.stores.clients.client(client_id)
        if client is None:
            raise Failed("there is no app with this client_id; see: quantimodo clients list")
        if add is not None:
            await _add(context, client, add, role)
        if remove is not None:
            await _remove(context, client, remove)
        if transfer is not None:
            await _transfer(context, client, transfer)
        return await teams(context).members(client)

    _print(run(command), as_json)


async def _add(context: AppContext, client: Client, email: str, role: ClientRole) -> None:
    user_id = await _person(context, email)
    if not await teams(context).set_by_operator(client, user_id, role):
        raise Failed("this person is the lead of the app already")


async def _remove(context: AppContext, client: Client, email: str) -> None:
    user_id = await _person(context, email)
    if not await teams(context).remove_by_operator(client, user_id):
        raise Failed("this person is the lead, or no member; transfer the app first")


async def _transfer(context: AppContext, client: Client, email: str) -> None:
    user_id = await _person(context, email)
    if not await teams(context).transfer_by_operator(client, user_id):
        raise Failed("this person is the lead already, or the app is the operator's")
    if domain := client.metadata.verified_domain:
        typer.echo(
            f"The domain {domain} was verified for the lead before, and is not any more. To verify"
            f" it again: quantimodo clients verify {client.id} --domain {domain} --reason …",
            err=True,
        )


async def _person(context: AppContext, email: str) -> int:
    user = await context.stores.users.user_by_email(presented_email(email))
    if user is None:
        raise Failed("no account has this e-mail address")
    return user.id


def _print(members: Sequence[ClientMember], as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {
                    "user_id": each.user_id,
                    "email": each.email,
                    "role": each.role,
                    "lead": each.lead,
                    "since": each.since,
                }
                for each in members
            ]
        )
        return
    columns = ("email", "role", "lead", "since")
    rows = [
        (each.email or "", each.role, "yes" if each.lead else "", each.since) for each in members
    ]
    print_table(columns, rows)
