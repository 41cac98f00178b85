"""GET /docs: the API reference, generated from the OpenAPI document only.

Owns the selection and the order. `openapi` makes the document once, at start; the content of the
page is made once too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from quantimodo.pages.page_context import PageContext
from quantimodo.pages.reference_examples import calls, spelled_json

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One parameter, or one field of a response; `error.code` is a field inside `error`."""

    name: str
    kind: str
    required: bool
    deprecated: bool
    text: Markup
    choices: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentedResponse:
    """The response with one status."""

    status: str
    text: Markup
    media_types: Sequence[str]
    headers: Sequence[tuple[str, Markup]]
    fields: Sequence[Field]
    examples: Sequence[tuple[str, str]]

    @property
    def good(self) -> bool:
        """Whether it is the response of a request that succeeds."""
        return self.status < "400"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one address. `aliases` are its other addresses.

    `parameters_of` and `responses_of`: an earlier operation that has the same ones.
    """

    id: str
    method: str
    path: str
    summary: str
    text: Markup
    aliases: Sequence[str]
    schemes: Sequence[Markup]
    parameters_in: str
    parameters: Sequence[Field]
    calls: Sequence[tuple[str, str]]
    responses: Sequence[DocumentedResponse]
    parameters_of: "Operation | None" = None
    responses_of: "Operation | None" = None


@dataclass(frozen=True, slots=True)
class Group:
    """The operations under one heading."""

    name: str
    text: Markup
    operations: list[Operation] = field(default_factory=list)


class ReferencePage:
    """The page of one document, which is read at the first request."""

    __slots__ = ("_content", "_document", "_page_context")

    def __init__(self, page_context: PageContext, document: Json) -> None:
        self._page_context = page_context
        self._document = document
        self._content: Mapping[str, Any] | None = None

    async def show(self, request: Request) -> Response:
        """GET /docs: the OpenAPI document as a page."""
        if self._content is None:
            self._content = _content(self._document)
        browser_request = await self._page_context.browser_request(request)
        return self._page_context.show(
            request, browser_request, "reference.html", section="docs", **self._content
        )


def _content(document: Json) -> Mapping[str, Any]:
    """What the template shows."""
    shared = _shared(document).items()
    return {
        "issuer": document["servers"][0]["url"],
        "about": paragraphs(document["info"]["description"]),
        "groups": list(_groups(document)),
        "shared": [_response(document, status, response) for status, response in shared],
    }


def paragraphs(text: str) -> Markup:
    """A description of the document: paragraphs, with code between backticks."""
    return Markup("").join(Markup("<p>{}</p>").format(inline(part)) for part in text.split("\n\n"))


def inline(text: str) -> Markup:
    """One paragraph's content."""
    parts = (
        Markup("<code>{}</code>").format(part) if number % 2 else Markup.escape(part)
        for number, part in enumerate(text.split("`"))
    )
    return Markup("").join(parts)


def _groups(document: Json) -> Iterator[Group]:
    for tag in document["tags"]:
        group = Group(tag["name"], inline(tag["description"]))
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if tag["name"] in operation["tags"] and "x-alias-of" not in operation:
                    found = _operation(document, method, path, operation)
                    group.operations.append(_briefly(found, group.operations))
        yield group


def _briefly(operation: Operation, above: Sequence[Operation]) -> Operation:
    """The same operation, with references to `above` instead of repeated parts."""
    same = [each for each in above if each.parameters == operation.parameters != []]
    alike = [each for each in above if each.responses == operation.responses]
    return replace(
        operation,
        parameters_of=same[0] if same else None,
        responses_of=alike[0] if alike else None,
    )


def _operation(document: Json, method: str, path: str, operation: Json) -> Operation:
    shared = _shared(document)
    where, parameters = _parameters(document, operation)
    return Operation(
        id=operation["operationId"],
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
        parameters=parameters,
        calls=list(calls(document, method, path, operation)),
        responses=[
            _response(document, status, response)
            for status, response in operation["responses"].items()
            if status not in shared or "$ref" not in response
        ],
    )


def _schemes(document: Json, operation: Json) -> Iterator[Markup]:
    """The schemes by which a caller authenticates, in the words of the document."""
    schemes = document["components"]["securitySchemes"]
    for required in operation.get("security", ()):
        yield from (inline(schemes[name]["description"]) for name in required)
        if not required:
            yield Markup("By the parameters below.")


def _parameters(document: Json, operation: Json) -> tuple[str, list[Field]]:
    """The location of the parameters, and the parameters."""
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]
        (schema, *_) = (media["schema"] for media in content.values())
        schema = schema.get("items", schema)  # one of many
        return " or ".join(content), list(_fields(document, schema))
    return "query", [
        _field(each["name"], {**each["schema"], **each}, each["required"])
        for each in operation.get("parameters", ())
        if each["in"] == "query"  # the path shows its parameters
    ]


def _fields(document: Json, schema: Json, within: str = "") -> Iterator[Field]:
    """The fields of a schema, those inside of others after them."""
    schema = _resolved(document, schema)
    for name, inner in schema.get("properties", {}).items():
        found = _resolved(document, inner)
        yield _field(within + name, found, name in schema.get("required", ()))
        if found.get("type") == "array":
            yield from _fields(document, found["items"], f"{within}{name}[].")
        else:
            yield from _fields(document, found, f"{within}{name}.")


def _field(name: str, schema: Json, required: bool) -> Field:
    return Field(
        name=name,
        kind=_kind(schema),
        required=required,
        deprecated=schema.get("deprecated", False),
        text=inline(schema.get("description", "")),
        choices=[spelled_json(choice).strip('"') for choice in schema.get("enum", ())],
    )


def _kind(schema: Json) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    return "string" if "enum" in schema else str(schema.get("type", "object"))


def _response(document: Json, status: str, response: Json) -> DocumentedResponse:
    content = response.get("content", {})
    json = content.get("application/json", {})
    return DocumentedResponse(
        status=status,
        text=inline(response["description"]),
        media_types=list(content),
        headers=[
            (name, inline(_resolved(document, header)["description"]))
            for name, header in response.get("headers", {}).items()
        ],
        fields=list(_fields(document, json.get("schema", {}))),
        examples=[
            (name, spelled_json(example["value"]))
            for name, example in json.get("examples", {}).items()
        ],
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


def _resolved(document: Json, value: Json) -> Json:
    """The target of a reference into the document; other values unchanged."""
    if "$ref" not in value:
        return value
    found: Any = document
    for step in value["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found  # type: ignore[no-any-return]
