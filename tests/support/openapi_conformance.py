"""Holds a response against the OpenAPI document: status, headers, media type, schema; strictly."""

from typing import Any

import httpx
import jsonschema_rs

Json = dict[str, Any]


def resolve(document: Json, value: Json) -> Json:
    """What a `$ref` into the document stands for; anything else is itself."""
    if "$ref" not in value:
        return value
    found: Json = document
    for step in value["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def check_schema(document: Json, schema: Json, value: Any) -> None:
    """Raises `ValidationError` unless the value has this schema."""
    whole = {**schema, "components": document["components"]}
    jsonschema_rs.Draft202012Validator(whole).validate(value)


def check_response(document: Json, method: str, path: str, response: httpx.Response) -> None:
    """The response is a described one, and says nothing that is not described."""
    described = document["paths"][path][method.lower()]["responses"]
    response_object = resolve(document, described[str(response.status_code)])
    for name, header in response_object.get("headers", {}).items():
        assert name in response.headers or not resolve(document, header)["required"], name
    if "content" not in response_object:
        assert response.content == b""
        return
    media_type = response.headers["content-type"].partition(";")[0]
    schema = response_object["content"][media_type]["schema"]
    if media_type == "application/json":
        check_schema(document, schema, response.json())
        check_known(document, schema, response.json())


def check_known(document: Json, schema: Json, value: Any) -> None:
    """Every field of the value is described, on all levels."""
    schema = resolve(document, schema)
    if isinstance(value, list):
        for item in value:
            check_known(document, schema["items"], item)
    elif isinstance(value, dict) and "properties" in schema:
        assert value.keys() <= schema["properties"].keys()
        for name, inner in value.items():
            check_known(document, schema["properties"][name], inner)
