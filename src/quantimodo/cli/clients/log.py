"""`quantimodo clients log`: the refused requests of an application, and its numbers by day."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

import typer

from quantimodo.app.composition.services import AppContext
from quantimodo.cli.command_runner import Failed, run
from quantimodo.cli.printing import print_json, print_table
from quantimodo.model.client_log import ClientDay, ClientRefusal, ClientUsage
from quantimodo.protocol.refusals import REFUSALS

_DAYS = timedelta(days=30)


def log(
    client_id: Annotated[str, typer.Argument(help="The client_id of the application.")],
    endpoint: Annotated[
        str, typer.Option(help="Only of this endpoint, such as authorize or token.")
    ] = "",
    code: Annotated[str, typer.Option(help="Only with this code.")] = "",
    limit: Annotated[
        int, typer.Option(min=1, max=500, help="The number of refusals to show.")
    ] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the refused requests of an application, newest first, and how to fix each."""

    async def find(
        context: AppContext,
    ) -> tuple[Sequence[ClientRefusal], Sequence[ClientDay], Sequence[ClientUsage]]:
        if await context.stores.clients.client(client_id) is None:
            raise Failed("there is no app with this client_id; see: quantimodo clients list")
        store, today = context.stores.client_log, context.clock.now().date()
        refusals = await store.client_refusals(client_id, endpoint=endpoint, code=code, limit=limit)
        days = await store.client_days(client_id, today - _DAYS)
        usage = await store.client_usage(client_id, today - _DAYS)
        return [refusal for _, refusal in refusals], days, usage

    refusals, days, usage = run(find)
    if as_json:
        print_json(
            {
                "refusals": [_fields(each) for each in refusals],
                "days": [_day(day) for day in days],
                "usage": [_used(each) for each in usage],
            }
        )
        return
    columns = ("at", "endpoint", "code", "incident", "received")
    rows = [(r.at, r.endpoint, r.code, r.incident, "; ".join(r.received)) for r in refusals]
    print_table(columns, rows)
    for code_found in dict.fromkeys(refusal.code for refusal in refusals):
        row = REFUSALS.get(code_found)
        if row is not None:
            typer.echo(f"\n{code_found}\n  expected: {row.expected}")
            typer.echo(f"  fix: {row.fix_for(client_id)}")


def _fields(refusal: ClientRefusal) -> dict[str, Any]:
    row = REFUSALS.get(refusal.code)
    return {
        "at": refusal.at,
        "endpoint": refusal.endpoint,
        "code": refusal.code,
        "incident": refusal.incident,
        "received": list(refusal.received),
        "expected": None if row is None else row.expected,
        "fix": None if row is None else row.fix_for(refusal.client_id),
    }


def _used(used: ClientUsage) -> dict[str, Any]:
    """All requests have the code None."""
    return {
        "day": used.day.isoformat(),
        "endpoint": used.endpoint,
        "code": used.code or None,
        "requests": used.number,
    }


def _day(day: ClientDay) -> dict[str, Any]:
    return {"day": day.day.isoformat(), "tokens": day.tokens, "refusals": day.refusals}
