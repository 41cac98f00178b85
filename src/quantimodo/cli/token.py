"""`quantimodo token`: an access token in one command, on development servers only."""

from typing import Annotated, Any

import typer

from quantimodo.accounts.addresses import presented_email
from quantimodo.app.composition.services import AppContext
from quantimodo.app.demo_data import DEMO_CLIENT_ID, DEMO_EMAIL, ensure_demo_data, has_demo_data
from quantimodo.app.development_tokens import development_token
from quantimodo.cli.command_runner import Failed, run
from quantimodo.cli.printing import print_json
from quantimodo.model.clients import Client
from quantimodo.protocol.errors import OAuthError
from quantimodo.protocol.scopes import format_scope, parse_scope


def token(
    user: Annotated[str, typer.Option(help="The person's e-mail address.")] = DEMO_EMAIL,
    client: Annotated[str, typer.Option(help="The client_id of the application.")] = DEMO_CLIENT_ID,
    scope: Annotated[
        str | None,
        typer.Option(help="Scopes, separated by spaces. Default: all of the application."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the whole token response.")
    ] = False,
) -> None:
    """Print an access token without a browser, on a development server only.

    The token is like any other: the person sees the application in the account and can remove it.
    """
    response = run(lambda context: _token(context, user, client, scope))
    if as_json:
        print_json(response)
    else:
        typer.echo(response["access_token"])


async def _token(
    context: AppContext, email: str, client_id: str, scope: str | None
) -> dict[str, Any]:
    if not context.settings.development:
        raise Failed("only a development server gives tokens without the person (development)")
    if has_demo_data(context.settings):
        await ensure_demo_data(context)
    user = await context.stores.users.user_by_email(presented_email(email))
    if user is None:
        raise Failed("no account has this e-mail address; see: quantimodo users list")
    client = await context.stores.clients.client(client_id)
    if client is None:
        raise Failed("there is no app with this client_id; see: quantimodo clients list")
    response = await development_token(context, user, client, _scope(client, scope))
    if response is None:
        raise Failed("the account or the application is disabled")
    return response


def _scope(client: Client, text: str | None) -> frozenset[str]:
    if text is None:
        return client.scope
    try:
        scope = parse_scope(text)
    except OAuthError as fault:
        raise Failed(fault.description) from None
    if not scope <= client.scope:
        raise Failed(f"the application registered only these scopes: {format_scope(client.scope)}")
    return scope
