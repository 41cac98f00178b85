"""`quantimodo clients verify`: the verified domain of an application."""

from typing import Annotated

import typer

from quantimodo.app.composition.administration import client_administration
from quantimodo.app.composition.services import AppContext
from quantimodo.cli.clients.commands import ClientId
from quantimodo.cli.command_runner import Failed, run
from quantimodo.cli.users.account_actions import Reason, authority


def verify(
    client_id: ClientId,
    domain: Annotated[
        str,
        typer.Option(
            help="The domain that you verified. The application has an https address there."
        ),
    ] = "",
    end: Annotated[bool, typer.Option("--end", help="Remove the verified domain.")] = False,
    reason: Reason = "",
) -> None:
    """Show people the domain of an application, after you verified it. This is separate from a
    review."""
    if bool(domain) == end:
        raise typer.BadParameter("give --domain or --end")

    async def change(context: AppContext) -> None:
        client = await context.stores.clients.client(client_id)
        if client is None:
            raise Failed("there is no app with this client_id; see: quantimodo clients list")
        await client_administration(context).set_verified_domain(
            client, domain.lower(), authority(reason)
        )

    run(change)
