"""The store of personal tokens.

The promises of `stores.py` hold here too.
"""

from collections.abc import Sequence
from typing import Protocol

from quantimodo.model.personal_tokens import NewPersonalToken, PersonalToken
from quantimodo.model.tokens import FoundAccessToken


class PersonalTokenReader(Protocol):
    async def personal_token(self, key: bytes) -> FoundAccessToken | None:
        """The token with this key, an expired one and one of a disabled person included, in one
        read. Its client id is that of `model/personal_tokens.py`."""


class PersonalTokenStore(PersonalTokenReader, Protocol):
    async def personal_tokens_of(self, user_id: int) -> Sequence[PersonalToken]:
        """The tokens of this person, oldest first, with expired ones that are not deleted yet."""

    async def add_personal_token(self, token: NewPersonalToken, session: bytes, most: int) -> bool:
        """Save it; expired ones of the person are deleted.

        False if the person has `most` others, or `session` was ended, as it is when the account is
        closed. Holds under concurrency. Raises `Conflict` if another one has its name.
        """

    async def delete_personal_token(self, user_id: int, token_id: int) -> PersonalToken | None:
        """Delete it; the token, or None if the person does not have it."""

    async def delete_personal_tokens(self, user_id: int) -> Sequence[PersonalToken]:
        """Delete all of the person's; of concurrent calls one gets each of them."""

    async def delete_presented_token(self, key: bytes) -> PersonalToken | None:
        """Delete the one with this key; the token, or None if there is none. Of concurrent calls
        one gets it."""
