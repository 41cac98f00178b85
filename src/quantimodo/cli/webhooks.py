"""`quantimodo webhooks`: the operator manages the webhooks of an application."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from quantimodo.app.composition.services import AppContext
from quantimodo.app.composition.webhooks import webhooks as webhook_service
from quantimodo.cli.command_runner import Failed, run
from quantimodo.cli.printing import print_fields, print_json, print_table
from quantimodo.clients.webhooks import InvalidWebhook
from quantimodo.model.app_events import KINDS, Delivery, WebhookEndpoint
from quantimodo.model.clients import Client
from quantimodo.ports.stores import Conflict

_NO_APP: Final = "there is no app with this client_id"

webhooks = typer.Typer(no_args_is_help=True, help="Manage the webhooks of an application.")

App = Annotated[str, typer.Argument(help="The client_id of the app.", metavar="client_id")]
Id = Annotated[str, typer.Argument(help="The id of the webhook.", metavar="webhook")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@webhooks.command()
def create(
    app: App,
    url: Annotated[str, typer.Argument(help="The https address that receives the events.")],
    event: Annotated[
        list[str] | None,
        typer.Option(help="A kind of event. Repeat for several. Default: all kinds."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add a webhook, and print its secret. It is shown only here."""

    async def add(context: AppContext) -> Mapping[str, Any]:
        try:
            endpoint, secret = await webhook_service(context).add(
                await _client(context, app), url, event or KINDS
            )
        except InvalidWebhook as fault:
            raise Failed(fault.text) from None
        except Conflict:  # deleted meanwhile
            raise Failed(_NO_APP) from None
        return {**_described(endpoint), "secret": secret.reveal()}

    _print(run(add), as_json)


@webhooks.command("list")
def list_(app: App, as_json: AsJson = False) -> None:
    """List the webhooks of the app."""

    async def read(context: AppContext) -> list[dict[str, Any]]:
        client = await _client(context, app)
        return [_described(each) for each in await context.stores.webhooks.endpoints_of(client.id)]

    rows = run(read)
    if as_json:
        print_json(rows)
    else:
        print_table(
            ("webhook", "address", "state", "dropped"),
            [(each["id"], each["url"], each["state"], each["dropped"]) for each in rows],
        )


@webhooks.command()
def deliveries(app: App, webhook: Id, as_json: AsJson = False) -> None:
    """Show the newest 50 deliveries to a webhook."""

    async def read(context: AppContext) -> list[dict[str, Any]]:
        client = await _client(context, app)
        await _endpoint(context, client, webhook)
        rows = await context.stores.webhooks.deliveries(client.id, webhook, 50)
        return [_delivery(each) for each in rows]

    rows = run(read)
    if as_json:
        print_json(rows)
    else:
        columns = ("event", "kind", "at", "tries", "status", "cause", "next")
        print_table(columns, [[each[name] for name in columns] for each in rows])


@webhooks.command()
def test(app: App, webhook: Id) -> None:
    """Send an event of the kind webhook.test; the running server delivers it."""

    async def send(context: AppContext) -> None:
        client = await _client(context, app)
        await _endpoint(context, client, webhook)
        if not await webhook_service(context).send_test(client, webhook):
            raise Failed("the webhook is disabled; enable it first")

    run(send)


@webhooks.command()
def replay(
    app: App,
    webhook: Id,
    event: Annotated[int | None, typer.Option(help="The number of one event.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(help="All events since this time (UTC).", formats=["%Y-%m-%dT%H:%M:%S"]),
    ] = None,
) -> None:
    """Deliver one event, or all since a time, again; print how many."""
    if (event is None) == (since is None):
        raise typer.BadParameter("give one of --event and --since")

    async def repeat(context: AppContext) -> int:
        client = await _client(context, app)
        await _endpoint(context, client, webhook)
        service = webhook_service(context)
        if since is not None:
            return await service.replay_since(client, webhook, since.replace(tzinfo=UTC))
        if event is None or not await service.replay(client, webhook, event):
            raise Failed("the event is not kept, or the webhook does not get its kind")
        return 1

    typer.echo(run(repeat))


@webhooks.command()
def rotate(app: App, webhook: Id) -> None:
    """Rotate the secret, and print the new one. For 24 hours both sign."""

    async def renew(context: AppContext) -> str:
        client = await _client(context, app)
        await _endpoint(context, client, webhook)
        secret = await webhook_service(context).rotate(client, webhook)
        if secret is None:
            raise Failed("there is no such webhook of this app")
        return secret.reveal()

    typer.echo(run(renew))


@webhooks.command()
def enable(app: App, webhook: Id) -> None:
    """Enable a webhook. Events that waited are delivered too."""
    _change(app, webhook, "enable")


@webhooks.command()
def disable(app: App, webhook: Id) -> None:
    """Disable a webhook. Events of the meantime can be replayed."""
    _change(app, webhook, "disable")


@webhooks.command()
def delete(app: App, webhook: Id) -> None:
    """Delete a webhook with its deliveries."""
    _change(app, webhook, "delete")


@webhooks.command("list-of-events")
def list_of_events(
    app: App,
    on: Annotated[bool, typer.Option("--on/--off", help="Whether to keep all events.")] = True,
) -> None:
    """Keep all events of the app, so that it can read them at /api/v2/events."""

    async def switch(context: AppContext) -> None:
        try:
            await webhook_service(context).set_polled(await _client(context, app), on)
        except Conflict:  # deleted meanwhile
            raise Failed(_NO_APP) from None

    run(switch)


def _change(app: str, webhook: str, action: str) -> None:
    async def change(context: AppContext) -> None:
        client, service = await _client(context, app), webhook_service(context)
        await _endpoint(context, client, webhook)
        changes = {"enable": service.enable, "disable": service.disable, "delete": service.delete}
        await changes[action](client, webhook)

    run(change)


async def _client(context: AppContext, client_id: str) -> Client:
    client = await context.stores.clients.client(client_id)
    if client is None:
        raise Failed(_NO_APP)
    return client


async def _endpoint(context: AppContext, client: Client, endpoint_id: str) -> None:
    if await context.stores.webhooks.endpoint(client.id, endpoint_id) is None:
        raise Failed("there is no such webhook of this app")


def _described(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "events": sorted(endpoint.kinds),
        "state": f"disabled ({endpoint.disabled_reason})" if endpoint.disabled_at else "enabled",
        "created_at": endpoint.created_at,
        "failing_since": endpoint.failing_since,
        "dropped": endpoint.dropped,
        "previous_secret_until": endpoint.previous_until,
    }


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "event": delivery.event.number,
        "kind": delivery.event.kind,
        "at": delivery.event.at,
        "tries": delivery.attempts,
        "status": delivery.status or "",
        "cause": delivery.cause,
        "delivered_at": delivery.delivered_at,
        "next": delivery.due_at,
    }


def _print(fields: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(fields)
    else:
        print_fields(fields)
