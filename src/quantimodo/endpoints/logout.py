"""End session endpoint (OpenID Connect RP-Initiated Logout 1.0 §2, §3).

`start` takes an application's request, `confirm` the person's yes. Whether it is honoured and where
it leads is decided anew each time by `protocol/logout.py`; faults are a page, never a redirect.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.crypto.session_ids import client_sid
from quantimodo.identity.sign_out import SignOut
from quantimodo.model.clients import Client
from quantimodo.model.sessions import Session
from quantimodo.pages.browser import Visit
from quantimodo.pages.desk import Desk
from quantimodo.pages.errors import error_page
from quantimodo.pages.forms import read_body
from quantimodo.pages.layout import form_sources, see_other
from quantimodo.pages.signed_out import signed_out_page
from quantimodo.ports.stores import ClientStore
from quantimodo.protocol.discovery import END_SESSION
from quantimodo.protocol.errors import OAuthError
from quantimodo.protocol.logout import (
    PARAMETERS,
    Hint,
    LogoutRefused,
    asking_client,
    destination,
    needs_no_question,
)
from quantimodo.protocol.parameters import Form
from quantimodo.tokens.logout import LogoutHints

CONFIRM = f"{END_SESSION}/confirm"

_FORM = "application/x-www-form-urlencoded"
_MOST_BYTES = 65_536
_TITLE = "Logout request rejected"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that may be honoured: who asks, as far as that is known, and where it leads."""

    form: Form
    hint: Hint | None
    client: Client | None
    leads_to: str | None

    @property
    def stranded(self) -> bool:
        """Whether somebody wants the person back, and nobody knows who."""
        return self.client is None and self.form.get("post_logout_redirect_uri") is not None


@dataclass(frozen=True, slots=True)
class LogoutEndpoint:
    clients: ClientStore
    hints: LogoutHints
    sign_out: SignOut
    desk: Desk

    async def start(self, request: Request) -> Response:
        """An application's request, by GET or POST."""
        try:
            form = await _read(request)
            asked = await self._understand(form)
        except (OAuthError, LogoutRefused) as fault:
            return self._refuse(fault)
        if request.method == "POST":
            # The session cookie does not come along with a form of another site, but with the
            # redirect that follows it.
            return see_other(f"{END_SESSION}?{urlencode(_heeded(form))}")
        visit = await self.desk.visit(request)
        if visit.session is None:
            return self._gone(asked)
        if _is_of_session(asked.hint, visit.session):
            if request.method == "HEAD":
                return self._farewell(asked, ())
            # Nobody is signed in when the same request comes again, so it goes on.
            return await self._leave(asked, visit, reload=True)
        return self._ask(request, asked, visit)

    async def confirm(self, request: Request) -> Response:
        """The person's yes, from the page that `start` shows."""
        visit, posted = await self.desk.posted(request)
        try:
            asked = await self._understand(Form.of_pairs(posted.fields, {}))
        except (OAuthError, LogoutRefused) as fault:
            return self._refuse(fault)
        return self._gone(asked) if visit.session is None else await self._leave(asked, visit)

    async def _understand(self, form: Form) -> Asked:
        raw = form.get("id_token_hint")
        hint = None if raw is None else await self.hints.read(raw)
        client_id = asking_client(form, hint)
        client = None if client_id is None else await self.clients.client(client_id)
        if client_id is not None and (client is None or client.disabled_at is not None):
            raise LogoutRefused("There is no app with this client_id here.")
        return Asked(form, hint, client, destination(form, client))

    def _ask(self, request: Request, asked: Asked, visit: Visit) -> Response:
        # A browser holds the redirect that follows the form against the form's CSP.
        leads = () if asked.leads_to is None else form_sources(asked.leads_to)
        # RP-Initiated Logout §2, §3: the way back is refused, and the person is asked all the same.
        return self.desk.show(
            request,
            visit,
            "logout.html",
            status=400 if asked.stranded else 200,
            form_action=leads,
            opener=True,
            action=CONFIRM,
            client=asked.client,
            rejected=_TITLE if asked.stranded else "",
            parameters=_heeded(asked.form),
        )

    async def _leave(self, asked: Asked, visit: Visit, *, reload: bool = False) -> Response:
        frames = await self.sign_out.leave(visit.required())
        return self.desk.browser.sign_out(self._farewell(asked, frames, reload))

    def _gone(self, asked: Asked) -> Response:
        """Nobody is signed in in this browser (any more)."""
        return self.desk.browser.sign_out(self._farewell(asked, ()))

    def _farewell(self, asked: Asked, frames: tuple[str, ...], reload: bool = False) -> Response:
        if asked.leads_to is not None and not frames:
            return see_other(asked.leads_to)
        return signed_out_page(self.desk.renderer, frames, asked.leads_to, reload=reload)

    def _refuse(self, fault: OAuthError | LogoutRefused) -> Response:
        text = fault.description if isinstance(fault, OAuthError) else str(fault)
        return error_page(self.desk.renderer, 400, _TITLE, text)


async def _read(request: Request) -> Form:
    if request.method != "POST":
        return Form.of_urlencoded(request.scope["query_string"], {}, PARAMETERS)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise LogoutRefused(f"Send the request's parameters as {_FORM}.")
    return Form.of_urlencoded(await read_body(request, _MOST_BYTES), {}, PARAMETERS)


def _is_of_session(hint: Hint | None, session: Session) -> bool:
    return hint is not None and needs_no_question(hint, client_sid(session.sid, hint.client_id))


def _heeded(form: Form) -> list[tuple[str, str]]:
    return [(name, value) for name, value in form.items() if name in PARAMETERS]
