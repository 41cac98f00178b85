"""Builds the services that pages and the authorization endpoint share."""

from urllib.parse import urlsplit

from quantimodo.app.services import AppContext
from quantimodo.pages.browser import Browser, CookiePolicy
from quantimodo.pages.consent_offers import ConsentOffers


def browser_service(context: AppContext) -> Browser:
    parts = urlsplit(context.settings.issuer)
    return Browser(
        CookiePolicy(
            origin=f"{parts.scheme}://{parts.netloc}",
            session_lifetime=context.settings.sessions.absolute_lifetime,
        ),
        context.sessions,
        context.devices,
        context.clock,
        context.entropy,
        key=context.envelope.derive("forms"),
    )


def consent_offers(context: AppContext) -> ConsentOffers:
    return ConsentOffers(
        context.measurement_service,
        context.references,
        context.reads,
        context.profiles,
        context.clock,
    )
