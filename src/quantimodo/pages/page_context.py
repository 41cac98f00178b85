"""What every page needs of a request: who sent it, its form, and how the page is shown.

A page that cannot be shown is an exception; `app/requests/error_boundary.py` responds to it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.addresses import with_return_to
from quantimodo.accounts.announcements import CurrentAnnouncements
from quantimodo.accounts.throttle import Throttle
from quantimodo.http.refusals import Refusal, record_refusal
from quantimodo.i18n.translation import translated
from quantimodo.model.announcements import Announcement
from quantimodo.model.texts import N_
from quantimodo.pages.browser import Browser, BrowserRequest
from quantimodo.pages.form_errors import FormErrors
from quantimodo.pages.forms import USUAL, Form, FormLimits, read_form
from quantimodo.pages.languages import ENGLISH_ONLY, Languages
from quantimodo.pages.renderer import PageOptions, Renderer, see_other
from quantimodo.pages.shown_announcements import shown
from quantimodo.ports.clock import Clock

Endpoint = Callable[[Request], Awaitable[Response]]

# The notices that a page shows once after a form was accepted. A cookie has the key and the name.
NOTICES: Final = {
    "signed-out": N_("You are signed out."),
    "renamed": N_("Your name is saved."),
    "profile-saved": N_("Your profile is saved."),
    "emails-saved": N_("Your choice of e-mails is saved."),
    "password-changed": N_("Your password is changed."),
    "password-reset": N_(
        "Your new password is set, and you are signed in. Every other device was signed out."
    ),
    "password-replaced": N_("Your new password is set. Every device was signed out."),
    "email-requested": N_("We sent a link to your new address. It takes effect when you open it."),
    "verification-sent": N_("We sent you a link. Open it to confirm your address."),
    "verified": N_("Your address is confirmed."),
    "confirmed": N_("Your address is confirmed. Welcome."),
    "account-kept": N_("Your account is open again, and will not be deleted."),
    "password-set": N_("Your password is set."),
    "identity-linked": N_("The account is linked. You can sign in with it from now on."),
    "identity-unlinked": N_(
        "The account is unlinked. It does not sign in any more. If another person may have used"
        " it, sign out all other devices."
    ),
    "access-removed": N_("Removed %(name)s. It can no longer use your account."),
    "consent-changed": N_("Saved. What you took back has ended."),
    "consent-unchanged": N_("Nothing was changed."),
    "receipt-sent": N_("We sent you the receipt."),
    "receipt-not-sent": N_("Confirm your e-mail address first."),
    "trust-ended": N_(
        "That browser is not trusted any more. It needs a second step at its next sign-in."
    ),
    "recovery-cancelled": N_(
        "It is cancelled: two-step verification stays on. If you did not start it, change your"
        " password."
    ),
    "recovery-completed": N_("Two-step verification is off. Sign in without a second step."),
    "two-step-on": N_("Two-step verification is on. Signing in needs a second step from now on."),
    "two-step-off": N_(
        "Two-step verification is off. You no longer need a second step to sign in."
    ),
    "recovery-codes-new": N_("You have new recovery codes. The earlier ones do not work any more."),
    "passkey-added": N_("The passkey is added. You can sign in with it from now on."),
    "passkey-renamed": N_("The name is saved."),
    "passkey-removed": N_("The passkey is removed. Delete it in your password manager as well."),
    "token-made": N_("The token is made."),
    "token-revoked": N_("The token is revoked. It does not work any more."),
    "session-ended": N_("That device is signed out."),
    "others-ended": N_("All other devices are signed out."),
    "measurement-added": N_("The measurement is kept."),
    "measurement-saved": N_("The measurement is changed."),
    "measurement-restored": N_("The measurement is restored."),
    "too-late-to-restore": N_("It is too late to restore this measurement. It is deleted."),
    "not-restored": N_(
        "The measurement was not restored: another one of the same time, or of another kind of"
        " unit, is here now."
    ),
    "data-imported": N_("The file is imported."),
    "variable-removed": N_("Deleted %(name)s, with all its measurements."),
    "client-saved": N_("The application is saved."),
    "webhook-saved": N_("The webhook is saved."),
    "webhook-deleted": N_("The webhook is deleted."),
    "webhook-tested": N_("A test event is on its way. Refresh the list in a moment."),
    "webhook-replayed": N_("The events are on their way. Refresh the list in a moment."),
    "api-saved": N_("The API is saved."),
    "api-removed": N_("The API is removed."),
    "client-deleted": N_("The application is deleted. Its tokens no longer work."),
    "callback-registered": N_("The callback is registered. Try it."),
    "callback-removed": N_("The callback is removed from the redirect URIs."),
    "invitation-sent": N_("The invitation is sent."),
    "invitation-withdrawn": N_("The invitation is withdrawn."),
    "member-removed": N_("The person is removed from the team."),
    "team-joined": N_("You are in the team."),
    "team-left": N_("You left the team."),
    "logo-saved": N_("The logo is saved."),
    "logo-removed": N_("The logo is removed."),
    "admin-done": N_("Done. It is recorded."),
}
_NOTICE_LIFETIME: Final = timedelta(minutes=1)
_LONGEST_NAME: Final = 125
_DEFAULT: Final = PageOptions()


@dataclass(frozen=True, slots=True)
class PageContext:
    """Reads the visitor's state, checks forms, shows pages."""

    renderer: Renderer
    browser: Browser
    throttle: Throttle
    clock: Clock
    languages: Languages = ENGLISH_ONLY
    announcements: CurrentAnnouncements | None = None

    async def browser_request(self, request: Request) -> BrowserRequest:
        """The request with the state of its browser; the language of the person applies."""
        browser_request = await self.browser.browser_request(request)
        await self.languages.apply_profile(browser_request.session or browser_request.closed)
        if self.announcements is not None:
            await self.announcements.refresh()
        return browser_request

    async def posted(
        self, request: Request, limits: FormLimits = USUAL
    ) -> tuple[BrowserRequest, Form]:
        """The request and its form, which came from a page of this server. Raises `FormFault` for
        a form above the limits, `Forbidden`, and `TooMany` when too many came in one session."""
        form = await read_form(request, limits)
        browser_request = await self.browser_request(request)
        self.browser.check(request, form, browser_request)
        session = browser_request.session or browser_request.closed
        if session is not None:
            await self.throttle.change(session.sid)
        return browser_request, form

    def show(
        self,
        request: Request,
        browser_request: BrowserRequest,
        name: str,
        *,
        again: FormErrors | None = None,
        options: PageOptions = _DEFAULT,
        **context: Any,
    ) -> Response:
        """The page `name` for this visitor, with the notice of the previous page, if any.

        `again`: a form is shown again because it was refused; its status and headers replace those
        of `options`.
        """
        if again is not None:
            options = replace(options, status=again.status, headers=again.headers)
            record_refusal(request.scope, Refusal("invalid_request", again.because))
        notice = self.browser.read_cookie(request, "notice")
        response = self.renderer.page(
            name,
            options=options,
            browser_request=browser_request,
            now=self.clock.now(),
            notice=_notice(notice),
            announcements=self._announcements(request, browser_request, context.get("section", "")),
            **context,
        )
        if notice:
            self.browser.clear_cookie(response, "notice")
        return self.browser.attach_cookies(response, browser_request)

    def _announcements(
        self, request: Request, browser_request: BrowserRequest, section: str
    ) -> Sequence[Announcement]:
        if self.announcements is None:
            return ()
        cookie = self.browser.read_cookie(request, "dismissed")
        found = self.announcements.now()
        return shown(found, section, browser_request.session, cookie)

    def go(self, location: str, notice: str = "", name: str = "") -> Response:
        """Redirect to another page, which shows the notice once; `name` is the name of its
        object."""
        response = see_other(location)
        if notice:
            text = f"{notice} {name[:_LONGEST_NAME]}" if name else notice
            self.browser.set_cookie(response, "notice", text, _NOTICE_LIFETIME)
        return response

    def again(self, return_to: str) -> Response:
        """Redirect to the page that requests a new sign-in (security.md §18)."""
        return see_other(with_return_to("/account/again", return_to))


def _notice(cookie: str) -> str:
    key, _, name = cookie.partition(" ")
    text = translated(NOTICES.get(key, ""))
    return text.replace("%(name)s", name[:_LONGEST_NAME] or translated(N_("it")))
