"""A second factor: what a person shows after the first proof of a login."""

from typing import Protocol

from quantimodo.model.secrets import Secret
from quantimodo.model.users import User


class SecondFactor(Protocol):
    @property
    def label(self) -> str:
        """What the page asks for, for example "Code of your authenticator app"."""

    async def is_set_up(self, user_id: int) -> bool:
        """Whether this person signs in with this factor."""

    async def verify(self, user: User, response: Secret) -> tuple[str, ...] | None:
        """The `amr` values (RFC 8176) that a right response adds; None for a wrong one.

        The caller adds `mfa`, and limits the attempts. A response that may be used once is used up
        by this.
        """
