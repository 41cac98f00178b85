"""`quantimodo clients limit`: the numbers per minute of one application."""

from typing import Annotated

import typer

from quantimodo.app.composition.administration import client_administration
from quantimodo.app.composition.services import AppContext
from quantimodo.cli.clients.commands import AsJson, ClientId
from quantimodo.cli.command_runner import Failed, run
from quantimodo.cli.printing import print_fields, print_json
from quantimodo.cli.users.account_actions import Reason, authority
from quantimodo.model.clients import Client


def limit(
    client_id: ClientId,
    tokens_per_minute: Annotated[
        int | None, typer.Option(help="The most token responses in a minute. 0: no limit.", min=0)
    ] = None,
    requests_per_minute: Annotated[
        int | None,
        typer.Option(
            help="The most pushed requests, and device requests, in a minute. 0: the limits of the"
            " settings.",
            min=0,
        ),
    ] = None,
    as_json: AsJson = False,
    reason: Reason = "",
) -> None:
    """Set the limits of an application, lower or higher than the settings, and show them."""

    async def change(context: AppContext) -> Client:
        client = await context.stores.clients.client(client_id)
        if client is None:
            raise Failed("there is no app with this client_id; see: quantimodo clients list")
        if tokens_per_minute is None and requests_per_minute is None:
            return client
        known = client.metadata
        return await client_administration(context).set_limits(
            client,
            known.tokens_per_minute if tokens_per_minute is None else tokens_per_minute,
            known.requests_per_minute if requests_per_minute is None else requests_per_minute,
            authority(reason),
        )

    metadata = run(change).metadata
    fields = {
        "client_id": client_id,
        "tokens_per_minute": metadata.tokens_per_minute,
        "requests_per_minute": metadata.requests_per_minute,
    }
    if as_json:
        print_json(fields)
    else:
        print_fields(fields)
