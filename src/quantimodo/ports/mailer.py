"""Sending e-mail: a message is stored until it is sent."""

from typing import Protocol

from quantimodo.model.events import Mail


class Mailer(Protocol):
    async def send(self, mail: Mail) -> None:
        """Keep `mail` durably and return; it is sent, and tried again, in the background."""
