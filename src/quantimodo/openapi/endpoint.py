"""GET /api/openapi.json and /api/openapi.yaml."""

from functools import cached_property

import msgspec

from quantimodo.http.json import public_json
from quantimodo.http.messages import Request, Response
from quantimodo.openapi.schemas import Json
from quantimodo.openapi.yaml_text import yaml_text

_MAX_AGE = 300


class OpenApiEndpoint:
    """Serves a document that was made at start."""

    def __init__(self, document: Json) -> None:
        self._response = public_json(msgspec.json.encode(document), _MAX_AGE)

    async def __call__(self, request: Request) -> Response:
        return self._response


class OpenApiYamlEndpoint:
    """Serves the same document as YAML, which the first request makes."""

    def __init__(self, document: Json) -> None:
        self._document = document

    async def __call__(self, request: Request) -> Response:
        return self._response

    @cached_property
    def _response(self) -> Response:
        json = public_json(yaml_text(self._document).encode(), _MAX_AGE)
        headers = tuple(each for each in json.headers if each[0] != b"content-type")
        return Response(200, json.body, ((b"content-type", b"application/yaml"), *headers))
