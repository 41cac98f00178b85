"""Endpoints for monitoring: liveness, readiness, and metrics."""

from dataclasses import dataclass

from quantimodo.crypto.digests import compare_digest
from quantimodo.http.errors import NotFound
from quantimodo.http.json import private_json
from quantimodo.http.messages import Request, Response
from quantimodo.keys.keyring import Keyring
from quantimodo.model.secrets import Secret
from quantimodo.ops.metrics import Metrics
from quantimodo.ports.stores import OpenDatabase

_TEXT = (
    (b"content-type", b"text/plain; version=0.0.4; charset=utf-8"),
    (b"cache-control", b"no-store"),
)


async def alive(request: Request) -> Response:
    """200 while the process responds. The database and the keys are not checked."""
    return private_json(200, {"status": "ok"})


@dataclass(frozen=True, slots=True)
class Readiness:
    """200 if the database responds and there are keys to sign with. Raises `Unavailable` (503)
    otherwise."""

    database: OpenDatabase
    keyring: Keyring

    async def __call__(self, request: Request) -> Response:
        await self.database.ping()
        await self.keyring.check()
        return private_json(200, {"status": "ok"})


@dataclass(frozen=True, slots=True)
class MetricsPage:
    """Requires the operator's token; without a configured one the path is not found."""

    metrics: Metrics
    token: Secret | None

    async def __call__(self, request: Request) -> Response:
        expected = None if self.token is None else f"Bearer {self.token.reveal()}"
        given = request.header(b"authorization") or ""
        if expected is None or not compare_digest(given.encode(), expected.encode()):
            raise NotFound("there is nothing here")
        return Response(200, self.metrics.render(), _TEXT)
