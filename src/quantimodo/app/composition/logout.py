"""Builds the logout endpoints, their routes, and the sender of logout notifications."""

from collections.abc import Sequence

from quantimodo.accounts.sign_out import SignOut
from quantimodo.app.composition.services import AppContext
from quantimodo.endpoints.logout import CONFIRM, LogoutEndpoint
from quantimodo.endpoints.session_state import CheckSession
from quantimodo.federation.provider_sign_out import ProviderSignOut
from quantimodo.federation.providers.oidc import Oidc
from quantimodo.ops.backchannel_logout import BackchannelLogoutSender
from quantimodo.outbound.form_poster import HttpFormPoster
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.page_services import PageRoute
from quantimodo.ports.form_poster import FormPoster
from quantimodo.protocol.discovery import CHECK_SESSION, END_SESSION
from quantimodo.tokens.logout_tokens import LogoutHints, LogoutTokens


def sign_out(context: AppContext) -> SignOut:
    """Ends sessions, and finds the applications to notify."""
    return SignOut(
        context.token_policy.issuer,
        context.sessions,
        context.stores.logout_recipients,
        context.stores.clients,
    )


def provider_sign_out(context: AppContext) -> ProviderSignOut:
    """Builds the sign-out at the providers whose settings offer it."""
    offered = {name for name, one in context.settings.providers.items() if one.sign_out_at_provider}
    return ProviderSignOut(
        providers={
            name: provider
            for name, provider in context.providers.items()
            if name in offered and isinstance(provider, Oidc)
        },
        store=context.stores.provider_sessions,
        envelope=context.envelope,
        entropy=context.entropy,
        issuer=context.settings.issuer,
    )


def logout_routes(context: AppContext, page_context: PageContext) -> Sequence[PageRoute]:
    """The routes of logout that Starlette serves."""
    hints = LogoutHints(context.token_policy.issuer, context.keyring)
    endpoint = LogoutEndpoint(context.stores.clients, hints, sign_out(context), page_context)
    frame = CheckSession(page_context.renderer, page_context.browser)
    return [
        (("GET", "POST"), END_SESSION, endpoint.start),
        (("POST",), CONFIRM, endpoint.confirm),
        (("GET",), CHECK_SESSION, frame.show),
    ]


def backchannel_logout_sender(
    context: AppContext, form_poster: FormPoster | None = None
) -> BackchannelLogoutSender:
    """Notifies applications of ended sessions, by the guarded HTTP client by default."""
    return BackchannelLogoutSender(
        context.stores.logout_recipients,
        LogoutTokens(
            context.token_policy.issuer,
            context.stores.clients,
            context.keyring,
            context.clock,
            context.entropy,
        ),
        form_poster or HttpFormPoster(context.http_client),
        context.clock,
        context.audit,
        context.logout_wakeup,
    )
