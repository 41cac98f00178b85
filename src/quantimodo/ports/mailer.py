"""E-mail, as the house sees it: a message is handed over, and kept until it is sent."""

from typing import Protocol

from quantimodo.model.events import Mail


class Mailer(Protocol):
    async def send(self, mail: Mail) -> None:
        """Keep `mail` durably and return; it is sent, and tried again, in the background."""
