"""Builds the service for cookies and form checks."""

from urllib.parse import urlsplit

from quantimodo.app.services import AppContext
from quantimodo.pages.browser import Browser, CookiePolicy


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
