"""Posts webhooks through the guarded HTTP client (`http_client.py`)."""

from dataclasses import dataclass
from typing import Final

from quantimodo.outbound.errors import ProviderFault
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.ports.webhook_poster import WebhookMessage, WebhookResult

_NO_ADDRESS: Final = "the host has no public address"
"""Of a name that is not known, and of one that the operator's network alone has: developers who
enter addresses do not learn which."""


@dataclass(frozen=True, slots=True)
class HttpWebhookPoster:
    """The implementation of `WebhookPoster`. `for_operator`: the operator reads the causes."""

    http_client: GuardedHttpClient
    for_operator: bool = False

    async def post(self, message: WebhookMessage) -> WebhookResult:
        """Send it once; no fault of the network or the receiver is raised."""
        headers = {"content-type": "application/json", **message.headers}
        try:
            response = await self.http_client.post(message.url, message.body, headers)
        except ProviderFault as fault:
            hidden = fault.without_address and not self.for_operator
            return WebhookResult(0, _NO_ADDRESS if hidden else fault.because)
        cause = "" if 200 <= response.status < 300 else f"status {response.status}"
        return WebhookResult(response.status, cause, response.retry_after)
