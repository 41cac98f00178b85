"""The content of the API reference, read from the OpenAPI document.

Owns the selection and the order.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from markupsafe import Markup

from quantimodo.pages.reference.examples import format_json, samples
from quantimodo.pages.reference.model import (
    DOCS,
    DocumentedResponse,
    Field,
    Group,
    Json,
    Operation,
    Schema,
    inline,
    paragraphs,
    slug,
)

_SCHEMAS = "#/components/schemas/"
_OF_PROVIDERS = "Providers"


def groups_of(document: Json) -> Sequence[Group]:
    """The groups with their operations, in the order of the document. An operation that is the
    twin of another one is with that."""
    shared = _shared(document)
    able = callable_operations(document)
    return [
        Group(tag["name"], inline(tag["description"]), _of_tag(document, tag["name"], shared, able))
        for tag in document["tags"]
    ]


def schemas_of(document: Json, groups: Sequence[Group]) -> Mapping[str, Schema]:
    """The schemas by name, in the order of their names."""
    schemas = document["components"]["schemas"]
    users = _users(document, groups)
    return {
        name: Schema(
            name,
            paragraphs(schemas[name].get("description", "")),
            [
                _field(member, _resolved(document, inner), member in required, _name_in(inner))
                for required in [schemas[name].get("required", ())]
                for member, inner in schemas[name].get("properties", {}).items()
            ],
            users.get(name, ()),
            format_json(schemas[name]),
        )
        for name in sorted(schemas)
    }


def callable_operations(document: Json) -> Mapping[str, Json]:
    """The operations that a person can send from /docs/try, by id: each once, and not those for
    browsers, for providers and for the operator."""
    return {
        operation["operationId"]: operation
        for methods in document["paths"].values()
        for operation in methods.values()
        if not operation.keys() & {"x-alias-of", "x-twin-of"}
        and _OF_PROVIDERS not in operation["tags"]
        and "303" not in operation["responses"]
        and "text/html" not in operation["responses"].get("200", {}).get("content", {})
        and not any("operator" in each for each in operation.get("security", ()))
    }


def shared_responses(document: Json) -> Sequence[DocumentedResponse]:
    """The responses that any call may get."""
    return [_response(document, status, response) for status, response in _shared(document).items()]


def _of_tag(
    document: Json, tag: str, shared: Collection[str], able: Collection[str]
) -> Sequence[Operation]:
    operations: dict[str, Operation] = {}
    twins: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if tag in operation["tags"] and "x-alias-of" not in operation:
                made = _operation(document, method, path, shared)
                made = replace(made, callable=made.id in able)
                if main := operation.get("x-twin-of"):
                    twins.setdefault(main, []).append(made)
                else:
                    operations[made.id] = made
    return [
        replace(main, twins=[_as_twin(each, main) for each in twins.get(main.id, ())])
        for main in operations.values()
    ]


def _as_twin(operation: Operation, main: Operation) -> Operation:
    """The same operation, with references to `main` instead of repeated parts."""
    same = operation.parameters == main.parameters != []
    return replace(
        operation,
        parameters_of=main if same else None,
        responses_of=main if operation.responses == main.responses else None,
    )


def _operation(document: Json, method: str, path: str, shared: Collection[str]) -> Operation:
    """`shared`: the statuses that any call may get."""
    operation = document["paths"][path][method]
    where, schema, parameters = _parameters(document, operation)
    own, main = operation["operationId"], operation.get("x-twin-of")
    page = f"{DOCS}/{slug(operation['tags'][0])}/{main or own}"
    return Operation(
        id=own,
        address=f"{page}#{own}" if main else page,
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        text=paragraphs(operation["description"]),
        aliases=[
            alias
            for alias, methods in document["paths"].items()
            if methods.get(method, {}).get("x-alias-of") == path
        ],
        schemes=list(_schemes(document, operation)),
        parameters_in=where,
        parameters_schema=schema,
        parameters=parameters,
        samples=list(samples(document, method, path, operation)),
        responses=[
            _response(document, status, response)
            for status, response in operation["responses"].items()
            if status not in shared or "$ref" not in response
        ],
        callable=False,
    )


def _schemes(document: Json, operation: Json) -> Iterator[Markup]:
    """The schemes by which a caller authenticates, in the words of the document."""
    schemes = document["components"]["securitySchemes"]
    for required in operation.get("security", ()):
        for name, scopes in required.items():
            text = schemes[name]["description"]
            if scopes:
                text += f" Scope {' '.join(f'`{scope}`' for scope in scopes)}."
            yield inline(text)
        if not required:
            yield Markup("By the parameters below.")


def _parameters(document: Json, operation: Json) -> tuple[str, str, list[Field]]:
    """The location of the parameters, the name of their schema, and the parameters; those in the
    path come first, and say so."""
    every = operation.get("parameters", ())
    in_path = [
        replace(field, kind=f"{field.kind} in the path")
        for each in every
        if each["in"] == "path"
        for field in [_field(each["name"], {**each["schema"], **each}, required=True)]
    ]
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]
        (schema, *_) = (media["schema"] for media in content.values())
        name = _name_in(schema)
        schema = schema.get("items", schema)  # one of many
        return " or ".join(content), name, [*in_path, *_fields(document, schema)]
    in_query = [
        _field(each["name"], {**each["schema"], **each}, each["required"])
        for each in every
        if each["in"] == "query"
    ]
    return "query" if in_query else "", "", [*in_path, *in_query]


def _fields(document: Json, schema: Json, within: str = "") -> Iterator[Field]:
    """The fields of a schema, those inside of others after them."""
    schema = _resolved(document, schema)
    for name, inner in schema.get("properties", {}).items():
        resolved = _resolved(document, inner)
        yield _field(within + name, resolved, name in schema.get("required", ()), _name_in(inner))
        if resolved.get("type") == "array":
            yield from _fields(document, resolved["items"], f"{within}{name}[].")
        else:
            yield from _fields(document, resolved, f"{within}{name}.")


def _field(name: str, schema: Json, required: bool, link: str = "") -> Field:
    return Field(
        name=name,
        kind=_kind(schema),
        required=required,
        deprecated=schema.get("deprecated", False),
        text=inline(schema.get("description", "")),
        choices=[format_json(choice).strip('"') for choice in schema.get("enum", ())],
        schema=link,
    )


def _kind(schema: Json) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if "$ref" in schema:
        return _name_in(schema)
    return "string" if "enum" in schema else str(schema.get("type", "object"))


def _response(document: Json, status: str, response: Json) -> DocumentedResponse:
    content = response.get("content", {})
    json = content.get("application/json", {})
    schema = json.get("schema", {})
    return DocumentedResponse(
        status=status,
        text=inline(response["description"]),
        media_types=list(content),
        headers=[
            (name, inline(_resolved(document, header)["description"]))
            for name, header in response.get("headers", {}).items()
        ],
        fields=list(_fields(document, schema.get("items", schema))),
        examples=[
            (name, format_json(example["value"]))
            for name, example in json.get("examples", {}).items()
        ],
        schema=_name_in(schema),
    )


def _shared(document: Json) -> dict[str, Json]:
    """The responses that are the same everywhere, by status."""
    references = {
        status: response
        for methods in document["paths"].values()
        for operation in methods.values()
        for status, response in operation["responses"].items()
        if "$ref" in response
    }
    return {
        status: _resolved(document, response) for status, response in sorted(references.items())
    }


def _users(document: Json, groups: Sequence[Group]) -> Mapping[str, list[Operation]]:
    """The operations that name a schema."""
    users: dict[str, list[Operation]] = {}
    for operation in (each for group in groups for main in group.operations for each in main.all):
        described = document["paths"][operation.path][operation.method.lower()]
        for name in sorted(set(_names_in(described))):
            users.setdefault(name, []).append(operation)
    return users


def _names_in(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if str(part.get("$ref", "")).startswith(_SCHEMAS):
            yield _name_in(part)
        for each in part.values():
            yield from _names_in(each)
    elif isinstance(part, list):
        for each in part:
            yield from _names_in(each)


def _name_in(schema: Json) -> str:
    """The name of the schema that this one is, or has one or many of; "" for none."""
    choices = [schema, schema.get("items", {}), *schema.get("anyOf", ())]
    references = [each["$ref"] for each in choices if "$ref" in each]
    return references[0].removeprefix(_SCHEMAS) if len(references) == 1 else ""


def _resolved(document: Json, value: Json) -> Json:
    """The target of a reference into the document; other values unchanged."""
    if "$ref" not in value:
        return value
    target: Any = document
    for step in value["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return target  # type: ignore[no-any-return]
