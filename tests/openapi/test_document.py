"""The OpenAPI document: whole, valid, and about this server."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

import quantimodo
from quantimodo.crypto.tokens import Kind, key_of
from quantimodo.endpoints.routes import (
    NAMES,
    SHOWN,
    AgentEndpoints,
    agent_routes,
    api_routes,
)
from quantimodo.http.messages import Request, Response
from quantimodo.openapi.document import openapi_document
from quantimodo.openapi.table import OPERATIONS
from quantimodo.protocol.authorization import PROMPTS
from quantimodo.protocol.constants import TOKEN_EXCHANGE
from quantimodo.protocol.discovery import CHECK_SESSION, END_SESSION, metadata
from quantimodo.protocol.parameters import ALIASES
from support.app import ISSUER, AppHarness
from support.checks import not_empty
from support.openapi_conformance import check_schema, resolve

Json = dict[str, Any]
NEED_NO_PARAMETER = (END_SESSION, CHECK_SESSION)
METHODS = ("get", "post", "put", "delete", "patch", "head", "options", "trace")


@pytest.fixture(scope="module")
def document() -> Json:
    return openapi_document(ISSUER, legacy_transport=True)


@pytest.mark.parametrize("legacy", [True, False])
def test_every_route_and_method_is_described_and_nothing_else(legacy: bool) -> None:
    document = openapi_document(ISSUER, legacy_transport=legacy)
    described = {
        (path, method.upper())
        for path, item in document["paths"].items()
        for method in item
        if method in METHODS
    }
    assert described == set(_served(legacy))


def test_every_description_has_a_place() -> None:
    document = openapi_document(ISSUER, legacy_transport=True, agents=True)
    placed = {operation["operationId"] for _, _, operation in _operations(document)}
    assert {operation.id for operation in OPERATIONS} <= placed


async def test_the_addresses_answer_to_the_methods_that_are_described(harness: AppHarness) -> None:
    document = (await harness.browser().get("/api/openapi.json")).json()
    shown = {route.path for route in SHOWN}
    for path, item in not_empty(document["paths"].items()):
        if path not in shown:
            response = await harness.browser().options(path)
            allowed = set(response.headers["allow"].split(", ")) - {"HEAD", "OPTIONS"}
            assert allowed == {method.upper() for method in item}, path
        else:
            place = path.format(provider="unknown")
            for method in METHODS:
                response = await harness.browser().request(method, place)
                refused = 404 if place != path else 400
                if method in ("get", "head") and path in NEED_NO_PARAMETER:
                    refused = 200
                known = method in item or (method == "head" and "get" in item)
                assert response.status_code == (refused if known else 405), (method, path)


async def test_the_document_is_served_to_scripts_of_any_origin(harness: AppHarness) -> None:
    response = await harness.browser().get(
        "/api/openapi.json", headers={"origin": "https://app.example.org"}
    )
    assert response.json() == openapi_document(ISSUER, legacy_transport=True)
    assert response.headers["content-type"] == "application/json"
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["cache-control"] == "public, max-age=300"


@pytest.mark.parametrize("legacy", [True, False])
def test_the_document_is_valid_openapi_3_1(legacy: bool) -> None:
    document = openapi_document(ISSUER, legacy_transport=legacy)
    OPENAPI_31_VALIDATOR.validate(document)
    for schema in _schemas(document):
        jsonschema_rs.meta.validate(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
        )


def test_every_reference_leads_somewhere(document: Json) -> None:
    references = [value for name, value in _leaves(document) if name == "$ref"]
    assert references
    for reference in references:
        assert resolve(document, {"$ref": reference})


def test_every_operation_has_its_own_name_and_description(document: Json) -> None:
    operations = [operation for _, _, operation in _operations(document)]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    tags = {tag["name"] for tag in document["tags"]}
    for operation in operations:
        assert operation["summary"]
        assert operation["description"]
        assert set(operation["tags"]) <= tags


def test_every_security_scheme_that_is_required_exists(document: Json) -> None:
    schemes = document["components"]["securitySchemes"]
    operations = [operation for _, _, operation in _operations(document)]
    demands = [each for operation in operations for each in operation.get("security", ())]
    demanded = not_empty(pair for required in demands for pair in required.items())
    assert {name for name, _ in demanded} <= schemes.keys()
    # OpenAPI 3.1 lets a bearer scheme name what the token must open.
    flows = schemes["oauth2"]["flows"].values()
    scopes = {scope for _, scopes in demanded for scope in scopes}
    assert scopes <= {scope for flow in flows for scope in flow["scopes"]}
    assert scopes


def test_examples_are_what_their_schema_says(document: Json) -> None:
    seen = 0
    for media in _media(document):
        for example in media.get("examples", {}).values():
            check_schema(document, media["schema"], example["value"])
            seen += 1
    for _, _, operation in _operations(document):
        for parameter in operation.get("parameters", ()):
            for example in parameter.get("examples", {}).values():
                check_schema(document, parameter["schema"], example["value"])
    for schema in _schemas(document):
        for field in schema.get("properties", {}).values():
            for value in field.get("examples", ()):
                check_schema(document, field, value)
                seen += 1
    assert seen > 100


@pytest.mark.parametrize("legacy", [True, False])
def test_every_schema_is_referred_to(legacy: bool) -> None:
    document = openapi_document(ISSUER, legacy_transport=legacy)
    references = {value for name, value in _leaves(document) if name == "$ref"}
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert schemas == {each for each in references if each.startswith("#/components/schemas/")}


def test_a_request_body_has_one_media_type(document: Json) -> None:
    # Generators take JSON where it is offered, and then send the fields of a form.
    for path, _, operation in not_empty(_operations(document)):
        assert len(operation.get("requestBody", {}).get("content", {"one": {}})) == 1, path


def test_generators_find_a_unique_name_for_everything(document: Json) -> None:
    # They name the parameters of an operation `AddMeasurementsRequest`, and the groups of
    # operations `TokensApi`; a union without a title gets a name of theirs.
    groups = {tag["name"].replace(" ", "").replace("-", "").lower() for tag in document["tags"]}
    parameters = {f"{each['operationId']}Request".lower() for _, _, each in _operations(document)}
    titles = [schema["title"].lower() for schema in _unions(document)]
    schemas = [name.lower() for name in document["components"]["schemas"]]
    assert len(schemas) == len(set(schemas))
    for name in {*schemas, *titles}:
        assert name not in parameters
        assert name.removesuffix("api") not in groups or not name.endswith("api")
    assert not set(titles) & set(schemas)


def test_numbers_are_numbers(document: Json) -> None:
    whole = re.compile(r"(^|_)(id|limit|offset|expires_in|iat|exp|groupingWidth)$")
    for schema in _schemas(document):
        assert {"integer", "number"} != {each.get("type") for each in schema.get("anyOf", ())}
        for name, field in schema.get("properties", {}).items():
            types = {each.get("type") for each in field.get("anyOf", (field,))} - {"null"}
            assert not {"integer", "number"} <= types, name
            if whole.search(name) and not name.endswith("_id"):
                assert types == {"integer"}, name
    for path, _, operation in _operations(document):
        for each in operation.get("parameters", ()):
            if whole.search(each["name"]) and not each["name"].endswith("_id"):
                assert each["schema"]["type"] == "integer", (path, each["name"])
    headers = document["components"]["headers"]
    assert headers["TotalCount"]["schema"] == headers["RetryAfter"]["schema"] == {"type": "integer"}


def test_errors_in_examples_are_those_that_the_server_gives(document: Json) -> None:
    source = "".join(
        path.read_text("utf-8")
        for path in Path(quantimodo.__file__).parent.rglob("*.py")
        if "openapi" not in path.parts
    )
    examples = [each for media in _media(document) for each in media.get("examples", {}).values()]
    values = [example["value"] for example in examples]
    for value in not_empty(each for each in values if isinstance(each, dict) and "error" in each):
        error = value["error"]
        code = error["code"] if isinstance(error, dict) else error
        text = value.get("message") or value["error_description"]
        assert f'"{code}"' in source
        text = re.sub("the parameter [a-z_]+ is", "the parameter {name} is", text)
        assert text.partition("; the operator finds")[0] in source, text


def test_no_example_secret_could_be_real(document: Json) -> None:
    texts = [value for _, value in _leaves(document) if isinstance(value, str)]
    assert any(text.startswith("qma_") for text in texts)
    for text in texts:
        assert all(key_of(kind, text) is None for kind in Kind)
        assert "example.com" not in text


def test_spellings_of_2016_are_documented(document: Json) -> None:
    schemas = document["components"]["schemas"]
    received = {
        field["x-alias"]: name
        for kind in ("AuthorizationRequest", "TokenRequest")
        for name, field in schemas[kind]["properties"].items()
        if "x-alias" in field
    }
    assert received == ALIASES
    query = document["paths"]["/api/v2/oauth/authorize"]["get"]["parameters"]
    (client_id,) = (each for each in query if each["name"] == "client_id")
    assert "`clientId`" in client_id["description"]


def test_aliases_of_an_address_name_it(document: Json) -> None:
    aliases = {
        path: operation["x-alias-of"]
        for path, _, operation in _operations(document)
        if "x-alias-of" in operation
    }
    assert aliases == {
        "/api/v2/oauth2/authorize": "/api/v2/oauth/authorize",
        "/api/v2/oauth/access_token": "/api/v2/oauth2/access_token",
        "/api/v2/oauth/revoke": "/api/v2/oauth2/revoke",
        "/api/v2/oauth/introspect": "/api/v2/oauth2/introspect",
        "/api/v2/oauth/userinfo": "/api/v2/oauth2/userinfo",
        "/.well-known/oauth-authorization-server": "/.well-known/openid-configuration",
        "/.well-known/oauth-protected-resource": "/.well-known/oauth-protected-resource/api",
    }
    for path, method, operation in _operations(document):
        if path in aliases:
            own = document["paths"][aliases[path]][method]
            differs = {name for name in own if own[name] != operation[name]}
            assert differs == {"operationId", "description"}


def test_the_choices_are_those_of_the_metadata(document: Json) -> None:
    offered = metadata(ISSUER)
    schemas = document["components"]["schemas"]
    requested = schemas["AuthorizationRequest"]["properties"]
    assert set(requested["response_type"]["enum"]) == set(offered["response_types_supported"])
    assert set(requested["response_mode"]["enum"]) == set(offered["response_modes_supported"])
    assert set(requested["code_challenge_method"]["enum"]) == set(
        offered["code_challenge_methods_supported"]
    )
    assert all(f"`{prompt}`" in requested["prompt"]["description"] for prompt in PROMPTS)
    grants = set(schemas["TokenRequest"]["properties"]["grant_type"]["enum"]) - {TOKEN_EXCHANGE}
    # `implicit` (RFC 7591 §2) names no request to the token endpoint. Exchange is off by default.
    assert grants == set(offered["grant_types_supported"]) - {"implicit"}
    assert schemas["ServerMetadata"]["properties"].keys() == offered.keys()
    flow = document["components"]["securitySchemes"]["oauth2"]["flows"]["authorizationCode"]
    assert set(flow["scopes"]) == set(offered["scopes_supported"])
    assert flow["tokenUrl"] == offered["token_endpoint"]
    assert flow["authorizationUrl"] == offered["authorization_endpoint"]


def test_without_legacy_transport_nothing_of_it_is_described() -> None:
    document = openapi_document(ISSUER, legacy_transport=False)
    assert set(document["paths"]["/api/v2/oauth2/access_token"]) == {"post"}
    assert "tokenInQuery" not in document["components"]["securitySchemes"]
    for _, _, operation in _operations(document):
        assert {"tokenInQuery": []} not in operation.get("security", [])


def test_the_mcp_server_is_described_where_it_is_served() -> None:
    without = openapi_document(ISSUER, legacy_transport=False)
    document = openapi_document(ISSUER, legacy_transport=False, agents=True)
    assert "/mcp" not in without["paths"]
    assert "Agents" not in {tag["name"] for tag in without["tags"]}
    served = {
        (route.path, method.lower())
        for route in agent_routes(AgentEndpoints(_nowhere, _nowhere))
        for method in route.methods - {"HEAD"}
    }
    described = {(path, method) for path, method, _ in _operations(document)}
    assert described - {(path, method) for path, method, _ in _operations(without)} == served
    assert served
    OPENAPI_31_VALIDATOR.validate(document)
    test_every_reference_leads_somewhere(document)
    test_examples_are_what_their_schema_says(document)
    test_every_operation_has_its_own_name_and_description(document)
    test_every_security_scheme_that_is_required_exists(document)
    message = document["paths"]["/mcp"]["post"]
    assert set(message["requestBody"]["content"]) == {"application/json"}
    assert {"200", "202", "401", "403", "421"} <= message["responses"].keys()


async def _nowhere(request: Request) -> Response:
    raise AssertionError


def _served(legacy: bool) -> Iterator[tuple[str, str]]:
    """The operations that the tables serve. HEAD goes with GET, and is described once."""
    nothing = dict.fromkeys(NAMES, _nowhere)
    for route in api_routes(nothing, legacy_transport=legacy):
        assert "HEAD" not in route.methods or "GET" in route.methods
        yield from ((route.path, method) for method in route.methods - {"HEAD"})
    yield from ((route.path, method) for route in SHOWN for method in route.methods)


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        yield from ((path, method, operation) for method, operation in item.items())


def _media(document: Json) -> Iterator[Json]:
    """Every described body."""
    responses = list(document["components"]["responses"].values())
    for _, _, operation in _operations(document):
        if "requestBody" in operation:
            responses.append(operation["requestBody"])
        responses += [resolve(document, response) for response in operation["responses"].values()]
    for response in responses:
        yield from response.get("content", {}).values()


def _schemas(document: Json) -> Iterator[Json]:
    yield from document["components"]["schemas"].values()
    yield from (media["schema"] for media in _media(document))
    for _, _, operation in _operations(document):
        yield from (each["schema"] for each in operation.get("parameters", ()))


def _unions(document: Json) -> Iterator[Json]:
    """Every schema that may be of more than one type, null aside."""
    for schema in _schemas(document):
        for each in (schema, *schema.get("properties", {}).values()):
            types = [one for one in each.get("anyOf", ()) if one != {"type": "null"}]
            if len(types) > 1:
                yield each


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, name)
    else:
        yield name, value
