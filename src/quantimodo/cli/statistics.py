"""`quantimodo statistics`: the numbers of the server, by day or by hour."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from quantimodo.app.composition.services import AppContext
from quantimodo.cli.command_runner import run
from quantimodo.cli.printing import print_json, print_table
from quantimodo.model.server_counts import CountName
from quantimodo.ops.breakdowns import MOST_HOURS, SHARES, Breakdowns, Span
from quantimodo.ops.daily_numbers import TITLES, DailyNumbers

Line = Mapping[str, Any]


class Shown(StrEnum):
    NUMBERS = "numbers"
    LATENCIES = "latencies"
    TOKENS = "tokens"
    REFUSALS = "refusals"


def statistics(
    days: Annotated[int, typer.Option(min=1, max=400, help="The number of days.")] = 30,
    hours: Annotated[
        int, typer.Option(min=0, max=MOST_HOURS, help="The number of hours, instead of days.")
    ] = 0,
    show: Annotated[
        Shown,
        typer.Option(help="Which numbers to print."),
    ] = Shown.NUMBERS,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print what the server did on each day or in each hour (UTC).

    Sign-ins, new accounts, consents, tokens and refusals; with --show the durations of requests in
    milliseconds, the token responses by grant type, or the refused requests by code.
    """
    span = Span("hour", hours) if hours else Span("day", days)

    async def read(context: AppContext) -> Sequence[Line]:
        now, stores = context.clock.now(), context.stores
        match show:
            case Shown.NUMBERS:
                numbers = DailyNumbers(stores.logs, stores.client_log, stores.server_counts)
                return await _numbers(numbers, span, now)
            case Shown.LATENCIES:
                return await _latencies(Breakdowns(stores.server_counts), span, now)
            case Shown.TOKENS:
                return await _labels(Breakdowns(stores.server_counts), "tokens", span, now)
            case Shown.REFUSALS:
                return await _labels(Breakdowns(stores.server_counts), "refusals", span, now)

    lines = run(read)
    if as_json:
        print_json(list(lines))
        return
    if not lines:
        typer.echo("nothing was counted in this time")
        return
    columns = list(lines[0])
    print_table(columns, [tuple(line[column] for column in columns) for line in lines])


async def _numbers(numbers: DailyNumbers, span: Span, now: datetime) -> Sequence[Line]:
    if span.unit == "hour":
        found = await numbers.hours_until(now, span.number)
    else:
        found = await numbers.until(now.astimezone(UTC).date(), span.number)
    return [
        {span.unit: each.first.isoformat(), **{name: each.numbers[name] for name in TITLES}}
        for each in found
    ]


async def _labels(
    breakdowns: Breakdowns, name: CountName, span: Span, now: datetime
) -> Sequence[Line]:
    found = await breakdowns.of(name, span, now)
    return [
        {
            span.unit: _start(span, begin),
            **{label: numbers[place] for label, numbers in found.series.items()},
        }
        for place, begin in enumerate(found.periods)
        if found.series
    ]


async def _latencies(breakdowns: Breakdowns, span: Span, now: datetime) -> Sequence[Line]:
    """In milliseconds, without the periods in which a group had no request."""
    found = await breakdowns.latencies(span, now)
    lines = []
    for place, begin in enumerate(found.periods):
        for group, latencies in found.groups.items():
            quantiles = latencies[place].quantiles
            if quantiles is not None:
                names = [f"p{share * 100:g}" for share in SHARES]
                values = [round(each * 1000, 1) for each in quantiles]
                lines.append(
                    {
                        span.unit: _start(span, begin),
                        "endpoints": group,
                        "requests": latencies[place].requests,
                        **dict(zip(names, values, strict=True)),
                    }
                )
    return lines


def _start(span: Span, begin: datetime) -> str:
    return begin.isoformat() if span.unit == "hour" else begin.date().isoformat()
