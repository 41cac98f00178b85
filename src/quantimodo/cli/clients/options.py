"""Options of `quantimodo clients` that are made from the table of client metadata fields."""

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any

import typer

from quantimodo.model.clients import Client
from quantimodo.protocol.client_field_row import ClientField
from quantimodo.protocol.client_fields import FIELDS
from quantimodo.protocol.registration import value_of

_TYPES: Mapping[str, Any] = {
    "flag": bool,
    "number": int,
    "texts": list[str],
    "names": list[str],
}
_OPTIONS = {field.name: field for field in FIELDS if field.option is not None}


def client_options(
    names: Collection[str] = tuple(_OPTIONS), required: Collection[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Replace `**options` of a command by an option for each of these fields."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command)
        own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
        made = [_parameter(_OPTIONS[name], name in required) for name in names]
        ordered = sorted((*made, *own), key=lambda each: each.default is not each.empty)
        command.__signature__ = signature.replace(parameters=ordered)  # type: ignore[attr-defined]
        command.__annotations__ = {each.name: each.annotation for each in ordered}
        return command

    return decorate


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were given, by the names in the table and in the types of a registration."""
    values = {}
    for name, field in _OPTIONS.items():
        value = options.get(field.option.name) if field.option else None
        if value is not None:
            values[name] = _typed(field, value)
    return values


def client_fields(client: Client) -> dict[str, Any]:
    """The fields that have an option, for output."""
    return {name: _shown(field, value_of(client, field)) for name, field in _OPTIONS.items()}


def _parameter(field: ClientField, required: bool) -> inspect.Parameter:
    option = field.option
    if option is None:
        raise ValueError(f"{field.name} has no option")
    kind: Any = _TYPES.get(field.kind, str)
    flags = (option.flags,) if option.flags else ()
    return inspect.Parameter(
        option.name,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=inspect.Parameter.empty if required else None,
        annotation=Annotated[
            kind if required else kind | None, typer.Option(*flags, help=option.help)
        ],
    )


def _typed(field: ClientField, value: Any) -> Any:
    match field.kind:
        case "words":
            return frozenset(value.split())
        case "texts":
            return tuple(value)
        case "names":
            return frozenset(value)
        case _:
            return value


def _shown(field: ClientField, value: Any) -> Any:
    match field.kind:
        case "words":
            return " ".join(sorted(value))
        case "texts":
            return list(value)
        case "names":
            return sorted(value)
        case _:
            return value
