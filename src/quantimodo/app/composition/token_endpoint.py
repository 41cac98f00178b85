"""Builds the token endpoint: the grant types that it offers, and the minter of their tokens."""

from typing import Any

from quantimodo.app.composition.authorization import (
    access_tokens,
    client_authentication,
    client_certificates,
    dpop_proofs,
    successor_derivation,
    token_minter,
)
from quantimodo.app.composition.policies import offered_grant_types
from quantimodo.app.composition.polled_grants import polled_grants
from quantimodo.app.composition.services import AppContext
from quantimodo.clients.sender_constraints import SenderConstraints
from quantimodo.endpoints.token import TokenEndpoint
from quantimodo.endpoints.token_safeguards import TokenSafeguards
from quantimodo.grant_types.authorization_code import AuthorizationCodeGrant
from quantimodo.grant_types.client_credentials import ClientCredentialsGrant
from quantimodo.grant_types.contract import GrantType
from quantimodo.grant_types.refresh_token import RefreshTokenGrant
from quantimodo.grant_types.table import GrantTypeTable
from quantimodo.grant_types.token_exchange import TokenExchangeGrant
from quantimodo.protocol.resources import Targets
from quantimodo.tokens.token_exchanges import TokenExchanges
from quantimodo.tokens.token_responder import TokenResponder


def token_endpoint(context: AppContext, offered: GrantTypeTable) -> TokenEndpoint:
    """The token endpoint with these grant types."""
    stores, clock = context.stores, context.clock
    return TokenEndpoint(
        clients=client_authentication(context),
        constraints=SenderConstraints(dpop_proofs(context), client_certificates(context)),
        grant_types=offered,
        tokens=stores.tokens,
        responder=token_responder(context),
        safeguards=TokenSafeguards(context.throttle, stores.tokens, clock, context.audit),
        clock=clock,
        metrics=context.metrics,
        log=context.client_log,
        legacy_transport=context.settings.legacy_transport,
    )


def grant_types(context: AppContext) -> GrantTypeTable:
    """The grant types that the token endpoint has."""
    settings = context.settings
    offered = offered_grant_types(settings)
    grace, derivation = settings.tokens.refresh_reuse_grace, successor_derivation(context)
    targets = Targets(context.token_policy.audience)
    stores, resources = context.stores, context.stores.resources
    all_grant_types: tuple[GrantType[Any], ...] = (
        AuthorizationCodeGrant(targets),
        RefreshTokenGrant(grace, settings.legacy_transport, derivation, targets),
        ClientCredentialsGrant(targets, resources),
        *(grant.grant_type() for grant in polled_grants(context)),
        TokenExchangeGrant(access_tokens(context), stores.clients, resources, targets),
    )
    return GrantTypeTable.of([each for each in all_grant_types if each.entry.name in offered])


def token_responder(context: AppContext) -> TokenResponder:
    """Turns the decisions of grant types into stored tokens."""
    minter, stores = token_minter(context), context.stores
    return TokenResponder(
        minter,
        stores.tokens,
        context.clock,
        context.entropy,
        successor_derivation(context),
        TokenExchanges(
            *(minter, stores.exchanged_tokens, context.clock),
            *(context.accesses, context.audit, context.throttle),
        ),
    )
