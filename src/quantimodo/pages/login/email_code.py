"""Signing in by a code that is sent by e-mail, where the operator allows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.addresses import with_return_to
from quantimodo.accounts.email_codes import LIFETIME, EmailCodes
from quantimodo.model.secrets import Secret
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.cookie_names import EMAIL_CODE
from quantimodo.pages.form_errors import REFUSALS, FormErrors, form_errors
from quantimodo.pages.forms import FormView
from quantimodo.pages.login.responses import login_browser, login_response
from quantimodo.pages.page_context import Endpoint, PageContext
from quantimodo.pages.renderer import PageOptions
from quantimodo.pages.return_targets import ReturnTarget, ReturnTargets

REQUEST: Final = "/sign-in/code"
ENTER: Final = f"{REQUEST}/enter"


@dataclass(frozen=True, slots=True)
class EmailCodePages:
    page_context: PageContext
    email_codes: EmailCodes
    return_targets: ReturnTargets

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), REQUEST, self.show),
            (("POST",), REQUEST, self.submit),
            (("GET",), ENTER, self.enter),
            (("POST",), ENTER, self.sign_in),
        ]

    async def show(self, request: Request) -> Response:
        """GET /sign-in/code."""
        browser_request = await self.page_context.browser_request(request)
        leads = await self.return_targets.of(request.query_params.get("return_to", ""))
        view = FormView({"email": request.query_params.get("login_hint", "")[:254]})
        return self._page(request, browser_request, "email_code.html", leads, view)

    async def submit(self, request: Request) -> Response:
        """POST /sign-in/code: the response is the same whether the address has an account."""
        browser_request, form = await self.page_context.posted(request)
        leads = await self.return_targets.of(form.one("return_to"))
        try:
            cookie = await self.email_codes.request(
                form.one("email"), address=browser_request.address
            )
        except REFUSALS as refusal:
            again = form_errors(refusal)
            view = again.view(form, "email")
            return self._page(request, browser_request, "email_code.html", leads, view, again)
        response = self.page_context.go(with_return_to(ENTER, leads.return_to))
        self.page_context.browser.set_secret_cookie(response, EMAIL_CODE, cookie, LIFETIME)
        return response

    async def enter(self, request: Request) -> Response:
        """GET /sign-in/code/enter."""
        browser_request = await self.page_context.browser_request(request)
        leads = await self.return_targets.of(request.query_params.get("return_to", ""))
        if self._cookie(request) is None:
            return self.page_context.go(with_return_to(REQUEST, leads.return_to))
        return self._page(request, browser_request, "email_code_enter.html", leads, FormView())

    async def sign_in(self, request: Request) -> Response:
        """POST /sign-in/code/enter."""
        browser_request, form = await self.page_context.posted(request)
        leads = await self.return_targets.of(form.one("return_to"))
        cookie = self._cookie(request)
        if cookie is None:
            return self.page_context.go(with_return_to(REQUEST, leads.return_to))
        browser = login_browser(self.page_context.browser, request, browser_request)
        try:
            login = await self.email_codes.sign_in(cookie, form.secret("code"), browser)
        except REFUSALS as refusal:
            again = form_errors(refusal, field="code")
            view = again.view(form)
            name = "email_code_enter.html"
            return self._page(request, browser_request, name, leads, view, again)
        response = await login_response(self.page_context, request, login, leads.return_to)
        self.page_context.browser.clear_secret_cookie(response, EMAIL_CODE)
        return response

    def _cookie(self, request: Request) -> Secret | None:
        raw = self.page_context.browser.read_secret_cookie(request, EMAIL_CODE)
        return Secret(raw) if raw else None

    def _page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        name: str,
        leads: ReturnTarget,
        view: FormView,
        again: FormErrors | None = None,
    ) -> Response:
        return self.page_context.show(
            request,
            browser_request,
            name,
            again=again,
            options=PageOptions(form_action=leads.form_action, opener=True),
            leads=leads,
            form=view,
        )
