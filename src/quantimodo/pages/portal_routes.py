"""The part of the table of pages that is the developer portal."""

from collections.abc import Sequence

from quantimodo.clients.teams import Teams
from quantimodo.pages.apis import Apis
from quantimodo.pages.app_log import AppLog
from quantimodo.pages.app_pages import AppPages
from quantimodo.pages.app_secret import AppSecret
from quantimodo.pages.app_settings import AppSettings
from quantimodo.pages.developers import Developers
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.page_services import PageRoute, Pages
from quantimodo.pages.secret_once import SecretPage


def portal_routes(pages: Pages, page_context: PageContext) -> Sequence[PageRoute]:
    """The pages of the developer portal."""
    secrets = SecretPage(pages.browser, pages.envelope, pages.clock)
    factors, issuer, registry = pages.accounts.login.second_factors, pages.issuer, pages.registry
    portal = Developers(page_context, registry, pages.clients, secrets, factors)
    app_pages = AppPages(page_context, pages.clients, Teams(), factors)
    apis = Apis(page_context, pages.resources, factors, issuer)
    return [
        *apis.routes(),
        *portal.routes(),
        *AppSettings(app_pages, registry, secrets, issuer).routes(),
        *AppSecret(app_pages, registry, secrets).routes(),
        *AppLog(app_pages, pages.client_log, pages.clock).routes(),
    ]
