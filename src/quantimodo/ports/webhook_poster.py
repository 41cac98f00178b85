"""Posts webhooks to the addresses of applications."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """What is sent to an endpoint."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class WebhookResult:
    """The result of an attempt. `status` is 0 without a response; `cause` is the reason of a
    failure, without secrets, and empty for a status of 2xx. `retry_after`: seconds that the
    receiver requested."""

    status: int
    cause: str = ""
    retry_after: int | None = None


class WebhookPoster(Protocol):
    async def post(self, message: WebhookMessage) -> WebhookResult:
        """Send it once, and wait at most 15 seconds for the response."""
