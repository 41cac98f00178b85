"""Puts authorization together: the authorize endpoint, the token endpoint's issuer, ID tokens."""

from collections.abc import Sequence

from quantimodo.app.services import AppContext
from quantimodo.clients.authentication import ClientAuthentication
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
        *_derivation_keys(context),
    )


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


def _derivation_keys(context: AppContext) -> tuple[bytes, Sequence[bytes]]:
    """The key of the heirs of refresh tokens, and those that it was before."""
    derivation_key, *older = context.envelope.derive_all("heirs of refresh tokens")
    return derivation_key, older
