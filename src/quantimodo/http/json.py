"""JSON responses."""

from typing import Any

import msgspec

from quantimodo.http.messages import Headers, Response

# A response with tokens or a person's data is never cached (RFC 6749 §5.1), and sends no referrer,
# because its address may hold secrets (v2-api.md §1: secrets in a query).
PRIVATE: Headers = (
    (b"cache-control", b"no-store"),
    (b"pragma", b"no-cache"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
_PRIVATE_JSON: Headers = ((b"content-type", b"application/json"), *PRIVATE)
_encode = msgspec.json.Encoder().encode


def private_json(status: int, value: Any, *more: tuple[bytes, bytes]) -> Response:
    """A response for this caller only."""
    return Response(status, _encode(value), (*_PRIVATE_JSON, *more) if more else _PRIVATE_JSON)


def public_json(value: bytes, max_age: int, *more: tuple[bytes, bytes]) -> Response:
    """A document that any cache may store for `max_age` seconds."""
    return Response(
        200,
        value,
        (
            (b"content-type", b"application/json"),
            (b"cache-control", b"public, max-age=%d" % max_age),
            (b"vary", b"origin"),  # a response to a script of another origin has a CORS header
            (b"x-content-type-options", b"nosniff"),
            *more,
        ),
    )
