"""The grant types that clients can register for: one entry each.

The token endpoint, metadata documents, OpenAPI, registration, commands, the developer portal and
the table of refusals derive what they need from this table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from quantimodo.model.texts import N_
from quantimodo.protocol import device_grant, token_exchange
from quantimodo.protocol.constants import TOKEN_EXCHANGE
from quantimodo.protocol.refusal_row import RefusalRow

DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"
"""RFC 8628 §3.4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantTypeEntry:
    """One grant type. `parameters` are those of its token requests that other grant types need not
    have. `signs_in`: a person allows it scopes, and a refresh token may follow. `confidential`:
    public clients cannot register for it. `in_addresses`: clients of 2016 may send its parameters
    by GET, where the operator allows that. `by_operator`: only the operator allows it to a client;
    `title` names it in refusals. `label` is its check box in the portal; without one, the portal
    derives it from other fields. `refusals` are those that it alone has."""

    name: str
    parameters: frozenset[str] = frozenset()
    signs_in: bool = False
    confidential: bool = False
    in_addresses: bool = False
    by_operator: bool = False
    title: str = ""
    label: str = ""
    refusals: Sequence[RefusalRow] = ()


TABLE: Final = (
    GrantTypeEntry(
        name="authorization_code",
        parameters=frozenset({"code", "redirect_uri", "code_verifier"}),
        signs_in=True,
        in_addresses=True,
    ),
    # Clients of 2016 send the refresh token as `code`.
    GrantTypeEntry(
        name="refresh_token", parameters=frozenset({"refresh_token", "code"}), in_addresses=True
    ),
    GrantTypeEntry(
        name="client_credentials",  # RFC 6749 §4.4: for confidential clients only
        confidential=True,
        title="client_credentials",
        label=N_("It acts as itself, without any person"),
    ),
    GrantTypeEntry(
        name=DEVICE_CODE,
        parameters=frozenset({"device_code"}),
        signs_in=True,
        in_addresses=True,
        label=N_("It signs people in on a device without a browser"),
        refusals=device_grant.REFUSALS,
    ),
    GrantTypeEntry(
        name=TOKEN_EXCHANGE,
        parameters=token_exchange.PARAMETERS,
        confidential=True,
        by_operator=True,  # RFC 8693 §5: the operator chooses who may act for others
        title="token exchange",
        refusals=token_exchange.REFUSALS,
    ),
)

SHARED: Final = frozenset({"grant_type", "scope", "resource", "authorization_details"})
"""The parameters that every grant type reads."""
ENTRY_OF: Final = {entry.name: entry for entry in TABLE}
GRANT_TYPES: Final = frozenset(entry.name for entry in TABLE)
"""Their names."""
SIGNING_IN: Final = frozenset(entry.name for entry in TABLE if entry.signs_in)
"""Those by which a person allows scopes."""
BY_OPERATOR: Final = frozenset(entry.name for entry in TABLE if entry.by_operator)
"""Those that only the operator allows."""
IN_PORTAL: Final = tuple((entry.name, entry.label) for entry in TABLE if entry.label)
"""Those that a developer chooses in the portal, each with its label."""
PARAMETERS: Final = frozenset().union(*(entry.parameters for entry in TABLE))
"""The parameters of all their token requests."""
IN_ADDRESSES: Final = frozenset().union(
    *(entry.parameters for entry in TABLE if entry.in_addresses)
)
"""The parameters that clients of 2016 may send in addresses."""
