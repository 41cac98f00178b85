"""The grant types that the server offers, and which clients may use them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quantimodo.grant_types.authorization_code import AuthorizationCodeGrant
from quantimodo.grant_types.client_credentials import ClientCredentialsGrant
from quantimodo.grant_types.contract import GrantType
from quantimodo.grant_types.device_code import DeviceCodeGrant
from quantimodo.grant_types.refresh_token import RefreshTokenGrant
from quantimodo.grant_types.token_exchange import TokenExchangeGrant
from quantimodo.model.clients import Client
from quantimodo.ports.resource_store import ResourceStore
from quantimodo.protocol.errors import UnauthorizedClient, UnsupportedGrantType
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.resources import Targets


@dataclass(frozen=True, slots=True)
class GrantTypeTable:
    grant_types: Mapping[str, GrantType[Any]]

    def choose(self, form: Form, client: Client) -> GrantType[Any]:
        """The requested grant type, if it is offered and this client may use it."""
        grant_type = self.grant_types.get(form.required("grant_type"))
        if grant_type is None:
            raise UnsupportedGrantType(
                "this grant_type is not offered", refusal="grant_type_unknown"
            )
        if grant_type.grant_type not in client.grant_types:
            raise UnauthorizedClient(
                "the app is not registered for this grant_type", refusal="grant_type_not_registered"
            )
        return grant_type


def grant_type_table(
    refresh: RefreshTokenGrant,
    targets: Targets,
    resources: ResourceStore,
    device_code: DeviceCodeGrant,
    exchange: TokenExchangeGrant | None = None,
) -> GrantTypeTable:
    """All grant types of this server; `exchange` is None where the operator does not offer it."""
    offered: tuple[GrantType[Any], ...] = (
        AuthorizationCodeGrant(targets),
        refresh,
        ClientCredentialsGrant(targets, resources),
        device_code,
        *(() if exchange is None else (exchange,)),
    )
    return GrantTypeTable({grant_type.grant_type: grant_type for grant_type in offered})
