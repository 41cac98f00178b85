"""Posts forms to applications, through the one guarded door (`http.py`)."""

from dataclasses import dataclass

from quantimodo.model.events import Message
from quantimodo.ports.messenger import Undelivered
from quantimodo.providers.contract import ProviderFault
from quantimodo.providers.http import Door


@dataclass(frozen=True, slots=True)
class DoorMessenger:
    """The `Messenger` of the house."""

    door: Door

    async def post(self, message: Message) -> None:
        try:
            answer = await self.door.post_form(message.address, message.fields)
        except ProviderFault as fault:
            raise Undelivered(fault.because) from None
        if not answer.ok:
            raise Undelivered(f"status {answer.status}")
