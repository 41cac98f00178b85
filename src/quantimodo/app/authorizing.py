"""Puts authorization together: the authorize endpoint, the token endpoint's issuer, ID tokens."""

from collections.abc import Sequence

from quantimodo.app.social import login_browsers, login_tokens
from quantimodo.app.wiring import House
from quantimodo.authorization.request_objects import RequestObjects
from quantimodo.authorization.requests import WaitingRequests
from quantimodo.clients.authentication import ClientAuthentication
from quantimodo.endpoints.authorize import AuthorizeEndpoint
from quantimodo.endpoints.authorize_login import LoginCarrier
from quantimodo.endpoints.session_state import SessionStates
from quantimodo.ops.metrics import Metrics
from quantimodo.pages.desk import Desk
from quantimodo.protocol.discovery import INTROSPECT, REVOKE, TOKEN
from quantimodo.tokens.answers import SignedAnswers
from quantimodo.tokens.front_channel import FrontChannel
from quantimodo.tokens.id_tokens import IdTokens
from quantimodo.tokens.issuer import Issuer
from quantimodo.tokens.logout import LogoutHints
from quantimodo.tokens.signed import SignedTokens
from quantimodo.tokens.subjects import Subjects
from quantimodo.tokens.userinfo import UserInfoAnswers


def issuer(house: House) -> Issuer:
    policy, subjects = house.token_policy, Subjects(house.stores, house.entropy)
    return Issuer(
        policy,
        house.stores,
        SignedTokens(policy, house.keyring),
        id_tokens(house, subjects),
        subjects,
        house.clock,
        house.entropy,
        *_peppers(house),
    )


def id_tokens(house: House, subjects: Subjects) -> IdTokens:
    return IdTokens(house.token_policy, house.keyring, subjects, house.stores, house.client_keys)


def authorize_endpoint(
    house: House, desk: Desk, waiting: WaitingRequests, metrics: Metrics
) -> AuthorizeEndpoint:
    stores, clock, entropy, policy = house.stores, house.clock, house.entropy, house.token_policy
    subjects = Subjects(stores, entropy)
    return AuthorizeEndpoint(
        issuer=policy.issuer,
        clients=stores,
        users=stores,
        store=stores,
        authentication=client_authentication(house),
        waiting=waiting,
        front_channel=FrontChannel(
            policy,
            stores,
            SignedTokens(policy, house.keyring),
            id_tokens(house, subjects),
            subjects,
            clock,
            entropy,
        ),
        throttle=house.throttle,
        logins=LoginCarrier(
            login_tokens(house), stores, desk.browser, login_browsers(house, desk), clock
        ),
        session_states=SessionStates(desk.browser, entropy),
        request_objects=RequestObjects(policy.issuer, house.client_keys, house.fetcher, clock),
        signed_answers=SignedAnswers(policy.issuer, house.keyring, house.client_keys, clock),
        hints=LogoutHints(policy.issuer, house.keyring),
        subjects=subjects,
        desk=desk,
        audit=house.audit,
        clock=clock,
        metrics=metrics,
        legacy_transport=house.settings.legacy_transport,
    )


def client_authentication(house: House) -> ClientAuthentication:
    issuer = house.token_policy.issuer
    # RFC 7523 §3, OpenID Connect Core §9: the issuer or the token endpoint; who asks another
    # endpoint may name that one.
    endpoints = (TOKEN, "/api/v2/oauth/access_token", REVOKE, INTROSPECT)
    return ClientAuthentication(
        house.stores,
        house.clock,
        house.client_keys,
        house.stores,
        frozenset({issuer, *(issuer + path for path in endpoints)}),
    )


def user_info(house: House) -> UserInfoAnswers:
    return UserInfoAnswers(
        house.token_policy.issuer,
        house.keyring,
        house.stores,
        house.stores,
        Subjects(house.stores, house.entropy),
        house.client_keys,
    )


def _peppers(house: House) -> tuple[bytes, Sequence[bytes]]:
    """The key of the heirs of refresh tokens, and those that it was before."""
    pepper, *older = house.envelope.derive_all("heirs of refresh tokens")
    return pepper, older
