"""Clients, and the tokens with which clients register themselves.

The promises of `stores.py` hold here too.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from quantimodo.model.budgets import Charge
from quantimodo.model.clients import Client, Logo
from quantimodo.model.registrations import RegistrationToken


class ClientStore(Protocol):
    async def client(self, client_id: str) -> Client | None:
        """The client with exactly this id, a disabled one included; None if there is none."""

    async def clients(
        self, *, owner_id: int | None = None, after: str = "", limit: int = 100
    ) -> Sequence[Client]:
        """At most `limit` clients by id, ascending, after `after`; of one owner, or all."""

    async def clients_by_redirect_uri(
        self, redirect_uri: str, *, limit: int = 2
    ) -> Sequence[Client]:
        """Clients, disabled ones left out, that registered this very URI; of a loopback IP
        (RFC 8252 §7.3) whatever the port. The oldest clients first."""

    async def first_party_names(self, *, limit: int = 1000) -> Sequence[str]:
        """The names of the operator's own clients, ascending."""

    async def add_client(
        self,
        client: Client,
        delete_if_unused_at: datetime | None = None,
        charge: Charge | None = None,
        most_owned: int | None = None,
    ) -> None:
        """Add a client. Raises `Conflict` when the id is taken, and `BudgetExceeded` when its owner
        owns `most_owned` clients already, also by concurrent calls. A client without a consent at
        `delete_if_unused_at` is deleted. `charge`, in all stores: the row counts in this budget,
        and the insert deletes the oldest rows over it; of clients, those without a consent. Raises
        `BudgetExceeded` when too few can be deleted. Details: `storage/tables/budgets.py`.
        """

    async def replace_client(self, client: Client, charge: Charge | None = None) -> bool:
        """Replace the row if its revision still is `client.revision`, and count it up. Raises
        `BudgetExceeded`."""

    async def delete_client(self, client_id: str) -> bool:
        """Delete it with its consents and logo; its codes and tokens end at once."""

    async def logo(self, client_id: str) -> Logo | None:
        """The logo of this client; None without one."""

    async def localized_logos(self, client_id: str) -> Mapping[str, Logo]:
        """The logos of this client for a language, by the tag of a language of this server."""

    async def set_logo(
        self,
        client_id: str,
        logo: Logo | None,
        charge: Charge | None = None,
        localized: Mapping[str, Logo] | None = None,
    ) -> None:
        """Store it, or (None) delete it; `localized`, unless it is None, replaces all of those for
        a language. Raises `BudgetExceeded`."""


class RegistrationStore(Protocol):
    async def registration_tokens(self) -> Sequence[RegistrationToken]:
        """The initial access tokens, used up and expired ones included, oldest first; at most
        1000."""

    async def registration_token(self, key: bytes) -> RegistrationToken | None:
        """The one with this key, used up and expired ones included."""

    async def add_registration_token(self, token: RegistrationToken) -> None:
        """Store an initial access token (RFC 7591 §3)."""

    async def use_registration_token(self, key: bytes, now: datetime) -> bool:
        """Use it once; False when it is unknown, used up or expired. Of N calls for one use that
        is left one wins."""

    async def delete_registration_token(self, key: bytes) -> bool:
        """Delete it: no client can register with it. False if there is none."""
