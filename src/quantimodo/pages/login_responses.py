"""Where a login leads: to its return target, or to the page of the second factor.

In an authorization both are the dispatcher's decision, so the browser returns to it.
"""

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
from quantimodo.pages.account_closed import CLOSED
from quantimodo.pages.browser import Browser, BrowserRequest
from quantimodo.pages.cookie_names import PENDING_LOGIN
from quantimodo.pages.page_context import PageContext

SECOND_FACTOR: Final = "/sign-in/second-factor"
SET_UP: Final = f"{SECOND_FACTOR}/set-up"


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
    return await browser.complete_sign_in(request, response, login)


def login_browser(
    browser: Browser, request: Request, browser_request: BrowserRequest
) -> LoginBrowser:
    """The browser of this request, for a login in it."""
    return LoginBrowser(
        address=browser_request.address,
        agent=browser_request.agent,
        replaces=browser_request.cookie,
        device_cookies=browser.device_cookies(request),
    )


def pending_login_cookie(browser: Browser, request: Request) -> Secret | None:
    """The cookie of this browser's pending login."""
    raw = browser.read_secret_cookie(request, PENDING_LOGIN)
    return Secret(raw) if raw else None
