"""Sends e-mail: a message is stored until it is sent."""

from typing import Protocol

from quantimodo.model.budgets import Charge
from quantimodo.model.events import Mail


class Mailer(Protocol):
    async def send(self, mail: Mail, charge: Charge | None = None) -> None:
        """Store `mail` durably and return; it is sent, and tried again, in the background.

        `charge` is the storage budget of a mail that a caller without an account caused.
        """
