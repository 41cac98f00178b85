"""`quantimodo resources`: the operator registers and manages APIs (RFC 8707)."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

import typer

from quantimodo.accounts.addresses import presented_email
from quantimodo.app.composition.administration import client_administration
from quantimodo.app.composition.resources import resource_registry
from quantimodo.app.composition.services import AppContext
from quantimodo.app.settings.durations import parse_duration
from quantimodo.cli.command_runner import Failed, run
from quantimodo.cli.printing import print_fields, print_json, print_table
from quantimodo.cli.users.account_actions import Reason, authority
from quantimodo.model.resources import Resource
from quantimodo.protocol.resource_registration import (
    ResourceRegistration,
    format_scope_line,
    parse_scope_line,
    resource_metadata,
    resource_registration,
)

resources = typer.Typer(
    no_args_is_help=True, help="Register and manage APIs that accept tokens of this server."
)

Identifier = Annotated[str, typer.Argument(help="The identifier: the https address of the API.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


_OPTIONS: Final[Mapping[str, tuple[Any, Any]]] = {
    "name": (str, typer.Option(help="The name that the consent page shows.")),
    "scopes": (
        list[str],
        typer.Option(
            "--scope", help="A scope, as 'name = Title: description'. Repeat for several."
        ),
    ),
    "clients": (
        list[str],
        typer.Option(
            "--client",
            help="A client_id that may request it. Repeat for several. Default: all.",
        ),
    ),
    "introspected_by": (
        list[str],
        typer.Option(
            help="A client_id with which the API introspects its tokens. Repeat for several."
        ),
    ),
    "token_format": (Literal["jwt", "opaque"], typer.Option(help="The format of access tokens.")),
    "token_lifetime": (
        str,
        typer.Option(
            help="The longest lifetime of access tokens, such as 10m; '' for that of the server."
        ),
    ),
    "documentation_uri": (
        str,
        typer.Option("--documentation", help="The https address of its documentation."),
    ),
}


def _resource_options(command: Callable[..., None]) -> Callable[..., None]:
    """Replace `**options` of a command by the options of a registration."""
    signature = inspect.signature(command)
    own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
    made = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[kind | None, option],
        )
        for name, (kind, option) in _OPTIONS.items()
    ]
    command.__signature__ = signature.replace(parameters=[*own, *made])  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in (*own, *made)}
    return command


@resources.command()
@_resource_options
def add(
    identifier: Identifier,
    owner: Annotated[str | None, typer.Option(help="The e-mail address of its owner.")] = None,
    as_json: AsJson = False,
    **options: Any,
) -> None:
    """Register an API. It needs `--name`."""
    registration = replace(ResourceRegistration(name=""), **_given(options))

    async def register(context: AppContext) -> Resource:
        owner_id = None if owner is None else await _owner_id(context, owner)
        return await resource_registry(context).register(
            identifier, registration, owner_id=owner_id, by_operator=True
        )

    _print(run(register), as_json)


@resources.command()
@_resource_options
def change(
    identifier: Identifier,
    reviewed: Annotated[
        bool | None,
        typer.Option(
            "--reviewed/--not-reviewed", help="Whether applications of other people may request it."
        ),
    ] = None,
    as_json: AsJson = False,
    reason: Reason = "",
    **options: Any,
) -> None:
    """Change the given fields. All others keep their values; '' empties a list or a lifetime."""
    given = _given(options)

    async def edit(context: AppContext) -> Resource:
        found = await _resource(context, identifier)
        registration = replace(resource_registration(found), **given)
        await client_administration(context).record_resource_change(found, authority(reason))
        return await resource_registry(context).change(
            found, registration, reviewed=reviewed, by_operator=True
        )

    _print(run(edit), as_json)


@resources.command("list")
def list_resources(as_json: AsJson = False) -> None:
    """List the APIs."""
    found = run(lambda context: context.stores.resources.resources())
    if as_json:
        print_json([_fields(each) for each in found])
        return
    columns = ("identifier", "name", "scopes", "reviewed", "created")
    print_table(
        columns,
        [
            (
                each.identifier,
                each.name,
                " ".join(one.name for one in each.scopes),
                each.reviewed,
                each.created_at,
            )
            for each in found
        ],
    )


@resources.command()
def show(
    identifier: Identifier,
    metadata: Annotated[
        bool, typer.Option(help="The document for the API's own host (RFC 9728), as JSON.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show one API, or the metadata that it publishes."""

    async def find(context: AppContext) -> tuple[Resource, dict[str, Any]]:
        found = await _resource(context, identifier)
        return found, resource_metadata(found, context.settings.issuer)

    found, document = run(find)
    if metadata:
        print_json(document)
    else:
        _print(found, as_json)


@resources.command()
def remove(identifier: Identifier, reason: Reason = "") -> None:
    """Remove an API. Its tokens become inactive, and no new ones are issued."""

    async def drop(context: AppContext) -> None:
        resource = await _resource(context, identifier)
        administration = client_administration(context)
        await administration.perform_on_resource("remove", resource, authority(reason))

    run(drop)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were given, by the attributes of a registration."""
    read: dict[str, Callable[[Any], Any]] = {
        "scopes": lambda lines: tuple(parse_scope_line(each) for each in lines if each),
        "clients": lambda ids: frozenset(filter(None, ids)),
        "introspected_by": lambda ids: frozenset(filter(None, ids)),
        "token_lifetime": _duration,
    }
    given = {name: value for name, value in options.items() if value is not None}
    return {name: read.get(name, str)(value) for name, value in given.items()}


def _duration(text: str) -> timedelta | None:
    if not text:
        return None
    try:
        return parse_duration(text)
    except ValueError:
        raise typer.BadParameter("must be a duration such as 5m or 1h") from None


async def _resource(context: AppContext, identifier: str) -> Resource:
    found = await context.stores.resources.resource(identifier)
    if found is None or found.built_in:
        raise Failed("there is no API with this identifier; see: quantimodo resources list")
    return found


async def _owner_id(context: AppContext, email: str) -> int:
    user = await context.stores.users.user_by_email(presented_email(email))
    if user is None:
        raise Failed("no account has this e-mail address")
    return user.id


def _print(resource: Resource, as_json: bool) -> None:
    (print_json if as_json else print_fields)(_fields(resource))


def _fields(resource: Resource) -> dict[str, Any]:
    lifetime = resource.token_lifetime
    return {
        "identifier": resource.identifier,
        "name": resource.name,
        "scopes": [format_scope_line(each) for each in resource.scopes],
        "clients": sorted(resource.clients),
        "introspected_by": sorted(resource.introspected_by),
        "token_format": resource.token_format,
        "token_lifetime": None if lifetime is None else f"{int(lifetime.total_seconds())}s",
        "documentation": resource.documentation_uri,
        "reviewed": resource.reviewed,
        "owner_id": resource.owner_id,
        "created_at": resource.created_at,
    }
