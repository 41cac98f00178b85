"""Puts authorization together: the authorize endpoint, the token endpoint's issuer, ID tokens."""

from collections.abc import Sequence

from quantimodo.app.services import AppContext
from quantimodo.app.social import login_browsers, login_tokens
from quantimodo.authorization.consents import Consents
from quantimodo.authorization.request_objects import RequestObjects
from quantimodo.authorization.stored_requests import WaitingRequests
from quantimodo.clients.authentication import ClientAuthentication
from quantimodo.endpoints.authorize import AuthorizeEndpoint
from quantimodo.endpoints.authorize_login import LoginCarrier
from quantimodo.endpoints.requested_subject import RequestedSubject
from quantimodo.endpoints.session_state import SessionStates
from quantimodo.ops.metrics import Metrics
from quantimodo.pages.page_context import PageContext
from quantimodo.protocol.discovery import INTROSPECT, REVOKE, TOKEN
from quantimodo.tokens.authorization_responder import AuthorizationResponder
from quantimodo.tokens.id_tokens import IdTokens
from quantimodo.tokens.issuer import Issuer
from quantimodo.tokens.jarm import JarmEncoder
from quantimodo.tokens.logout import LogoutHints
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


def authorize_endpoint(
    context: AppContext, page_context: PageContext, waiting: WaitingRequests, metrics: Metrics
) -> AuthorizeEndpoint:
    stores, clock, entropy, policy = (
        context.stores,
        context.clock,
        context.entropy,
        context.token_policy,
    )
    subjects = Subjects(stores, entropy)
    return AuthorizeEndpoint(
        issuer=policy.issuer,
        clients=stores,
        users=stores,
        consents=Consents(stores, context.audit, clock),
        authentication=client_authentication(context),
        waiting=waiting,
        authorization_responder=AuthorizationResponder(
            policy,
            stores,
            SignedTokens(policy, context.keyring),
            id_tokens(context, subjects),
            subjects,
            clock,
            entropy,
        ),
        throttle=context.throttle,
        logins=LoginCarrier(
            login_tokens(context),
            stores,
            page_context.browser,
            login_browsers(context, page_context),
            clock,
        ),
        session_states=SessionStates(page_context.browser, entropy),
        request_objects=RequestObjects(policy.issuer, context.client_keys, context.fetcher, clock),
        jarm_encoder=JarmEncoder(policy.issuer, context.keyring, context.client_keys, clock),
        requested_subject=RequestedSubject(LogoutHints(policy.issuer, context.keyring), subjects),
        page_context=page_context,
        clock=clock,
        metrics=metrics,
        legacy_transport=context.settings.legacy_transport,
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
