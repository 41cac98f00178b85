"""`quantimodo apply` and `quantimodo export`: the set-up file."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from quantimodo.accounts.set_up_administrators import SetUpAdministrators
from quantimodo.app.composition.administration import admin_log
from quantimodo.app.composition.services import AppContext
from quantimodo.app.settings.reading import BadSettings, Loaded, load, load_machine
from quantimodo.app.settings.set_up import (
    SettingEntries,
    changed,
    differences,
    exported,
    lost_secrets,
    overridden,
    parse_entries,
    unknown_removals,
)
from quantimodo.app.settings.stored import Applied, opened, read_applied, read_settings, sealed
from quantimodo.cli.command_runner import Failed, field_errors, print_error, run, with_services
from quantimodo.cli.printing import print_json
from quantimodo.cli.set_up_files import (
    format_value,
    parse_rows,
    read_document,
    resolve_secret,
    to_toml,
)
from quantimodo.cli.users.account_actions import Reason, authority
from quantimodo.clients.set_ups import InvalidSetUp, Plan, SetUpService, settings_detail
from quantimodo.model.admin_actions import Authority
from quantimodo.model.set_ups import Difference
from quantimodo.ports.stores import Conflict
from quantimodo.protocol.set_up_entries import Entries

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def apply(
    file: Annotated[
        Path,
        typer.Argument(help="A TOML file, as `export` prints it.", exists=True, dir_okay=False),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the differences; change nothing.")
    ] = False,
    as_json: AsJson = False,
    reason: Reason = "",
) -> None:
    """Make administrators, clients, resources, providers and policies match the file.

    The file is applied completely or not at all. What it does not name stays as it is. Secrets are
    references: "env:NAME", "file:PATH". Changes of providers and policies take effect after a
    restart.
    """
    set_up = _read(file)
    with field_errors():
        plan, notes = asyncio.run(_apply(set_up, dry_run, authority(reason)))
    if as_json:
        print_json([_fields(each) for each in plan.differences])
    else:
        for difference in plan.differences:
            typer.echo("\n".join(_lines(difference)))
        if not plan.differences:
            typer.echo("nothing to change")
        elif dry_run:
            typer.echo("nothing was changed (--dry-run)")
    for note in notes:
        typer.echo(f"note: {note}", err=True)


def export() -> None:
    """Print the present set-up as a file for `apply`, without secrets."""

    async def work(context: AppContext) -> str:
        people = await _administrators(context).export()
        rows = await _service(context).export()
        stored = await context.stores.stored_settings.stored_settings()
        settings = {} if stored is None else exported(opened(stored, None))
        return to_toml({"administrators": people, **rows, **settings})

    typer.echo(run(work), nl=False)


@dataclass(frozen=True, slots=True)
class _SetUp:
    """The contents of the file. References to files in it are relative to `folder`."""

    folder: Path
    rows: Entries
    settings: SettingEntries

    def secret(self, reference: str) -> str:
        return resolve_secret(reference, self.folder)


def _read(file: Path) -> _SetUp:
    faults: list[str] = []
    document = read_document(file, faults)
    folder = file.parent
    rows = parse_rows(document, faults)
    settings = parse_entries(document, lambda each: resolve_secret(each, folder), faults)
    if faults:
        _refuse(faults)
    return _SetUp(folder, rows, settings)


async def _apply(set_up: _SetUp, dry_run: bool, by: Authority) -> tuple[Plan, list[str]]:
    """The changes that were made, or would be, and notes."""
    before = await read_applied(load_machine(os.environ), lost=True)
    after = changed(before, set_up.settings)
    faults = unknown_removals(before, set_up.settings)
    if after != before:
        faults += lost_secrets(after)
    if faults:
        _refuse(faults)
    loaded = await _settings_with(before, after)

    async def work(context: AppContext) -> Plan:
        service = _service(context)
        roles = await _administrators(context).plan(set_up.rows.administrators)
        try:
            plan = await service.plan(set_up.rows, set_up.secret, roles)
        except InvalidSetUp as refused:
            _refuse(refused.faults)
        of_settings = differences(before, after)
        if of_settings:
            plan.differences += of_settings
            plan.settings = sealed(after, context.envelope, context.clock)
        if not dry_run and plan.differences:
            await _log(context, plan, by)
            try:
                await service.apply(plan)
            except Conflict:
                raise Failed("something was changed meanwhile: apply the file again") from None
        return plan

    # With the settings after the change, because the file may correct the stored ones.
    plan = await with_services(loaded.settings, work)
    notes = list(overridden(set_up.settings, loaded))
    if plan.settings is not None and not dry_run:
        notes.append("restart the server to use these providers and policies")
    return plan, notes


async def _settings_with(before: Applied, after: Applied) -> Loaded:
    """The settings after the change. Refuses a file that makes them unusable."""
    if after == before:
        return await read_settings()
    try:
        return load(os.environ, after.settings())
    except BadSettings as fault:
        _refuse(fault.faults)


def _administrators(context: AppContext) -> SetUpAdministrators:
    return SetUpAdministrators(
        users=context.stores.users,
        search=context.stores.people_search,
        clock=context.clock,
        entropy=context.entropy,
    )


async def _log(context: AppContext, plan: Plan, by: Authority) -> None:
    """Record the changes of people, as `users promote` and `demote` do, and of settings, before
    they are made."""
    log = admin_log(context)
    for action, people in (("promote", plan.roles.promoted), ("demote", plan.roles.demoted)):
        for user in people:
            await log.record(by, f"person.{action}", user_id=user.id)
    for _ in plan.roles.new_people:
        await log.record(by, "person.promote", detail="a new account")
    if plan.settings is not None:
        await log.record(by, "settings.change", detail=settings_detail(plan.differences))


def _service(context: AppContext) -> SetUpService:
    return SetUpService(
        own=context.token_policy.audience,
        clients=context.stores.clients,
        resources=context.stores.resources,
        users=context.stores.users,
        set_ups=context.stores.set_ups,
        envelope=context.envelope,
        clock=context.clock,
        audit=context.audit,
    )


def _refuse(faults: Sequence[str]) -> NoReturn:
    for fault in faults:
        print_error(fault)
    raise typer.Exit(1)


def _fields(difference: Difference) -> dict[str, Any]:
    return {
        "what": difference.what,
        "name": difference.name,
        "before": difference.before,
        "after": difference.after,
    }


def _lines(difference: Difference) -> Iterator[str]:
    before, after = difference.before or {}, difference.after
    if not after:
        yield f"remove {difference.what} {difference.name}"
        return
    yield f"{'change' if difference.before else 'add'} {difference.what} {difference.name}"
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) == after.get(name):
            continue
        if name == "client_secret":
            yield "  client_secret: another one"
            continue
        old = format_value(before[name]) if name in before else "(default)"
        new = format_value(after[name]) if name in after else "(default)"
        yield f"  {name}: {new}" if difference.before is None else f"  {name}: {old} -> {new}"
