"""A list of passwords that became known in breaches of other services."""

from typing import Protocol

from quantimodo.model.secrets import Secret


class BreachLookupFailed(Exception):
    """The list did not respond, or not as specified. The text says why, without anything of the
    password."""


class BreachedPasswords(Protocol):
    async def contains(self, password: Secret) -> bool:
        """Whether the password is in the list. Raises `BreachLookupFailed`."""
        ...
