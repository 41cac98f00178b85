"""/admin/announcements: what all pages announce for a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.announcements import Announcements, Draft
from quantimodo.accounts.errors import InvalidInput
from quantimodo.http.errors import NotFound
from quantimodo.model.announcements import Announcement
from quantimodo.model.languages import LANGUAGES
from quantimodo.model.texts import N_
from quantimodo.pages.admin.frame import ADMIN, ActionForm, ActionWords, AdminFrame
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import REFUSALS, FormErrors, form_errors
from quantimodo.pages.forms import Form, FormView, row_id
from quantimodo.pages.page_context import Endpoint

ANNOUNCEMENTS: Final = f"{ADMIN}/announcements"
_USUAL_TIME: Final = timedelta(days=7)
_FIELDS: Final = ("level", "audience", "link", "starts_at", "ends_at", "reason")
_REMOVE: Final = ActionWords(
    N_("Remove the announcement"), N_("It disappears from all pages within seconds.")
)


@dataclass(frozen=True, slots=True)
class AdminAnnouncements:
    frame: AdminFrame
    service: Announcements

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        remove = f"{ANNOUNCEMENTS}/{{number}}/remove"
        return [
            (("GET",), ANNOUNCEMENTS, self.list),
            (("GET",), f"{ANNOUNCEMENTS}/new", self.show),
            (("POST",), f"{ANNOUNCEMENTS}/new", self.add),
            (("GET",), remove, self.confirm),
            (("POST",), remove, self.remove),
        ]

    async def list(self, request: Request) -> Response:
        """GET /admin/announcements."""
        browser_request = await self.frame.visit(request)
        return self.frame.show(
            request,
            browser_request,
            "admin_announcements.html",
            section="admin-announcements",
            written=await self.service.all(),
        )

    async def show(self, request: Request) -> Response:
        """GET /admin/announcements/new."""
        browser_request = await self.frame.visit(request, recent=True)
        ends_at = self.service.clock.now() + _USUAL_TIME
        view = FormView({"ends_at": ends_at.strftime("%Y-%m-%dT%H:%M")})
        return self._page(request, browser_request, view)

    async def add(self, request: Request) -> Response:
        """POST /admin/announcements/new."""
        browser_request, form = await self.frame.posted(request)
        try:
            by = self.frame.authority(browser_request, form)
            await self.service.add(self._draft(form), by)
        except REFUSALS as refusal:
            again = form_errors(refusal)
            view = again.view(form, *_FIELDS, *(f"text_{tag}" for tag in LANGUAGES))
            return self._page(request, browser_request, view, again)
        return self.frame.page_context.go(ANNOUNCEMENTS, "admin-done")

    async def confirm(self, request: Request) -> Response:
        """GET /admin/announcements/{number}/remove."""
        browser_request = await self.frame.visit(request, recent=True)
        form = self._form(await self._announcement(request))
        return self.frame.show_action(request, browser_request, form)

    async def remove(self, request: Request) -> Response:
        """POST /admin/announcements/{number}/remove."""
        browser_request, form = await self.frame.posted(request)
        announcement = await self._announcement(request)
        try:
            by = self.frame.authority(browser_request, form)
            await self.service.delete(announcement.id, by)
        except REFUSALS as refusal:
            refused = form_errors(refusal), form
            page = self._form(announcement)
            return self.frame.show_action(request, browser_request, page, refused)
        return self.frame.page_context.go(ANNOUNCEMENTS, "admin-done")

    def _draft(self, form: Form) -> Draft:
        now = self.service.clock.now()
        return Draft(
            level=form.one("level"),
            audience=form.one("audience"),
            texts={tag: form.one(f"text_{tag}") for tag in LANGUAGES},
            link=form.one("link"),
            starts_at=_moment(form, "starts_at") if form.one("starts_at") else now,
            ends_at=_moment(form, "ends_at"),
        )

    async def _announcement(self, request: Request) -> Announcement:
        number = row_id(request.path_params["number"])
        for announcement in await self.service.all():
            if announcement.id == number:
                return announcement
        raise NotFound

    def _form(self, announcement: Announcement) -> ActionForm:
        path = f"{ANNOUNCEMENTS}/{announcement.id}/remove"
        words = announcement.text("en")
        return ActionForm("admin-announcements-one", _REMOVE, words, path, ANNOUNCEMENTS)

    def _page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        view: FormView,
        again: FormErrors | None = None,
    ) -> Response:
        return self.frame.show(
            request,
            browser_request,
            "admin_announcement.html",
            again=again,
            section="admin-announcements-one",
            form=view,
        )


def _moment(form: Form, name: str) -> datetime:
    """A time of a field, which is in UTC."""
    try:
        return datetime.strptime(f"{form.one(name)[:16]}Z", "%Y-%m-%dT%H:%M%z")
    except ValueError:
        raise InvalidInput(name, N_("Enter a date and a time.")) from None
