"""The OpenAPI document (being written)."""

import msgspec

from quantimodo.wire.exchange import Request, Response
from quantimodo.wire.json import public_json


class OpenApiEndpoint:
    def __init__(self, issuer: str) -> None:
        document = {"openapi": "3.1.0", "info": {"title": "quantimodo", "version": "0"}}
        self._response = public_json(msgspec.json.encode(document), max_age=300)

    async def __call__(self, request: Request) -> Response:
        return self._response
