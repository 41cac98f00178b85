"""A person's sessions, and ending them."""

from binascii import Error, unhexlify
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.personal_token_revocation import PersonalTokenRevocation
from quantimodo.accounts.sessions import Sessions
from quantimodo.accounts.sign_out import SignOut
from quantimodo.model.sessions import Session
from quantimodo.pages.account.user_agents import describe, is_hand_held
from quantimodo.pages.forms import FormView
from quantimodo.pages.login.signed_out import signed_out_page
from quantimodo.pages.page_context import Endpoint, PageContext


@dataclass(frozen=True, slots=True)
class Devices:
    """/account/sessions: where the person is signed in."""

    page_context: PageContext
    sessions: Sessions
    sign_out: SignOut
    personal_tokens: PersonalTokenRevocation

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), "/account/sessions", self.show),
            (("POST",), "/account/sessions/end", self.end),
            (("POST",), "/account/sessions/end-others", self.end_others),
        ]

    async def show(self, request: Request) -> Response:
        """GET /account/sessions: this session and the others of the person."""
        browser_request = await self.page_context.browser_request(request)
        here = browser_request.required()
        live = await self.sessions.list(here.user.id)
        return self.page_context.show(
            request,
            browser_request,
            "account_sessions.html",
            section="account-sessions",
            here=next((session for session in live if session.key == here.key), here),
            others=[session for session in live if session.key != here.key],
            describe=_described,
            personal_tokens=await self.personal_tokens.count(here.user.id),
            form=FormView(),
        )

    async def end(self, request: Request) -> Response:
        """POST /account/sessions/end: only a session of this person."""
        browser_request, form = await self.page_context.posted(request)
        here = browser_request.required()
        key = key_from_hex(form.one("session"))
        if key == here.key:
            frames = await self.sign_out.end(here)
            if frames:
                logout_notification = signed_out_page(
                    self.page_context.renderer, frames, "/sign-in"
                )
                return self.page_context.browser.sign_out(logout_notification)
            return self.page_context.browser.sign_out(
                self.page_context.go("/sign-in", "signed-out")
            )
        await self.sessions.end_one(here.user.id, key)
        return self.page_context.go("/account/sessions", "session-ended")

    async def end_others(self, request: Request) -> Response:
        """POST /account/sessions/end-others, and the personal tokens if they are chosen too."""
        browser_request, form = await self.page_context.posted(request)
        here = browser_request.required()
        await self.sessions.end_others(here)
        if form.one("end_tokens") == "yes":
            await self.personal_tokens.end_all(here.user, browser_request.address)
        return self.page_context.go("/account/sessions", "others-ended")


def _described(session: Session) -> tuple[str, str]:
    return describe(session.agent), "phone" if is_hand_held(session.agent) else "device"


def key_from_hex(text: str) -> bytes:
    """The key in this field of a form; b"" if it is none."""
    try:
        return unhexlify(text)
    except (Error, ValueError):
        return b""
