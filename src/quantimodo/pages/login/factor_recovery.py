"""Pages of the recovery of an account whose person has lost the second factor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.addresses import with_return_to
from quantimodo.accounts.login import EmailProof, proof_of
from quantimodo.accounts.pending_logins import PendingLogins
from quantimodo.accounts.second_factors.factor_recovery import FactorRecoveries
from quantimodo.model.sessions import PendingLogin
from quantimodo.model.texts import N_
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import REFUSALS, FormErrors, error_view, form_errors
from quantimodo.pages.links import InvalidLink, Links
from quantimodo.pages.login.responses import SECOND_FACTOR, pending_login_cookie
from quantimodo.pages.page_context import Endpoint, PageContext
from quantimodo.pages.renderer import PageOptions
from quantimodo.pages.return_targets import ReturnTarget, ReturnTargets

LOST: Final = f"{SECOND_FACTOR}/lost"
_SIGN_IN: Final = InvalidLink("/account/security", N_("See the state of your account"))


@dataclass(frozen=True, slots=True)
class FactorRecoveryPages:
    page_context: PageContext
    pending: PendingLogins
    recoveries: FactorRecoveries
    return_targets: ReturnTargets
    links: Links

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), LOST, self.show),
            (("POST",), LOST, self.submit),
            (("GET",), "/cancel-recovery", self.show_cancel),
            (("POST",), "/cancel-recovery", self.cancel),
            (("POST",), "/account/security/recovery/cancel", self.cancel_signed_in),
        ]

    async def show(self, request: Request) -> Response:
        """GET /sign-in/second-factor/lost: what is possible in this pending login."""
        browser_request = await self.page_context.browser_request(request)
        leads = await self.return_targets.of(request.query_params.get("return_to", ""))
        pending = await self._pending(request)
        if pending is None:
            return self.page_context.go(with_return_to("/sign-in", leads.return_to))
        return await self._page(request, browser_request, leads, pending)

    async def submit(self, request: Request) -> Response:
        """POST: start the delay, or remove the factor after it."""
        browser_request, form = await self.page_context.posted(request)
        leads = await self.return_targets.of(form.one("return_to"))
        pending = await self._pending(request)
        if pending is None:
            return self.page_context.go(with_return_to("/sign-in", leads.return_to))
        completes = form.one("action") == "complete"
        try:
            change = self.recoveries.complete if completes else self.recoveries.request
            await change(pending, by_email=isinstance(proof_of(pending), EmailProof))
        except REFUSALS as refusal:
            again = form_errors(refusal)
            return await self._page(request, browser_request, leads, pending, again)
        if completes:
            sign_in = with_return_to("/sign-in", leads.return_to)
            return self.page_context.go(sign_in, "recovery-completed")
        return self.page_context.go(with_return_to(LOST, leads.return_to))

    async def show_cancel(self, request: Request) -> Response:
        """GET /cancel-recovery: from the e-mail. Only the button of the page cancels."""
        moved = self.links.moved(request, "cancel")
        if moved is not None:
            return moved
        browser_request = await self.page_context.browser_request(request)
        return self.page_context.show(request, browser_request, "cancel_recovery.html")

    async def cancel(self, request: Request) -> Response:
        """POST /cancel-recovery."""
        browser_request, _ = await self.page_context.posted(request)
        raw = self.links.email_token(request, "cancel")
        if not await self.recoveries.cancel_by_link(raw):
            return self.links.invalid(request, browser_request, "cancel", _SIGN_IN)
        response = self.page_context.go("/sign-in", "recovery-cancelled")
        return self.page_context.browser.clear_cookie(response, "cancel")

    async def cancel_signed_in(self, request: Request) -> Response:
        """POST /account/security/recovery/cancel."""
        browser_request, _ = await self.page_context.posted(request)
        await self.recoveries.cancel(browser_request.required().user)
        return self.page_context.go("/account/security", "recovery-cancelled")

    async def _page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        leads: ReturnTarget,
        pending: PendingLogin,
        again: FormErrors | None = None,
    ) -> Response:
        return self.page_context.show(
            request,
            browser_request,
            "second_factor_lost.html",
            again=again,
            options=PageOptions(form_action=leads.form_action, opener=True),
            leads=leads,
            person=pending.user,
            recovery=await self.recoveries.status(pending.user),
            delay=self.recoveries.delay,
            form=error_view(again),
        )

    async def _pending(self, request: Request) -> PendingLogin | None:
        return await self.pending.find(pending_login_cookie(self.page_context.browser, request))
