"""`quantimodo announcements`: what all pages announce for a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from quantimodo.accounts.announcements import Draft
from quantimodo.app.composition.administration import announcements_service
from quantimodo.app.composition.services import AppContext
from quantimodo.cli.command_runner import run
from quantimodo.cli.option_groups import option_group
from quantimodo.cli.printing import print_json, print_table
from quantimodo.cli.users.account_actions import Reason, authority, refusals
from quantimodo.model.announcements import Announcement

announcements = typer.Typer(no_args_is_help=True, help="Manage the announcements on all pages.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_USUAL_TIME = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The options of `announcements add` that describe the announcement."""

    text: Annotated[
        list[str], typer.Option(help="LANGUAGE=TEXT, such as en=Maintenance at six. Repeatable.")
    ]
    level: Annotated[str, typer.Option(help="info or warning.")] = "info"
    audience: Annotated[str, typer.Option(help="everyone, developers or administrators.")] = (
        "everyone"
    )
    link: Annotated[str, typer.Option(help="An https address, or a path of this server.")] = ""
    since: Annotated[
        datetime | None, typer.Option("--from", help="The start, in UTC. By default, now.")
    ] = None
    until: Annotated[
        datetime | None, typer.Option(help="The end, in UTC. By default, in a week.")
    ] = None


@announcements.command()
@option_group(Written, "written")
def add(written: Written, reason: Reason = "") -> None:
    """Add an announcement, and print its number."""
    texts = dict(_pair(each) for each in written.text)

    async def do(context: AppContext) -> int:
        with refusals():
            draft = _draft(written, texts, context.clock.now())
            return await announcements_service(context).add(draft, authority(reason))

    typer.echo(run(do))


@announcements.command("list")
def list_announcements(as_json: AsJson = False) -> None:
    """List the announcements, with those that ended in the last month."""

    async def read(context: AppContext) -> Sequence[Announcement]:
        return await announcements_service(context).all()

    rows = [_fields(each) for each in run(read)]
    if as_json:
        print_json(rows)
    else:
        columns = ("id", "level", "audience", "starts_at", "ends_at", "texts")
        print_table(columns, [tuple(row[name] for name in columns) for row in rows])


@announcements.command()
def remove(number: Annotated[int, typer.Argument(help="Its number.")], reason: Reason = "") -> None:
    """Remove an announcement; it disappears within seconds."""

    async def do(context: AppContext) -> None:
        with refusals():
            await announcements_service(context).delete(number, authority(reason))

    run(do)


def _pair(text: str) -> tuple[str, str]:
    language, separator, words = text.partition("=")
    if not separator:
        raise typer.BadParameter("give LANGUAGE=TEXT, such as en=Maintenance at six")
    return language, words


def _draft(written: Written, texts: Mapping[str, str], now: datetime) -> Draft:
    return Draft(
        level=written.level,
        audience=written.audience,
        texts=texts,
        link=written.link,
        starts_at=now if written.since is None else written.since.replace(tzinfo=UTC),
        ends_at=now + _USUAL_TIME if written.until is None else written.until.replace(tzinfo=UTC),
    )


def _fields(announcement: Announcement) -> dict[str, Any]:
    return {
        "id": announcement.id,
        "level": announcement.level,
        "audience": announcement.audience,
        "texts": dict(announcement.texts),
        "link": announcement.link,
        "starts_at": announcement.starts_at,
        "ends_at": announcement.ends_at,
    }
