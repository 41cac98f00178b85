"""Posts forms to clients through the guarded HTTP client (`http_client.py`)."""

from dataclasses import dataclass

from quantimodo.model.events import Message
from quantimodo.outbound.errors import ProviderFault
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.ports.form_poster import DeliveryFailed


@dataclass(frozen=True, slots=True)
class HttpFormPoster:
    """The implementation of `FormPoster`."""

    http_client: GuardedHttpClient

    async def post(self, message: Message) -> None:
        """Send the form once. Raises `DeliveryFailed` unless the status is 2xx."""
        try:
            response = await self.http_client.post_form(message.address, message.fields)
        except ProviderFault as fault:
            raise DeliveryFailed(fault.because) from None
        if not response.ok:
            raise DeliveryFailed(f"status {response.status}")
