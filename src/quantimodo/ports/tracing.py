"""Traces: what a request did, for the operator's collector. The SDK's adapter implements it."""

from contextlib import AbstractContextManager
from typing import Literal, Protocol

SpanKind = Literal["server", "client"]


class Span(Protocol):
    """One unit of work. Its attributes are fixed words, templates of paths and numbers: never a
    value of a request."""

    @property
    def trace_id(self) -> str:
        """The id of its trace, in hexadecimal digits."""

    def set(self, name: str, value: str | int) -> None:
        """Set an attribute."""

    def fail(self) -> None:
        """Mark it as failed."""


class Tracer(Protocol):
    def request(self, name: str, traceparent: str) -> AbstractContextManager[Span]:
        """A span for a request. `traceparent` (W3C) names the trace that it belongs to; an empty or
        invalid one begins another trace. An exception fails the span, without its text."""

    def call(self, name: str) -> AbstractContextManager[Span]:
        """A span for a call to the database or another server within a request. Outside one it
        records nothing."""

    def work(self, name: str) -> AbstractContextManager[Span]:
        """A span for one turn of background work, in a separate trace. An exception fails the
        span, without its text."""

    def ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request for the metrics."""
