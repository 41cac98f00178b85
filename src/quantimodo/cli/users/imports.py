"""`quantimodo users import`: adds accounts of another server, from a file."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from quantimodo.accounts.user_imports import InvalidRecord, Seen, UserImports
from quantimodo.app.composition.provider_policies import provider_policies
from quantimodo.app.composition.services import AppContext
from quantimodo.app.settings.reading import Settings
from quantimodo.cli.command_runner import Failed, print_error, run
from quantimodo.cli.option_groups import option_group
from quantimodo.cli.printing import print_json
from quantimodo.cli.users.import_files import Form, Record, form_of, read_records
from quantimodo.cli.users.import_firebase import read_hash_config
from quantimodo.federation.provider_table import issuer_of
from quantimodo.model.user_imports import ImportedPerson
from quantimodo.ports.stores import Conflict

_BATCH: Final = 100  # one transaction each
_MOST_LINES: Final = 100


@dataclass(slots=True)
class _Counts:
    added: int = 0
    present: int = 0
    conflicts: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions:
    """The options of `users import` that say how the file is read."""

    form: Annotated[
        Form | None,
        typer.Option("--format", help="The format of the file. Default: by the end of its name."),
    ] = None
    trust_emails: Annotated[
        bool,
        typer.Option(
            "--trust-emails", help="Accept the addresses that the file calls verified as confirmed."
        ),
    ] = False
    consents: Annotated[
        bool,
        typer.Option("--consents", help="Import the consents in a realm file of Keycloak too."),
    ] = False
    hash_config: Annotated[
        Path | None,
        typer.Option(
            "--hash-config",
            help="A file with the hash parameters of a project of Firebase.",
            exists=True,
            dir_okay=False,
        ),
    ] = None


@option_group(FileOptions, "options")
def import_users(
    file: Annotated[Path, typer.Argument(help="The file.", exists=True, dir_okay=False)],
    options: FileOptions,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Check the file, and print what it would add; change nothing."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Add the people of a file, with password hashes, identities and consents.

    The whole file is checked first; with one fault nothing is added. Existing accounts are
    not changed, so an import that was interrupted can be repeated.
    """

    async def work(context: AppContext) -> _Counts:
        imports = _service(context, options.trust_emails)
        path = options.hash_config
        records = partial(
            read_records,
            file,
            options.form or form_of(file),
            consents=options.consents,
            hash_config=None if path is None else read_hash_config(path),
        )
        await _check(imports, records())
        return await _import(context, imports, _people(imports, records()), dry_run)

    counts = run(work)
    for line in counts.conflicts[:_MOST_LINES]:
        print_error(line)
    if as_json:
        found = {"added": counts.added, "present": counts.present}
        print_json({**found, "conflicts": len(counts.conflicts), "dry_run": dry_run})
    else:
        verb = "would be added" if dry_run else "added"
        typer.echo(f"{counts.added} {verb}, {counts.present} here already")
    if counts.conflicts:
        raise typer.Exit(1)


def _service(context: AppContext, trust_emails: bool) -> UserImports:
    return UserImports(
        store=context.stores.user_imports,
        clients=context.stores.clients,
        issuers=_issuers(context.settings),
        trust_emails=trust_emails,
        clock=context.clock,
        entropy=context.entropy,
        audit=context.audit,
    )


def _issuers(settings: Settings) -> Mapping[str, str]:
    return {policy.name: issuer_of(policy) for policy in provider_policies(settings)}


async def _people(
    imports: UserImports, records: Iterator[Record]
) -> AsyncIterator[tuple[str, ImportedPerson]]:
    """The people of a file that was checked."""
    for record in records:
        try:
            yield record.where, await imports.parse(record.fields)
        except InvalidRecord:
            raise Failed("the file was changed meanwhile: import it again") from None


async def _check(imports: UserImports, records: Iterator[Record]) -> None:
    """Print all faults of the file, and fail if there are any."""
    seen, faults = Seen(), 0
    for record in records:
        if record.fault:
            lines: tuple[str, ...] = (record.fault,)
        else:
            try:
                lines = tuple(seen.faults(await imports.parse(record.fields)))
            except InvalidRecord as refused:
                lines = refused.faults
        for line in lines:
            faults += 1
            if faults <= _MOST_LINES:
                print_error(f"{record.where}: {line}")
    if faults:
        raise Failed(f"{faults} fault{'s' if faults > 1 else ''}: nothing was added")


async def _import(
    context: AppContext,
    imports: UserImports,
    people: AsyncIterator[tuple[str, ImportedPerson]],
    dry_run: bool,
) -> _Counts:
    counts = _Counts()
    batch: list[tuple[str, ImportedPerson]] = []

    async def finish() -> None:
        persons = [person for _, person in batch]
        outcomes = await (imports.examine(persons) if dry_run else imports.write(persons))
        for (where, _), outcome in zip(batch, outcomes, strict=True):
            counts.added += outcome.state == "added"
            counts.present += outcome.state == "present"
            if outcome.state == "conflict":
                text = "another account here has its subject, its address or an identity: not added"
                counts.conflicts.append(f"{where}: {text}")
        batch.clear()
        await context.audit.flush()

    try:
        async for entry in people:
            batch.append(entry)
            if len(batch) == _BATCH:
                await finish()
        if batch:
            await finish()
    except Conflict:
        raise Failed(
            "another writer added one of these people meanwhile: import the file again"
        ) from None
    return counts
