"""The response to a login: a redirect to its return target, or to the page of the second factor.

In an authorization the dispatcher decides the next step, so the browser returns to it.
"""

from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.addresses import with_return_to
from quantimodo.accounts.login import (
    LoginBrowser,
    LoginResult,
    SecondFactorNeeded,
    StartedSession,
)
from quantimodo.accounts.pending_logins import LIFETIME
from quantimodo.authorization.stored_requests import RESUME
from quantimodo.model.secrets import Secret
from quantimodo.pages.browser import Browser, BrowserRequest
from quantimodo.pages.cookie_names import PENDING_LOGIN, TRUSTED_BROWSER
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.return_targets import ReturnTarget

# The maximum that the settings allow. The server checks the actual lifetime.
_TRUSTED: Final = timedelta(days=90)
SECOND_FACTOR: Final = "/sign-in/second-factor"
SET_UP: Final = f"{SECOND_FACTOR}/set-up"
CLOSED: Final = "/account/closed"


async def login_response(
    page_context: PageContext,
    request: Request,
    login: LoginResult,
    return_to: str,
    notice: str = "",
) -> Response:
    """A redirect with the cookies of this login. `return_to` is a local path."""
    if isinstance(login, SecondFactorNeeded) and urlsplit(return_to).path != RESUME:
        return_to = with_return_to(SECOND_FACTOR, return_to)
    if isinstance(login, StartedSession) and login.closed:
        return_to, notice = CLOSED, ""
    browser, response = page_context.browser, page_context.go(return_to, notice)
    if isinstance(login, SecondFactorNeeded):
        browser.set_secret_cookie(response, PENDING_LOGIN, login.pending_cookie, LIFETIME)
        return response
    if pending_login_cookie(browser, request) is not None:
        browser.clear_secret_cookie(response, PENDING_LOGIN)
    if login.trusted_cookie is not None:
        browser.set_secret_cookie(response, TRUSTED_BROWSER, login.trusted_cookie, _TRUSTED)
    return await browser.complete_sign_in(request, response, login)


def login_browser(
    browser: Browser,
    request: Request,
    browser_request: BrowserRequest,
    leads: ReturnTarget | None = None,
) -> LoginBrowser:
    """The browser of this request, for a login in it. With `leads`, the target of the login, its
    cookie of a trusted browser is used."""
    return LoginBrowser(
        address=browser_request.address,
        agent=browser_request.agent,
        replaces=browser_request.cookie,
        device_cookies=browser.device_cookies(request),
        trusted=_trusted_cookie(browser, request, browser_request, leads),
    )


def _trusted_cookie(
    browser: Browser, request: Request, browser_request: BrowserRequest, leads: ReturnTarget | None
) -> Secret | None:
    """The cookie of this browser that may replace the second factor. None for a step-up request,
    and for a signed-in person who signs in again."""
    if leads is None or leads.steps_up or browser_request.session is not None:
        return None
    raw = browser.read_secret_cookie(request, TRUSTED_BROWSER)
    return Secret(raw) if raw else None


def pending_login_cookie(browser: Browser, request: Request) -> Secret | None:
    """The cookie of this browser's pending login."""
    raw = browser.read_secret_cookie(request, PENDING_LOGIN)
    return Secret(raw) if raw else None
