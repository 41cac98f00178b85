"""Posts webhooks through the guarded HTTP client (`http_client.py`)."""

from dataclasses import dataclass

from quantimodo.outbound.errors import ProviderFault
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.ports.webhook_poster import WebhookMessage, WebhookResult


@dataclass(frozen=True, slots=True)
class HttpWebhookPoster:
    """The implementation of `WebhookPoster`."""

    http_client: GuardedHttpClient

    async def post(self, message: WebhookMessage) -> WebhookResult:
        """Send it once; no fault of the network or the receiver is raised."""
        headers = {"content-type": "application/json", **message.headers}
        try:
            response = await self.http_client.post(message.url, message.body, headers)
        except ProviderFault as fault:
            return WebhookResult(0, fault.because)
        cause = "" if 200 <= response.status < 300 else f"status {response.status}"
        return WebhookResult(response.status, cause, response.retry_after)
