"""`quantimodo users sessions`: the sessions of a person."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from quantimodo.accounts.people_administration import session_number
from quantimodo.app.composition.administration import people_administration
from quantimodo.app.composition.services import AppContext
from quantimodo.cli.command_runner import run
from quantimodo.cli.printing import print_json, print_table
from quantimodo.cli.users.account_actions import Reason, authority, person_of, refusals
from quantimodo.model.sessions import Session


def sessions(
    who: Annotated[str, typer.Argument(help="The person's e-mail address or number.")],
    end: Annotated[str, typer.Option(help="End the session with this number first.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    reason: Reason = "",
) -> None:
    """List the sessions of a person; with --end, end one of them first."""

    async def read(context: AppContext) -> Sequence[Session]:
        user, administration = await person_of(context, who), people_administration(context)
        if end:
            with refusals():
                await administration.end_session(user, end, authority(reason))
        return await administration.sessions(user)

    rows = [_fields(each) for each in run(read)]
    if as_json:
        print_json(rows)
    else:
        columns = ("number", "address", "agent", "created_at", "seen_at", "methods")
        print_table(columns, [tuple(row[name] for name in columns) for row in rows])


def _fields(session: Session) -> dict[str, Any]:
    return {
        "number": session_number(session),
        "address": session.address,
        "agent": session.agent,
        "created_at": session.created_at,
        "seen_at": session.seen_at,
        "methods": " ".join(session.methods),
    }
