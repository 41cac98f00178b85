"""End session endpoint (RP-Initiated Logout §2, §3).

`start` takes an application's request, and `confirm` the person's confirmation. Each of them checks
the request and its target by `protocol/logout.py`. A fault is shown on a page, and never redirects.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.sign_out import SignOut
from quantimodo.crypto.session_ids import client_sid
from quantimodo.http.errors import RequestRejected
from quantimodo.http.refusals import Refusal, record_refusal
from quantimodo.i18n.negotiation import match_ui_locales
from quantimodo.i18n.translation import Source, suggest
from quantimodo.model.clients import Client
from quantimodo.model.sessions import Session
from quantimodo.model.texts import N_
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.forms import read_body
from quantimodo.pages.login.signed_out import signed_out_page
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import PageOptions, form_sources, see_other
from quantimodo.ports.client_stores import ClientStore
from quantimodo.protocol.discovery import END_SESSION
from quantimodo.protocol.errors import OAuthError
from quantimodo.protocol.logout import (
    PARAMETERS,
    Hint,
    LogoutRefused,
    destination,
    proves_session,
    requesting_client,
)
from quantimodo.protocol.parameters import Form
from quantimodo.tokens.logout_tokens import LogoutHints

CONFIRM = f"{END_SESSION}/confirm"

_FORM = "application/x-www-form-urlencoded"
_MOST_BYTES = 65_536
_TITLE = N_("Logout request rejected")


@dataclass(frozen=True, slots=True)
class LogoutRequestContext:
    """A valid logout request: the requesting client, as far as it is known, and the target."""

    form: Form
    hint: Hint | None
    client: Client | None
    leads_to: str | None

    @property
    def redirect_refused(self) -> bool:
        """Whether the request has a redirect and no known client."""
        return self.client is None and self.form.get("post_logout_redirect_uri") is not None


@dataclass(frozen=True, slots=True)
class LogoutEndpoint:
    clients: ClientStore
    hints: LogoutHints
    sign_out: SignOut
    page_context: PageContext

    async def start(self, request: Request) -> Response:
        """Handle an application's request, by GET or POST."""
        try:
            form = await _read(request)
            logout = await self._validate(form)
        except (OAuthError, LogoutRefused) as fault:
            raise _rejected(fault) from None
        if request.method == "POST":
            # Browsers send the session cookie not with a form of another site, but with the
            # redirect that follows it.
            return see_other(f"{END_SESSION}?{urlencode(_recognised_parameters(form))}")
        browser_request = await self.page_context.browser_request(request)
        if browser_request.session is None:
            return self._no_session(logout)
        if _is_of_session(logout.hint, browser_request.session):
            if request.method == "HEAD":
                return self._signed_out_page(logout, ())
            # A repeated request finds no session, so it continues.
            return await self._sign_out(logout, browser_request, reload=True)
        return self._confirm(request, logout, browser_request)

    async def confirm(self, request: Request) -> Response:
        """Handle the form of the page that `start` shows: the person confirms."""
        browser_request, posted = await self.page_context.posted(request)
        try:
            logout = await self._validate(Form.of_pairs(posted.fields, {}))
        except (OAuthError, LogoutRefused) as fault:
            raise _rejected(fault) from None
        return (
            self._no_session(logout)
            if browser_request.session is None
            else await self._sign_out(logout, browser_request)
        )

    async def _validate(self, form: Form) -> LogoutRequestContext:
        suggest(match_ui_locales(form.get("ui_locales") or ""), Source.REQUEST)
        raw = form.get("id_token_hint")
        hint = None if raw is None else await self.hints.read(raw)
        client_id = requesting_client(form, hint)
        client = None if client_id is None else await self.clients.client(client_id)
        if client_id is not None and (client is None or client.disabled_at is not None):
            raise LogoutRefused(N_("There is no app with this client_id here."))
        return LogoutRequestContext(form, hint, client, destination(form, client))

    def _confirm(
        self, request: Request, logout: LogoutRequestContext, browser_request: BrowserRequest
    ) -> Response:
        # Browsers apply the form's CSP to the redirect that follows it.
        leads = () if logout.leads_to is None else form_sources(logout.leads_to)
        if logout.redirect_refused:
            reason = "post_logout_redirect_uri is sent, but no client is named"
            record_refusal(request.scope, Refusal("invalid_request", reason))
        # RP-Initiated Logout §2, §3: the redirect is refused, and the page still asks the person.
        return self.page_context.show(
            request,
            browser_request,
            "logout.html",
            options=PageOptions(
                status=400 if logout.redirect_refused else 200, form_action=leads, opener=True
            ),
            action=CONFIRM,
            client=logout.client,
            rejected=_TITLE if logout.redirect_refused else "",
            parameters=_recognised_parameters(logout.form),
        )

    async def _sign_out(
        self, logout: LogoutRequestContext, browser_request: BrowserRequest, *, reload: bool = False
    ) -> Response:
        frames = await self.sign_out.end(browser_request.required())
        return self.page_context.browser.sign_out(self._signed_out_page(logout, frames, reload))

    def _no_session(self, logout: LogoutRequestContext) -> Response:
        """The response where no person is signed in in this browser."""
        return self.page_context.browser.sign_out(self._signed_out_page(logout, ()))

    def _signed_out_page(
        self, logout: LogoutRequestContext, frames: tuple[str, ...], reload: bool = False
    ) -> Response:
        if logout.leads_to is not None and not frames:
            return see_other(logout.leads_to)
        return signed_out_page(self.page_context.renderer, frames, logout.leads_to, reload=reload)


def _rejected(fault: OAuthError | LogoutRefused) -> RequestRejected:
    text = fault.description if isinstance(fault, OAuthError) else str(fault)
    return RequestRejected(_TITLE, text)


async def _read(request: Request) -> Form:
    if request.method != "POST":
        return Form.of_urlencoded(request.scope["query_string"], {}, PARAMETERS)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise LogoutRefused(f"Send the request's parameters as {_FORM}.")
    return Form.of_urlencoded(await read_body(request, _MOST_BYTES), {}, PARAMETERS)


def _is_of_session(hint: Hint | None, session: Session) -> bool:
    return hint is not None and proves_session(hint, client_sid(session.sid, hint.client_id))


def _recognised_parameters(form: Form) -> list[tuple[str, str]]:
    return [(name, value) for name, value in form.items() if name in PARAMETERS]
