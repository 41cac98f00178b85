"""Builds the token minter, the responders that use it, and client authentication."""

from quantimodo.app.composition.policies import client_document_policy, dpop_policy
from quantimodo.app.composition.services import AppContext
from quantimodo.clients.authentication import ClientAuthentication
from quantimodo.clients.certificates import ClientCertificates
from quantimodo.clients.dpop_nonces import DPoPNonces
from quantimodo.clients.dpop_proofs import DPoPProofs
from quantimodo.crypto.tokens import SuccessorDerivation
from quantimodo.protocol.endpoints import AUDIENCES
from quantimodo.protocol.resources import Targets
from quantimodo.tokens.access_tokens import AccessTokens
from quantimodo.tokens.authorization_responder import AuthorizationResponder
from quantimodo.tokens.id_tokens import IdTokens
from quantimodo.tokens.jwt_access_tokens import SignedTokens
from quantimodo.tokens.minter import TokenMinter
from quantimodo.tokens.subjects import Subjects
from quantimodo.tokens.userinfo import UserInfoResponses


def access_tokens(context: AppContext) -> AccessTokens:
    """Resolves access tokens of all kinds."""
    stores = context.stores
    return AccessTokens(
        policy=context.token_policy,
        store=stores.tokens,
        keyring=context.keyring,
        personal=stores.personal_tokens,
        exchanged=stores.exchanged_tokens,
        resources=stores.resources,
        clock=context.clock,
    )


def token_minter(context: AppContext) -> TokenMinter:
    """Mints the tokens of the token endpoint and of the front channel."""
    policy, keyring = context.token_policy, context.keyring
    subjects = Subjects(context.stores.subjects, context.entropy)
    return TokenMinter(
        policy,
        SignedTokens(policy, keyring),
        IdTokens(policy, keyring, subjects, context.stores.profiles, context.client_keys),
        subjects,
        context.entropy,
        context.stores.resources,
    )


def authorization_responder(context: AppContext) -> AuthorizationResponder:
    """Turns an allowed authorization request into a code and tokens."""
    return AuthorizationResponder(
        token_minter(context),
        context.stores.authorizations,
        Subjects(context.stores.subjects, context.entropy),
        Targets(context.token_policy.audience),
        context.clock,
        context.entropy,
    )


def client_authentication(context: AppContext) -> ClientAuthentication:
    """Authenticates clients at all endpoints of programs."""
    issuer = context.token_policy.issuer
    # RFC 7523 §3, OpenID Connect Core §9: the issuer or the token endpoint; a request to
    # another endpoint may name that one.
    origins = dpop_policy(context.settings).origins
    return ClientAuthentication(
        context.stores.clients,
        context.clock,
        context.client_keys,
        context.stores.replays,
        frozenset({issuer, *(origin + path for origin in origins for path in AUDIENCES)}),
        client_document_policy(context.settings),
        client_certificates(context),
        issuer,
    )


def dpop_proofs(context: AppContext) -> DPoPProofs:
    """Checks the proofs of RFC 9449; each counts once."""
    policy = dpop_policy(context.settings)
    keys = context.envelope.derive_all("DPoP nonces")
    nonces = DPoPNonces(keys, policy.nonce_lifetime)
    return DPoPProofs(policy, nonces, context.stores.replays, context.clock)


def client_certificates(context: AppContext) -> ClientCertificates:
    """Checks the certificates of RFC 8705."""
    return ClientCertificates(context.client_keys, context.clock)


def user_info(context: AppContext) -> UserInfoResponses:
    """Makes the responses of `user/me` and userinfo."""
    return UserInfoResponses(
        context.token_policy.issuer,
        context.keyring,
        context.stores.clients,
        context.stores.profiles,
        Subjects(context.stores.subjects, context.entropy),
        context.client_keys,
    )


def successor_derivation(context: AppContext) -> SuccessorDerivation:
    """Derives successors of refresh tokens under the current secret key and the older ones."""
    key, *older_keys = context.envelope.derive_all("successors of refresh tokens")
    return SuccessorDerivation(key, older_keys)
