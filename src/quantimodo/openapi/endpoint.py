"""GET /api/openapi.json."""

import msgspec

from quantimodo.http.json import public_json
from quantimodo.http.messages import Request, Response
from quantimodo.openapi.schemas import Json


class OpenApiEndpoint:
    """Serves a document that was made at start."""

    def __init__(self, document: Json) -> None:
        self._response = public_json(msgspec.json.encode(document), max_age=300)

    async def __call__(self, request: Request) -> Response:
        return self._response
