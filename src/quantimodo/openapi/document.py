"""Renders the descriptions as an OpenAPI 3.1 document."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from quantimodo import __version__
from quantimodo.openapi.events import DATA, webhooks
from quantimodo.openapi.operation import Content, Operation, Response
from quantimodo.openapi.responses import HEADERS, RESPONSES
from quantimodo.openapi.schemas import Json, component_schemas, reference
from quantimodo.openapi.security_schemes import security_schemes
from quantimodo.openapi.table import ABOUT, OPERATIONS, Place, places
from quantimodo.openapi.tags import TAGS


@lru_cache(maxsize=4)
def openapi_document(issuer: str, *, legacy_transport: bool, agents: bool = False) -> Json:
    """The whole document for this issuer, made once for the process; callers must not change it.
    `agents`: whether the server has `/mcp`."""
    schemes = security_schemes(issuer, legacy_transport=legacy_transport)
    schemas, sent = component_schemas(OPERATIONS, DATA.values()), webhooks()
    paths = _Paths(schemas, frozenset(schemes))
    described = dict(paths.of(places(legacy_transport=legacy_transport, agents=agents)))
    tags = {tag for item in described.values() for each in item.values() for tag in each["tags"]}
    responses = {name: _response(response) for name, response in RESPONSES.values()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "QuantiModo",
            "version": __version__,
            "description": ABOUT,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": issuer}],
        "externalDocs": {"url": f"{issuer}/docs", "description": "The API reference."},
        "tags": [{"name": name, "description": TAGS[name]} for name in TAGS if name in tags],
        "paths": described,
        "webhooks": sent,
        "components": {
            "schemas": _used(schemas, described, responses, sent),
            "responses": responses,
            "headers": {name: _header(name) for name in HEADERS},
            "securitySchemes": schemes,
        },
    }


@dataclass(frozen=True, slots=True)
class _Paths:
    """`schemes`: the authentication methods that this server offers."""

    schemas: Mapping[str, Json]
    schemes: frozenset[str]

    def of(self, at: Iterable[Place]) -> Iterator[tuple[str, Json]]:
        owners: dict[str, str] = {}
        for place in at:
            owner = owners.setdefault(place.name, place.path)
            yield place.path, self._path(place, None if owner == place.path else owner)

    def _path(self, place: Place, alias_of: str | None) -> Json:
        return {
            each.method.lower(): self._operation(each, alias_of)
            for each in OPERATIONS
            if each.route == place.name and each.method in place.methods
        }

    def _operation(self, operation: Operation, alias_of: str | None) -> Json:
        spelled: Json = {
            "operationId": operation.id,
            "tags": [operation.tag],
            "summary": operation.summary,
            "description": operation.description,
        }
        if alias_of is not None:
            spelled["operationId"] += "Alias"
            spelled["description"] = f"The same endpoint as `{operation.method} {alias_of}`."
            spelled["x-alias-of"] = alias_of
        if operation.twin_of:
            spelled["x-twin-of"] = operation.twin_of
        if parameters := [
            *self._parameters(operation, "path"),
            *self._parameters(operation, "query"),
        ]:
            spelled["parameters"] = parameters
        if operation.body is not None:
            spelled["requestBody"] = _request_body(operation)
        if operation.security:
            required = operation.security
            spelled["security"] = [dict(each) for each in required if each.keys() <= self.schemes]
        spelled["responses"] = dict(sorted(_responses(operation)))
        return spelled

    def _parameters(self, operation: Operation, place: Literal["path", "query"]) -> Iterator[Json]:
        kind = operation.path if place == "path" else operation.query
        if kind is None:
            return
        schema = self.schemas[kind.__name__]
        for name, field in schema["properties"].items():
            yield {
                "name": name,
                "in": place,
                "required": name in schema["required"],
                **{key: field[key] for key in _OF_PARAMETER if key in field},
                "schema": {key: field[key] for key in field if key not in _OF_PARAMETER},
                **_examples_of(name, operation),
            }


_SCHEMAS = "#/components/schemas/"
_OF_PARAMETER = ("description", "deprecated", "x-alias")


def _examples_of(parameter: str, operation: Operation) -> Json:
    """The values of this parameter in the examples of the operation."""
    named = {
        name: fields[parameter]
        for name, fields in operation.examples.items()
        if parameter in fields
    }
    return {"examples": _values(named)} if named else {}


def _request_body(operation: Operation) -> Json:
    schema = reference(operation.body)
    if operation.many:
        schema = {"type": "array", "minItems": 1, "items": schema}
    media = {"schema": schema, "examples": _values(operation.examples)}
    return {
        "required": bool(operation.body.__required_keys__),
        "content": dict.fromkeys(operation.bodies, media),
    }


def _responses(operation: Operation) -> Iterator[tuple[str, Json]]:
    for status, response in operation.responses.items():
        yield str(status), _response(response)
    for status in operation.shared:
        yield str(status), {"$ref": f"#/components/responses/{RESPONSES[status][0]}"}


def _response(response: Response) -> Json:
    spelled: Json = {"description": response.description}
    if response.headers:
        spelled["headers"] = {
            HEADERS[name].name: {"$ref": f"#/components/headers/{name}"}
            for name in response.headers
        }
    if response.content:
        spelled["content"] = {each.media_type: _content(each) for each in response.content}
    return spelled


def _content(content: Content) -> Json:
    spelled: Json = {"schema": reference(content.type)}
    if content.examples:
        spelled["examples"] = _values(content.examples)
    return spelled


def _header(name: str) -> Json:
    header = HEADERS[name]
    return {
        "description": header.description,
        "required": header.required,
        "schema": {"type": "integer" if header.integer else "string"},
    }


def _used(schemas: Mapping[str, Json], *documents: Any) -> Json:
    """The schemas that are referenced; parameters are inlined."""
    names: set[str] = set()
    waiting = [name for part in documents for name in _referred(part)]
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.add(name)
            waiting += _referred(schemas[name])
    return {name: schema for name, schema in schemas.items() if name in names}


def _referred(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        reference = part.get("$ref", "")
        if reference.startswith(_SCHEMAS):
            yield reference.removeprefix(_SCHEMAS)
        for each in part.values():
            yield from _referred(each)
    elif isinstance(part, list):
        for each in part:
            yield from _referred(each)


def _values(examples: Mapping[str, Any]) -> Json:
    return {name: {"value": value} for name, value in examples.items()}
