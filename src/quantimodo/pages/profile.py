"""A person's name, whether their address is confirmed, and what else they tell of themselves."""

from dataclasses import dataclass
from zoneinfo import available_timezones

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.identity.accounts import Accounts
from quantimodo.identity.profiles import Profiles
from quantimodo.model.profiles import Profile as PersonsProfile
from quantimodo.pages.browser import Visit
from quantimodo.pages.desk import Desk
from quantimodo.pages.forms import FormView
from quantimodo.pages.refusals import REFUSALS, Told, told
from quantimodo.protocol.profiles import ADDRESS, TEXTS, InvalidProfile

# The zones of places, and UTC; the server takes the older names of the IANA database too.
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

    desk: Desk
    accounts: Accounts
    profiles: Profiles

    async def show(self, request: Request) -> Response:
        visit = await self.desk.visit(request)
        return await self._page(request, visit)

    async def rename(self, request: Request) -> Response:
        """POST /account/profile."""
        visit, form = await self.desk.posted(request)
        try:
            await self.accounts.rename(visit.required(), form.one("name"))
        except REFUSALS as refusal:
            again = told(refusal)
            return await self._page(request, visit, again, form=again.view(form, "name"))
        return self.desk.go("/account/profile", "renamed")

    async def tell(self, request: Request) -> Response:
        """POST /account/profile/details."""
        visit, form = await self.desk.posted(request)
        given = {name: form.one(name) for name in _DETAILS}
        try:
            await self.profiles.tell(visit.required().user, given)
        except InvalidProfile as fault:
            again = Told(422, fault.faults)
            return await self._page(request, visit, again, details=again.view(form, *_DETAILS))
        return self.desk.go("/account/profile", "profile-saved")

    async def send_verification(self, request: Request) -> Response:
        """POST /account/verification: mail the link once more."""
        visit, _ = await self.desk.posted(request)
        await self.accounts.send_verification(visit.required().user)
        return self.desk.go("/account/profile", "verification-sent")

    async def _page(
        self,
        request: Request,
        visit: Visit,
        again: Told | None = None,
        *,
        form: FormView | None = None,
        details: FormView | None = None,
    ) -> Response:
        user = visit.required().user
        return self.desk.show(
            request,
            visit,
            "account_profile.html",
            again=again,
            section="account-profile",
            person=user,
            form=form or FormView({"name": user.name}),
            details=details or _details(await self.profiles.of(user)),
            zones=ZONES,
        )


def _details(profile: PersonsProfile) -> FormView:
    values = {name: getattr(profile, name) for name in TEXTS}
    values |= {name: getattr(profile.address, name) for name in ADDRESS}
    return FormView(values)
