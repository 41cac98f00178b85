"""The grant types that the token endpoint offers, and which clients may use them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from quantimodo.grant_types.contract import GrantType
from quantimodo.model.clients import Client
from quantimodo.protocol.client_auth import PARAMETERS as OF_CLIENTS
from quantimodo.protocol.errors import UnauthorizedClient, UnsupportedGrantType
from quantimodo.protocol.grant_types import SHARED
from quantimodo.protocol.parameters import Form


@dataclass(frozen=True, slots=True)
class GrantTypeTable:
    """`parameters` are all that the token endpoint reads. Others are ignored (RFC 6749 §3.2,
    v2-api.md §6), so also those of a grant type that is not offered."""

    grant_types: Mapping[str, GrantType[Any]]
    parameters: frozenset[str]

    @classmethod
    def of(cls, offered: Sequence[GrantType[Any]]) -> Self:
        """The table of these."""
        return cls(
            {each.entry.name: each for each in offered},
            (OF_CLIENTS | SHARED).union(*(each.entry.parameters for each in offered)),
        )

    def choose(self, form: Form, client: Client) -> GrantType[Any]:
        """The requested grant type, if it is offered and this client may use it."""
        grant_type = self.grant_types.get(form.required("grant_type"))
        if grant_type is None:
            raise UnsupportedGrantType(
                "this grant_type is not offered", refusal="grant_type_unknown"
            )
        if grant_type.entry.name not in client.grant_types:
            raise UnauthorizedClient(
                "the app is not registered for this grant_type", refusal="grant_type_not_registered"
            )
        return grant_type
