"""Types as JSON Schema (2020-12), under `components/schemas`."""

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict, get_args, get_origin, is_typeddict

import msgspec

from quantimodo.openapi.operation import Operation
from quantimodo.protocol.parameters import ALIASES

Json = dict[str, Any]

_TEMPLATE = "#/components/schemas/{name}"


_typed_dict: Any = TypedDict


def typed_dict(name: str, doc: str, members: Mapping[str, Any], *, total: bool = False) -> Any:
    """A type whose members come from a table. `total`: all of them are required."""
    kind = _typed_dict(name, members, total=total)
    kind.__doc__ = doc
    return kind


def reference(kind: Any) -> Json:
    """The schema of one type: a reference, or inline when it has no name."""
    if is_typeddict(kind):
        return {"$ref": _TEMPLATE.format(name=kind.__name__)}
    if get_origin(kind) is list:
        return {"type": "array", "items": reference(get_args(kind)[0])}
    return msgspec.json.schema(kind)


def component_schemas(operations: Iterable[Operation], sent: Iterable[Any] = ()) -> dict[str, Json]:
    """The schemas of all named types of these operations, and of those that webhooks send."""
    requested: list[Any] = []
    responded: list[Any] = list(sent)
    for operation in operations:
        requested += [kind for kind in _requested(operation) if kind is not None]
        for response in operation.responses.values():
            responded += [content.type for content in response.content]
    _, schemas = msgspec.json.schema_components([*requested, *responded], ref_template=_TEMPLATE)
    for kind in requested:
        _describe_aliases(schemas[kind.__name__])
    for kind in [*requested, *responded]:
        _restore_order(get_args(kind)[0] if get_origin(kind) is list else kind, schemas)
    return {name: schemas[name] for name in sorted(schemas)}


def _requested(operation: Operation) -> tuple[Any, ...]:
    return operation.query, operation.path, operation.body


def _restore_order(kind: Any, schemas: dict[str, Json]) -> None:
    """Fields in the order of the type, where msgspec sorts them by name."""
    if is_typeddict(kind):
        schema = schemas[kind.__name__]
        schema["properties"] = {name: schema["properties"][name] for name in kind.__annotations__}


def _describe_aliases(schema: Json) -> None:
    """v2-api.md §1: the parameters that clients of 2016 spell differently."""
    for alias, name in ALIASES.items():
        field = schema["properties"].get(name)
        if field is not None and "x-alias" not in field:
            field["x-alias"] = alias
            field["description"] += f" Clients of 2016 spell it `{alias}`."
