"""Posts forms to other servers."""

from typing import Protocol

from quantimodo.model.events import Message


class DeliveryFailed(Exception):
    """The other server did not accept it; the text is for the log, and holds no secret."""


class FormPoster(Protocol):
    async def post(self, message: Message) -> None:
        """Return when the other server has taken it (2xx). Raises `DeliveryFailed`."""
