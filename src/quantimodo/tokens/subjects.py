"""The `sub` of a person at an application (OpenID Connect Core §8).

A pairwise subject is random and stored: only the database says whose it is, and it does not depend
on any key. It is deleted with its person.
"""

from dataclasses import dataclass

from quantimodo.crypto.jwt import base64url
from quantimodo.model.clients import Client
from quantimodo.model.users import User
from quantimodo.ports.account_stores import SubjectStore
from quantimodo.ports.clock import Entropy
from quantimodo.protocol.subjects import is_pairwise, sector


@dataclass(frozen=True, slots=True)
class Subjects:
    store: SubjectStore
    entropy: Entropy

    async def of(self, client: Client, user: User) -> str:
        """The person's `sub` at this application, the same at all times and in all processes."""
        return await self.pairwise(client, user.id) if is_pairwise(client) else user.subject

    async def pairwise(self, client: Client, user_id: int) -> str:
        """The person's pairwise `sub` at this application, which the first call makes and stores.
        Raises `Conflict` if the person was deleted in the meantime."""
        found = await self.store.pairwise_subject(user_id, sector(client))
        if found is not None:
            return found
        drawn = base64url(self.entropy.bytes(24)).decode()
        return await self.store.add_pairwise_subject(user_id, sector(client), drawn)

    async def is_of(self, client: Client, user: User, subject: str) -> bool:
        """Whether `subject` is this person's `sub` at the application."""
        if not is_pairwise(client):
            return user.subject == subject
        return await self.store.pairwise_subject(user.id, sector(client)) == subject
