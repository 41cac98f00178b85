"""`quantimodo statistics`: the numbers of the server, day by day."""

from collections.abc import Sequence
from datetime import UTC
from typing import Annotated

import typer

from quantimodo.app.services import AppContext
from quantimodo.cli.command_runner import run
from quantimodo.cli.printing import print_json, print_table
from quantimodo.ops.daily_numbers import TITLES, DailyNumbers, Period


def statistics(
    days: Annotated[int, typer.Option(min=1, max=400, help="Of how many days.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print how many sign-ins, new accounts, consents, tokens and refusals each day (UTC) had."""

    async def read(context: AppContext) -> Sequence[Period]:
        numbers = DailyNumbers(context.stores.logs, context.stores.client_log)
        return await numbers.until(context.clock.now().astimezone(UTC).date(), days)

    found = run(read)
    if as_json:
        print_json([{"day": each.first.isoformat(), **each.numbers} for each in found])
        return
    rows = [(each.first.isoformat(), *each.numbers.values()) for each in found]
    print_table(("day", *TITLES), rows)
