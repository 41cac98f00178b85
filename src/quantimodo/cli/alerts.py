"""`quantimodo alerts`: the conditions that were reported to the operator, and a test."""

from typing import Annotated, Any

import typer

from quantimodo.app.composition.alerts import alert_messages, by_mail, is_configured
from quantimodo.app.composition.services import AppContext
from quantimodo.cli.command_runner import Failed, run
from quantimodo.cli.printing import print_json, print_table

alerts = typer.Typer(no_args_is_help=True, help="List alerts, and test how they are sent.")

_NOT_SET = (
    "no alerts are sent: set alerts.email, alerts.administrators or alerts.webhook, and start the"
    " server again"
)


@alerts.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the conditions that hold, and those that ended in the last 90 days."""

    async def read(context: AppContext) -> list[dict[str, Any]]:
        if not is_configured(context.settings.alerts):
            typer.echo(f"warning: {_NOT_SET}", err=True)
        return [
            {
                "condition": each.name,
                "state": each.severity if each.resolved_at is None else "resolved",
                "raised_at": each.raised_at,
                "resolved_at": each.resolved_at,
                "reported_at": each.reported_at,
                "waits": [
                    name
                    for name, waits in (("mail", each.by_mail), ("webhook", each.by_webhook))
                    if waits
                ],
                "text": each.text,
            }
            for each in await context.stores.alerts.alerts()
        ]

    rows = run(read)
    if as_json:
        print_json(rows)
    else:
        columns = ("condition", "state", "raised_at", "resolved_at", "text")
        print_table(columns, [[each[column] for column in columns] for each in rows])


@alerts.command()
def test() -> None:
    """Send a test by e-mail and by webhook, as the settings say.

    E-mails are queued, and sent by the running server. Exit code 1: the webhook was not accepted,
    there is no recipient, or no alerts are set up.
    """

    async def send(context: AppContext) -> list[str]:
        settings, messages = context.settings.alerts, alert_messages(context)
        if not is_configured(settings):
            raise Failed(_NOT_SET)
        done, faults = [], []
        if by_mail(settings):
            number = await messages.test_mail()
            if number:
                done.append(f"e-mails queued: {number}")
            else:
                faults.append("no e-mail was queued: there is no administrator with an address")
        if settings.webhook:
            cause = await messages.test_webhook()
            if cause:
                faults.append(f"the webhook was not accepted: {cause}")
            else:
                done.append("the webhook was accepted")
        for line in done:
            typer.echo(line)
        if faults:
            raise Failed("; ".join(faults))
        return done

    run(send)
