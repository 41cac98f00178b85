"""How every page meets its visitor: who is there, may this form be acted on, what is shown.

Owns the path from a request to a page and the answers to what can go wrong on the way.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.errors import Busy, ReauthenticationNeeded, TooMany
from quantimodo.http.disconnects import ClientLeft
from quantimodo.pages.browser import Browser, BrowserRequest, Forbidden, SignInFirst
from quantimodo.pages.errors import FORBIDDEN, NOT_FOUND, error_page, in_words, retry_after
from quantimodo.pages.form_errors import FormErrors
from quantimodo.pages.forms import Form, FormFault, read_form
from quantimodo.pages.layout import Renderer, see_other
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import Unavailable

Endpoint = Callable[[Request], Awaitable[Response]]

# What a page says once after a form was accepted; the cookie holds only the key.
NOTICES: Final = {
    "signed-out": "You are signed out.",
    "renamed": "Your name is saved.",
    "profile-saved": "Your profile is saved.",
    "password-changed": "Your password is changed.",
    "password-reset": "Your new password is set, and you are signed in. "
    "Every other device was signed out.",
    "email-asked": "We sent a link to your new address. It takes effect when you open it.",
    "verification-sent": "We sent you a link. Open it to confirm your address.",
    "verified": "Your address is confirmed.",
    "confirmed": "Your address is confirmed. Welcome.",
    "deleted": "Your account is deleted, with everything in it.",
    "password-set": "Your password is set.",
    "identity-linked": "The account is linked. You can sign in by it from now on.",
    "identity-unlinked": "The account is unlinked. It does not sign in any more. "
    "If somebody else may have used it, sign out all other devices.",
    "access-removed": "Access removed. The application can no longer use your account.",
    "session-ended": "That device is signed out.",
    "others-ended": "All other devices are signed out.",
    "measurement-added": "The measurement is kept.",
    "measurement-restored": "The measurement is restored.",
    "too-late-to-restore": "It is too late to restore this measurement. It is deleted.",
    "not-restored": "The measurement was not restored: another one of the same time, or of another "
    "kind of unit, is here now.",
    "data-imported": "The file is imported.",
    "variable-removed": "It is deleted, with all its measurements.",
    "client-saved": "The application is saved.",
    "client-deleted": "The application is deleted. Its tokens no longer work.",
    "logo-saved": "The logo is saved.",
    "logo-removed": "The logo is removed.",
}
_NOTICE_LIFETIME: Final = timedelta(minutes=1)


class NotFound(Exception):
    """There is nothing at this address, or nothing that this person may see."""


@dataclass(frozen=True, slots=True)
class PageContext:
    """Opens a visit, checks a form, shows a page."""

    renderer: Renderer
    browser: Browser
    clock: Clock

    async def browser_request(self, request: Request) -> BrowserRequest:
        return await self.browser.browser_request(request)

    async def posted(
        self, request: Request, most: int | None = None
    ) -> tuple[BrowserRequest, Form]:
        """The visit and its form, known to come from a page of ours. Raises `Forbidden`.

        `most`: bytes, where a form may be larger than forms are.
        """
        form = await (read_form(request) if most is None else read_form(request, most))
        browser_request = await self.browser.browser_request(request)
        self.browser.check(request, form, browser_request)
        return browser_request, form

    def show(
        self,
        request: Request,
        browser_request: BrowserRequest,
        name: str,
        *,
        status: int = 200,
        again: FormErrors | None = None,
        form_action: Sequence[str] = (),
        opener: bool = False,
        **context: Any,
    ) -> Response:
        """The page `name` for this visitor, with the notice that waits for them, if any.

        `again`: a form is shown once more, because it was refused.
        """
        notice = self.browser.read_cookie(request, "notice")
        response = self.renderer.page(
            name,
            status=again.status if again else status,
            form_action=form_action,
            headers=again.headers if again else None,
            opener=opener,
            browser_request=browser_request,
            now=self.clock.now(),
            notice=NOTICES.get(notice, ""),
            **context,
        )
        if notice:
            self.browser.clear_cookie(response, "notice")
        return self.browser.attach_cookies(response, browser_request)

    def go(self, location: str, notice: str = "") -> Response:
        """On to another page, which then shows the notice once."""
        response = see_other(location)
        if notice:
            self.browser.set_cookie(response, "notice", notice, _NOTICE_LIFETIME)
        return response

    def again(self, return_to: str) -> Response:
        """To the page that asks a person to show once more who they are (security.md §18)."""
        return see_other(f"/account/again?return_to={quote(return_to, safe='/')}")

    def guarded(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint, with a page for everything that may go wrong before it answers."""

        async def answer(request: Request) -> Response:
            try:
                return await endpoint(request)
            except SignInFirst:
                return see_other(f"/sign-in?return_to={quote(_back(request), safe='/')}")
            except ReauthenticationNeeded:
                return self.again(_same_page(request))
            except Forbidden:
                return error_page(self.renderer, 403, *FORBIDDEN)
            except NotFound:
                return error_page(self.renderer, 404, *NOT_FOUND)
            except FormFault as fault:
                return error_page(
                    self.renderer, fault.status, "This form could not be used", fault.message
                )
            except TooMany as fault:
                return too_many(self.renderer, fault.retry_after)
            except Busy as fault:
                return busy(self.renderer, fault.retry_after)
            except Unavailable:
                return busy(self.renderer, timedelta(seconds=5))
            except ClientLeft:
                return Response(status_code=499)  # sent to nobody

        return answer


def too_many(renderer: Renderer, wait: timedelta) -> Response:
    """429: tried too often."""
    return error_page(
        renderer,
        429,
        "Too many tries",
        f"To protect accounts, this was stopped for now. Try again in {in_words(wait)}.",
        headers=retry_after(wait),
    )


def busy(renderer: Renderer, wait: timedelta) -> Response:
    """503: ask again soon."""
    return error_page(
        renderer,
        503,
        "The server is busy",
        "Nothing was changed. Wait a few seconds, go back, and try again.",
        headers=retry_after(wait),
    )


def _same_page(request: Request) -> str:
    """The page of a form that needs a fresh sign-in: it answers GET at its own address, but for
    the buttons of a list."""
    path = request.url.path
    if path.startswith("/account/identities/"):
        return "/account/identities"
    return "/account/security/password" if path.endswith("/first-password") else path


def _back(request: Request) -> str:
    path = request.url.path
    if request.method in ("GET", "HEAD"):
        return f"{path}?{request.url.query}" if request.url.query else path
    return "/developers" if path.startswith("/developers") else "/account"
