"""The part of the table of pages that is the developer portal."""

from collections.abc import Sequence

from quantimodo.pages.links import Links
from quantimodo.pages.new_secret_cookie import NewSecretCookie
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.page_services import PageRoute, Pages
from quantimodo.pages.portal.apis import Apis
from quantimodo.pages.portal.app_guides import AppGuides
from quantimodo.pages.portal.app_log import AppLog
from quantimodo.pages.portal.app_pages import AppPages
from quantimodo.pages.portal.app_preview import AppPreview
from quantimodo.pages.portal.app_secret import AppSecret
from quantimodo.pages.portal.app_settings import AppSettings
from quantimodo.pages.portal.app_team import AppTeam
from quantimodo.pages.portal.app_try import AppTry
from quantimodo.pages.portal.app_webhooks import AppWebhooks
from quantimodo.pages.portal.apps import Developers
from quantimodo.pages.portal.team_invitation import InvitationPage


def portal_routes(pages: Pages, page_context: PageContext) -> Sequence[PageRoute]:
    """The pages of the developer portal."""
    secrets = NewSecretCookie(pages.browser, pages.envelope, pages.clock)
    factors, issuer, registry = pages.accounts.login.second_factors, pages.issuer, pages.registry
    portal = Developers(page_context, registry, pages.clients, secrets, factors, pages.portal.teams)
    app_pages = AppPages(page_context, pages.clients, pages.portal.teams, factors)
    links = Links(page_context, pages.outbox is not None)
    apis = Apis(page_context, pages.resources, factors, issuer)
    return [
        *apis.routes(),
        *portal.routes(),
        *AppSettings(app_pages, registry, secrets, issuer).routes(),
        *AppSecret(app_pages, registry, secrets).routes(),
        *AppWebhooks(app_pages, pages.webhooks, secrets, pages.clock).routes(),
        *AppLog(app_pages, pages.client_log, pages.clock).routes(),
        *AppPreview(app_pages, pages.users, pages.consent_services.offers).routes(),
        *AppTry(app_pages, registry, pages.portal.runs).routes(),
        *AppGuides(app_pages, issuer).routes(),
        *AppTeam(app_pages, pages.portal.team_invitations).routes(),
        *InvitationPage(page_context, links, pages.portal.team_invitations, pages.clients).routes(),
    ]
