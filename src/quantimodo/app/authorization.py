"""Puts authorization together: the authorize endpoint, the token endpoint's issuer, ID tokens."""

from quantimodo.app.services import AppContext
from quantimodo.clients.authentication import ClientAuthentication
from quantimodo.crypto.tokens import SuccessorDerivation
from quantimodo.grant_types.refresh_token import RefreshTokenGrant
from quantimodo.grant_types.table import GrantTypeTable, grant_type_table
from quantimodo.protocol.discovery import INTROSPECT, REVOKE, TOKEN
from quantimodo.tokens.authorization_responder import AuthorizationResponder
from quantimodo.tokens.id_tokens import IdTokens
from quantimodo.tokens.issuer import Issuer
from quantimodo.tokens.signed import SignedTokens
from quantimodo.tokens.subjects import Subjects
from quantimodo.tokens.userinfo import UserInfoAnswers


def issuer(context: AppContext) -> Issuer:
    policy, subjects = context.token_policy, Subjects(context.stores, context.entropy)
    return Issuer(
        policy,
        context.stores,
        SignedTokens(policy, context.keyring),
        id_tokens(context, subjects),
        subjects,
        context.clock,
        context.entropy,
        successor_derivation(context),
    )


def grant_types(context: AppContext) -> GrantTypeTable:
    settings = context.settings
    grace, derivation = settings.tokens.refresh_reuse_grace, successor_derivation(context)
    return grant_type_table(RefreshTokenGrant(grace, settings.legacy_transport, derivation))


def id_tokens(context: AppContext, subjects: Subjects) -> IdTokens:
    return IdTokens(
        context.token_policy, context.keyring, subjects, context.stores, context.client_keys
    )


def authorization_responder(context: AppContext) -> AuthorizationResponder:
    policy, subjects = context.token_policy, Subjects(context.stores, context.entropy)
    return AuthorizationResponder(
        policy,
        context.stores,
        SignedTokens(policy, context.keyring),
        id_tokens(context, subjects),
        subjects,
        context.clock,
        context.entropy,
    )


def client_authentication(context: AppContext) -> ClientAuthentication:
    issuer = context.token_policy.issuer
    # RFC 7523 §3, OpenID Connect Core §9: the issuer or the token endpoint; who asks another
    # endpoint may name that one.
    endpoints = (TOKEN, "/api/v2/oauth/access_token", REVOKE, INTROSPECT)
    return ClientAuthentication(
        context.stores,
        context.clock,
        context.client_keys,
        context.stores,
        frozenset({issuer, *(issuer + path for path in endpoints)}),
    )


def user_info(context: AppContext) -> UserInfoAnswers:
    return UserInfoAnswers(
        context.token_policy.issuer,
        context.keyring,
        context.stores,
        context.stores,
        Subjects(context.stores, context.entropy),
        context.client_keys,
    )


def successor_derivation(context: AppContext) -> SuccessorDerivation:
    """Derives successors of refresh tokens under the current secret key and the older ones."""
    key, *older_keys = context.envelope.derive_all("successors of refresh tokens")
    return SuccessorDerivation(key, older_keys)
