"""A person's name, the confirmation of their address, and their optional profile."""

from dataclasses import dataclass
from zoneinfo import available_timezones

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.account_changes import AccountChanges
from quantimodo.accounts.profiles import Profiles
from quantimodo.accounts.recovery import Recovery
from quantimodo.i18n.translation import gettext
from quantimodo.model.languages import LANGUAGES
from quantimodo.model.user_profiles import Profile as PersonsProfile
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import REFUSALS, FormErrors, form_errors
from quantimodo.pages.forms import FormView
from quantimodo.pages.page_context import PageContext
from quantimodo.protocol.user_profiles import ADDRESS, TEXTS, InvalidProfile

# Zones of places, and UTC; the server accepts the older names of the IANA database too.
_REGIONS = frozenset(
    {
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    }
)
ZONES = sorted(
    name for name in available_timezones() if name == "UTC" or name.partition("/")[0] in _REGIONS
)
_DETAILS = (*TEXTS, *ADDRESS)


@dataclass(frozen=True, slots=True)
class Profile:
    """/account/profile."""

    page_context: PageContext
    changes: AccountChanges
    recovery: Recovery
    profiles: Profiles

    async def show(self, request: Request) -> Response:
        """GET /account/profile: what applications may learn about the person."""
        browser_request = await self.page_context.browser_request(request)
        return await self._page(request, browser_request)

    async def rename(self, request: Request) -> Response:
        """POST /account/profile."""
        browser_request, form = await self.page_context.posted(request)
        try:
            await self.changes.rename(browser_request.required(), form.one("name"))
        except REFUSALS as refusal:
            again = form_errors(refusal)
            return await self._page(request, browser_request, again, form=again.view(form, "name"))
        return self.page_context.go("/account/profile", "renamed")

    async def save_details(self, request: Request) -> Response:
        """POST /account/profile/details."""
        browser_request, form = await self.page_context.posted(request)
        given = {name: form.one(name) for name in _DETAILS}
        try:
            await self.profiles.update(browser_request.required().user, given)
        except InvalidProfile as fault:
            again = FormErrors(422, fault.faults)
            return await self._page(
                request, browser_request, again, details=again.view(form, *_DETAILS)
            )
        response = self.page_context.go("/account/profile", "profile-saved")
        # From now on the profile decides, and not the earlier choice in this browser.
        return self.page_context.browser.clear_cookie(response, "language")

    async def send_verification(self, request: Request) -> Response:
        """POST /account/verification: send the link again."""
        browser_request, _ = await self.page_context.posted(request)
        await self.recovery.send_verification(browser_request.required().user)
        return self.page_context.go("/account/profile", "verification-sent")

    async def _page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        again: FormErrors | None = None,
        *,
        form: FormView | None = None,
        details: FormView | None = None,
    ) -> Response:
        user = browser_request.required().user
        stored = _details(await self.profiles.of(user))
        return self.page_context.show(
            request,
            browser_request,
            "account_profile.html",
            again=again,
            section="account-profile",
            person=user,
            form=form or FormView({"name": user.name}),
            details=details or stored,
            zones=ZONES,
            locales=_locales((details or stored).value("locale")),
        )


def _locales(given: str) -> list[tuple[str, str]]:
    """The languages to choose from, including one of the profile that no page has: applications may
    support it."""
    offered = [(each.tag, each.name) for each in LANGUAGES.values()]
    other = [(given, given)] if given and given not in LANGUAGES else []
    return [("", gettext("As my browser")), *offered, *other]


def _details(profile: PersonsProfile) -> FormView:
    values = {name: getattr(profile, name) for name in TEXTS}
    values |= {name: getattr(profile.address, name) for name in ADDRESS}
    return FormView(values)
