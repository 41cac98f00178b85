"""Forms that are posted to other people's servers, as the house sees it."""

from typing import Protocol

from quantimodo.model.events import Message


class DeliveryFailed(Exception):
    """The other server did not take it; the text is for the log, and holds no secret."""


class FormPoster(Protocol):
    async def post(self, message: Message) -> None:
        """Return when the other server has taken it (2xx). Raises `DeliveryFailed`."""
