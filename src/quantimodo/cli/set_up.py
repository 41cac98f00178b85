"""`quantimodo apply` and `quantimodo export`: administrators, clients and resources as a file."""

import json
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer

from quantimodo.accounts.administrator_set_ups import AdministratorSetUps
from quantimodo.app.administration import admin_log
from quantimodo.app.services import AppContext
from quantimodo.app.settings_tree import Settings
from quantimodo.cli.command_runner import Failed, print_error, run
from quantimodo.cli.people import Reason, authority
from quantimodo.cli.printing import print_json
from quantimodo.clients.set_ups import InvalidSetUp, Plan, SetUpService
from quantimodo.model.admin_actions import Authority
from quantimodo.model.set_ups import Difference
from quantimodo.ports.stores import Conflict
from quantimodo.protocol.set_up_entries import (
    Entries,
    InvalidEntry,
    read_administrator,
    read_client,
    read_resource,
)

_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {
    "administrators": read_administrator,
    "clients": read_client,
    "resources": read_resource,
}
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def apply(
    file: Annotated[
        Path, typer.Argument(help="A file in TOML: see `export`.", exists=True, dir_okay=False)
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the differences; change nothing.")
    ] = False,
    as_json: AsJson = False,
    reason: Reason = "",
) -> None:
    """Make administrators, clients and resources match the file, or change nothing.

    What the file does not name stays as it is. Secrets are references: "env:NAME", "file:PATH".
    """
    entries = _read(file)

    async def work(context: AppContext) -> Plan:
        service = _service(context)
        by = authority(reason)
        roles = await _administrators(context).plan(entries.administrators)
        try:
            plan = await service.plan(
                entries, lambda reference: _secret(reference, file.parent), roles
            )
        except InvalidSetUp as refused:
            _refuse(refused.faults)
        if not dry_run and plan.differences:
            await _log(context, plan, by)
            try:
                await service.apply(plan)
            except Conflict:
                raise Failed("something was changed meanwhile: apply the file again") from None
        return plan

    plan = run(work)
    if as_json:
        print_json([_fields(each) for each in plan.differences])
        return
    for difference in plan.differences:
        typer.echo("\n".join(_lines(difference)))
    if not plan.differences:
        typer.echo("nothing to change")
    elif dry_run:
        typer.echo("nothing was changed (--dry-run)")


def export() -> None:
    """Print administrators, clients and resources as a file for `apply`, without secrets."""

    async def work(context: AppContext) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        people = await _administrators(context).export()
        return {"administrators": people, **await _service(context).export()}

    typer.echo(to_toml(run(work)), nl=False)


def to_toml(tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Arrays of tables in TOML 1.0; values are texts, numbers, flags, arrays and tables."""
    blocks = []
    for name, entries in tables.items():
        for entry in entries:
            lines = [f"{_key(key)} = {_value(value)}" for key, value in entry.items()]
            blocks.append("\n".join([f"[[{name}]]", *lines, ""]))
    return "\n".join(blocks)


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            # JSON escapes all that TOML refuses in a text, apart from DEL.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            pairs = (f"{_key(key)} = {_value(inner)}" for key, inner in value.items())
            return f"{{ {', '.join(pairs)} }}"
    raise TypeError(f"{type(value).__name__} has no spelling here")


def _key(text: str) -> str:
    return text if _BARE_KEY.fullmatch(text) else _value(text)


def _read(file: Path) -> Entries:
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as fault:
        where = re.search(r"\(at .*\)", str(fault))
        _refuse([f"the file is not TOML {where[0] if where else ''}".strip()])
    faults = [_foreign(name) for name in document if name not in _READERS]
    read: dict[str, list[Any]] = {name: [] for name in _READERS}
    for name, reader in _READERS.items():
        found = document.get(name, [])
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            faults.append(f"{name} must be an array of tables: [[{name}]]")
            continue
        for number, table in enumerate(found, 1):
            try:
                read[name].append(reader(table))
            except InvalidEntry as fault:
                faults.append(f"{name}, number {number}: {fault}")
    if faults:
        _refuse(faults)
    return Entries(**{name: tuple(entries) for name, entries in read.items()})


def _foreign(name: str) -> str:
    """Why the file may not have this table."""
    if name == "policies" or name in {each.name for each in fields(Settings)}:
        where = "[tokens], [accounts], [limits]…" if name == "policies" else f"[{name}]"
        return (
            f"{name} are settings: write {where} into the file that QUANTIMODO_CONFIG names, and"
            " check it by: quantimodo settings show"
        )
    return f"{name} is not a table of this file: it has {', '.join(_READERS)}"


def _secret(reference: str, folder: Path) -> str:
    kind, _, name = reference.partition(":")
    if kind == "env" and name:
        if not os.environ.get(name):
            raise LookupError("the environment variable is not set")
        return os.environ[name].strip()
    if kind == "file" and name:
        try:
            return (folder / name).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise LookupError("the file cannot be read") from None
    raise LookupError('must be a reference: "env:NAME" or "file:PATH"')


def _administrators(context: AppContext) -> AdministratorSetUps:
    return AdministratorSetUps(
        users=context.stores.users,
        search=context.stores.people_search,
        clock=context.clock,
        entropy=context.entropy,
    )


async def _log(context: AppContext, plan: Plan, by: Authority) -> None:
    """Record what is about to be done to people, as `users promote` and `demote` do."""
    log = admin_log(context)
    for action, people in (("promote", plan.roles.promoted), ("demote", plan.roles.demoted)):
        for user in people:
            await log.record(by, f"person.{action}", user_id=user.id)


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
    yield f"{'change' if difference.before else 'add'} {difference.what} {difference.name}"
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) == after.get(name):
            continue
        if name == "client_secret":
            yield "  client_secret: another one"
            continue
        old = _value(before[name]) if name in before else "(default)"
        new = _value(after[name]) if name in after else "(default)"
        yield f"  {name}: {new}" if difference.before is None else f"  {name}: {old} -> {new}"
