"""The grants that are offered, and who may use which. To add one is to add a line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quantimodo.grants.authorization_code import AuthorizationCodeGrant
from quantimodo.grants.client_credentials import ClientCredentialsGrant
from quantimodo.grants.contract import Grant
from quantimodo.grants.refresh_token import RefreshTokenGrant
from quantimodo.model.clients import Client
from quantimodo.protocol.errors import UnauthorizedClient, UnsupportedGrantType
from quantimodo.protocol.parameters import Form


@dataclass(frozen=True, slots=True)
class GrantTable:
    grants: Mapping[str, Grant[Any]]

    def choose(self, form: Form, client: Client) -> Grant[Any]:
        """The grant asked for, if it is offered and this client may use it."""
        grant = self.grants.get(form.required("grant_type"))
        if grant is None:
            raise UnsupportedGrantType("this grant_type is not offered")
        if grant.grant_type not in client.grant_types:
            raise UnauthorizedClient("the app is not registered for this grant_type")
        return grant


def grant_table(refresh: RefreshTokenGrant) -> GrantTable:
    """All grants of this server."""
    offered: tuple[Grant[Any], ...] = (
        AuthorizationCodeGrant(),
        refresh,
        ClientCredentialsGrant(),
    )
    return GrantTable({grant.grant_type: grant for grant in offered})
