"""What all administration pages share: who may open them, and their layout.

For people who are not administrators the pages do not exist (404). An administrator needs a session
with a second factor; changes and exports of the log need a recent sign-in.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.action_reasons import parse_reason
from quantimodo.accounts.errors import ReauthenticationNeeded, SecondFactorMissing
from quantimodo.accounts.second_factors.check import SecondFactorCheck
from quantimodo.accounts.sessions import require_fresh
from quantimodo.http.errors import NotFound
from quantimodo.model.admin_actions import Authority
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import FormErrors
from quantimodo.pages.forms import Form, FormView
from quantimodo.pages.page_context import PageContext

ADMIN: Final = "/admin"
_LONGEST_VISIT: Final = timedelta(hours=8)


class ActionWords(NamedTuple):
    """The label of an action, and what it does. `dangerous`: it cannot be undone."""

    label: str
    text: str
    dangerous: bool = False


@dataclass(frozen=True, slots=True)
class ActionForm:
    """The page that asks for the reason of an action on the object named `of`. `path` takes the
    form, `back` is the previous page."""

    section: str
    words: ActionWords
    of: str
    path: str
    back: str


@dataclass(frozen=True, slots=True)
class AdminFrame:
    """Checks the administrator, and renders the pages."""

    page_context: PageContext
    check: SecondFactorCheck

    async def visit(self, request: Request, *, recent: bool = False) -> BrowserRequest:
        """The request of an administrator. Raises `SignInFirst`, `NotFound`, `SecondFactorMissing`
        and `ReauthenticationNeeded`. `recent`: the sign-in must be recent."""
        browser_request = await self.page_context.browser_request(request)
        await self._require(browser_request, recent=recent)
        return browser_request

    async def posted(self, request: Request) -> tuple[BrowserRequest, Form]:
        """A form of an administrator with a recent sign-in; it came from a page of this server."""
        browser_request, form = await self.page_context.posted(request)
        await self._require(browser_request, recent=True)
        return browser_request, form

    def authority(self, browser_request: BrowserRequest, form: Form) -> Authority:
        """The administrator as the actor, with the reason. Raises `InvalidInput` for `reason`."""
        user = browser_request.required().user
        return Authority(
            reason=parse_reason(form.one("reason")),
            actor_id=user.id,
            address=browser_request.address,
        )

    def show(
        self,
        request: Request,
        browser_request: BrowserRequest,
        name: str,
        *,
        again: FormErrors | None = None,
        **context: Any,
    ) -> Response:
        """The page of this template."""
        return self.page_context.show(request, browser_request, name, again=again, **context)

    def show_action(
        self,
        request: Request,
        browser_request: BrowserRequest,
        form: ActionForm,
        refused: tuple[FormErrors, Form] | None = None,
    ) -> Response:
        """The page of an action, for the first time or after it was `refused`."""
        again = None if refused is None else refused[0]
        view = FormView() if refused is None else refused[0].view(refused[1], "reason")
        return self.show(
            request,
            browser_request,
            "admin_action.html",
            again=again,
            section=form.section,
            action=form,
            form=view,
        )

    async def _require(self, browser_request: BrowserRequest, *, recent: bool) -> None:
        session = browser_request.required()
        if not session.user.administrator:
            raise NotFound
        if not (
            await self.check.factor_of(session.user)
            or await self.check.has_usable_passkey(session.user)
        ):
            raise SecondFactorMissing
        if "mfa" not in session.methods:
            raise ReauthenticationNeeded
        now = self.page_context.clock.now()
        if recent:
            require_fresh(session, now)
        elif now - session.authenticated_at > _LONGEST_VISIT:
            raise ReauthenticationNeeded
