"""Notifies people of what they allowed applications."""

from typing import Protocol

from quantimodo.model.clients import Client
from quantimodo.model.consents import Consent
from quantimodo.model.users import User


class ConsentNotices(Protocol):
    async def allowed(self, user: User, client: Client, consent: Consent) -> None:
        """Notify the person that this consent allows something new."""
