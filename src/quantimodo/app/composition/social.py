"""Builds the endpoints for sign-in through providers, and the table of their routes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from quantimodo.app.composition.services import AppContext
from quantimodo.authorization.requested_resources import ResourceReader
from quantimodo.endpoints.discovery import ProviderKeySetEndpoint
from quantimodo.endpoints.finished_logins import FinishedLogins
from quantimodo.endpoints.initiated_login import InitiatedLoginEndpoint
from quantimodo.endpoints.login_browsers import LoginBrowsers
from quantimodo.endpoints.login_completion import LINK, LoginCompletion
from quantimodo.endpoints.login_states import LoginStates
from quantimodo.endpoints.login_token_responder import LoginTokenResponder
from quantimodo.endpoints.pending_profiles import PendingProfiles
from quantimodo.endpoints.provider_frontchannel_logout import (
    ProviderFrontchannelLogout,
    frontchannel_provider,
)
from quantimodo.endpoints.social import SocialEndpoint
from quantimodo.endpoints.social_callback import ARRIVED, CallbackHandler
from quantimodo.endpoints.social_security_events import SecurityEventEndpoint
from quantimodo.endpoints.social_tokens import SocialTokens
from quantimodo.endpoints.upstream_login import UpstreamLogin
from quantimodo.federation.client_assertions import AssertionKeys
from quantimodo.federation.login_codes import LoginCodes
from quantimodo.federation.redirect_targets import RedirectTargets
from quantimodo.federation.security_event_handler import SecurityEventHandler
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.page_services import PageRoute
from quantimodo.pages.return_targets import ReturnTargets
from quantimodo.protocol import social_login as places
from quantimodo.sandbox.routes import SandboxPolicy, sandbox_routes
from quantimodo.tokens.login_jwts import LoginTokens
from quantimodo.tokens.subjects import Subjects


def login_tokens(context: AppContext) -> LoginTokens:
    """Mints and verifies login JWTs."""
    return LoginTokens(
        context.token_policy.issuer,
        context.keyring,
        context.stores.users,
        context.stores.identities,
        context.stores.tokens,
        context.clock,
        context.envelope,
    )


def security_event_handler(context: AppContext) -> SecurityEventHandler:
    """Handles the security events of providers."""
    return SecurityEventHandler(
        users=context.stores.users,
        identities=context.stores.identities,
        provider_sessions=context.stores.provider_sessions,
        notifier=context.social.notifier,
        clock=context.clock,
        logout_wakeup=context.logout_wakeup,
    )


def login_browsers(context: AppContext, page_context: PageContext) -> LoginBrowsers:
    """Binds a social login to the browser that began it."""
    return LoginBrowsers(
        page_context.browser, context.clock, context.envelope.derive("login browsers")
    )


def initiated_login(context: AppContext, page_context: PageContext) -> InitiatedLoginEndpoint:
    """The endpoint for sign-ins that a provider with the setting `initiated_login` starts."""
    settings = context.settings
    allowed = {
        one.issuer: context.providers[name]
        for name, one in settings.providers.items()
        if one.initiated_login and name in context.providers
    }
    return InitiatedLoginEndpoint(
        providers=allowed, issuer=settings.issuer, page_context=page_context
    )


def provider_frontchannel_logout(
    context: AppContext, page_context: PageContext
) -> ProviderFrontchannelLogout:
    """The page that a provider with the setting `frontchannel_logout` loads at a sign-out there."""
    return ProviderFrontchannelLogout(
        providers={
            name: frontchannel_provider(one.issuer, one.end_session_endpoint)
            for name, one in context.settings.providers.items()
            if one.frontchannel_logout
        },
        handler=security_event_handler(context),
        throttle=context.throttle,
        renderer=page_context.renderer,
    )


@dataclass(frozen=True, slots=True)
class SocialParts:
    """The endpoints for browsers, and the one for security events of providers."""

    endpoint: SocialEndpoint
    callback_handler: CallbackHandler
    security_events: SecurityEventEndpoint


def social_parts(context: AppContext, page_context: PageContext) -> SocialParts:
    """Builds the parts of sign-ins through providers that the pages share."""
    stores, issuer = context.stores, context.token_policy.issuer
    login_states = LoginStates(
        store=stores.login_states,
        browser=page_context.browser,
        envelope=context.envelope,
        throttle=context.throttle,
        clock=context.clock,
        entropy=context.entropy,
    )
    pending_profiles = PendingProfiles(states=login_states)
    resources = ResourceReader(context.token_policy.audience, stores.resources)
    return_targets = ReturnTargets(stores.clients, stores.authorizations, resources, context.clock)
    completion = LoginCompletion(
        return_targets=return_targets,
        accounts=context.social,
        codes=_codes(context),
        pending_profiles=pending_profiles,
        throttle=context.throttle,
        redirect_targets=_redirect_targets(context),
        browsers=login_browsers(context, page_context),
        page_context=page_context,
    )
    upstream_login = UpstreamLogin(issuer=issuer, states=login_states, entropy=context.entropy)
    callback_handler = CallbackHandler(
        providers=context.providers,
        upstream_login=upstream_login,
        completion=completion,
        pending_profiles=pending_profiles,
        finished=FinishedLogins(page_context, return_targets, context.envelope),
        page_context=page_context,
        clock=context.clock,
    )
    return SocialParts(
        SocialEndpoint(
            providers=context.providers,
            upstream_login=upstream_login,
            completion=completion,
            redirect_targets=_redirect_targets(context),
            return_targets=return_targets,
            throttle=context.throttle,
            page_context=page_context,
        ),
        callback_handler,
        SecurityEventEndpoint(
            providers=context.providers,
            handler=security_event_handler(context),
            throttle=context.throttle,
            replays=stores.replays,
            data_deletion_requests=stores.data_deletion_requests,
            page_context=page_context,
            clock=context.clock,
            issuer=issuer,
            key=context.envelope.derive("confirmation codes"),
        ),
    )


def provider_key_sets(context: AppContext) -> ProviderKeySetEndpoint:
    """The public keys for the providers where this server authenticates itself by them, or whose
    ID tokens are encrypted for it."""
    keys = AssertionKeys(context.envelope.derive_all, context.entropy)
    documents = {
        name: keys.document(name, encrypted=one.encrypted_id_tokens)
        for name, one in context.settings.providers.items()
        if one.client_authentication == "private_key_jwt" or one.encrypted_id_tokens
    }
    return ProviderKeySetEndpoint(documents)


def social_tokens(context: AppContext) -> SocialTokens:
    """The endpoints that give login JWTs to applications."""
    return SocialTokens(
        providers=context.providers,
        accounts=context.social,
        codes=_codes(context),
        responder=LoginTokenResponder(
            tokens=login_tokens(context),
            clients=context.stores.clients,
            subjects=Subjects(context.stores.subjects, context.entropy),
        ),
        redirect_targets=_redirect_targets(context),
        users=context.stores.users,
        throttle=context.throttle,
        clock=context.clock,
        metrics=context.metrics,
        issuer=context.token_policy.issuer,
        legacy_transport=context.settings.legacy_transport,
    )


def social_routes(
    context: AppContext, page_context: PageContext, parts: SocialParts
) -> Sequence[PageRoute]:
    """The routes that Starlette serves; with those of the sandbox, if it is on."""
    endpoint, callback_handler = parts.endpoint, parts.callback_handler
    security_events = parts.security_events
    return [
        (("GET",), places.LOGIN, endpoint.login),
        (("GET", "POST"), places.CALLBACK, callback_handler.callback),
        (("GET",), "/sign-in/with/{provider}", endpoint.sign_in),
        (("GET", "POST"), places.INITIATE, initiated_login(context, page_context).start),
        (
            ("GET",),
            places.FRONTCHANNEL_LOGOUT,
            provider_frontchannel_logout(context, page_context).end,
        ),
        (("GET",), ARRIVED, callback_handler.resume),
        (("GET",), LINK, callback_handler.show_link),
        (("POST",), LINK, callback_handler.decide_link),
        (("POST",), places.NOTIFICATIONS, security_events.notify),
        (("POST",), places.DEAUTHORIZE, security_events.deauthorize),
        (("POST",), places.DATA_DELETION, security_events.delete_data),
        (("GET",), places.DATA_DELETION_STATUS, security_events.status),
        *_sandbox(context, page_context),
    ]


def _sandbox(context: AppContext, page_context: PageContext) -> Sequence[PageRoute]:
    if not context.settings.sandbox:
        return []
    return sandbox_routes(
        SandboxPolicy(
            server=context.settings.issuer,
            deauthorize=places.DEAUTHORIZE.format(provider="facebook"),
            deletion=places.DATA_DELETION.format(provider="facebook"),
        ),
        renderer=page_context.renderer,
        envelope=context.envelope,
        clock=context.clock,
        entropy=context.entropy,
        sleep=asyncio.sleep,
    )


def _codes(context: AppContext) -> LoginCodes:
    return LoginCodes(
        context.stores.login_codes,
        login_tokens(context),
        context.clock,
        context.entropy,
        context.audit,
    )


def _redirect_targets(context: AppContext) -> RedirectTargets:
    return RedirectTargets(context.stores.clients, context.settings.social_redirect_urls)
