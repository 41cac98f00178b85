"""`quantimodo logs`: the audit trail and the record of what administrators and commands did."""

from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from quantimodo.app.composition.services import AppContext
from quantimodo.cli.command_runner import run
from quantimodo.cli.printing import json_line
from quantimodo.cli.users.account_actions import person_of
from quantimodo.model.admin_actions import LogQuery

_AT_ONCE: Final = 500


def show_logs(
    actions: Annotated[
        bool,
        typer.Option(
            "--actions", help="Print the actions of administrators and commands instead of events."
        ),
    ] = False,
    kind: Annotated[
        str, typer.Option(help="Only kinds that begin so, such as session. or person.")
    ] = "",
    person: Annotated[
        str, typer.Option(help="Only of the person with this number or e-mail address.")
    ] = "",
    app: Annotated[str, typer.Option(help="Only of the application with this client_id.")] = "",
    since: Annotated[datetime | None, typer.Option(help="Only from this time on, in UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Only before this time, in UTC.")] = None,
) -> None:
    """Print the audit trail, newest first, one JSON object per line."""

    async def read(context: AppContext) -> None:
        user = await person_of(context, person) if person else None
        query = LogQuery(
            kind=kind,
            user_id=None if user is None else user.id,
            client_id=app,
            since=None if since is None else since.replace(tzinfo=UTC),
            until=None if until is None else until.replace(tzinfo=UTC),
        )
        async for entry in _entries(context, query, actions=actions):
            typer.echo(json_line(entry))

    run(read)


async def _entries(
    context: AppContext, query: LogQuery, *, actions: bool
) -> AsyncIterator[dict[str, Any]]:
    logs = context.stores.logs
    before: int | None = None
    while True:
        following = replace(query, before=before)
        if actions:
            done = await logs.search_admin_actions(following, _AT_ONCE)
            for each in done.items:
                yield {"id": each.id, **asdict(each.action)}
            before = done.next_before
        else:
            page = await logs.search_events(following, _AT_ONCE)
            for one in page.items:
                yield {"id": one.id, **asdict(one.event)}
            before = page.next_before
        if before is None:
            return
