"""Where a person is signed in, and signing out there."""

from binascii import Error, unhexlify
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.identity.sessions import Sessions
from quantimodo.identity.sign_out import SignOut
from quantimodo.model.sessions import Session
from quantimodo.pages.agents import describe, is_hand_held
from quantimodo.pages.desk import Desk
from quantimodo.pages.signed_out import signed_out_page


@dataclass(frozen=True, slots=True)
class Devices:
    """/account/sessions: where the person is signed in."""

    desk: Desk
    sessions: Sessions
    sign_out: SignOut

    async def show(self, request: Request) -> Response:
        visit = await self.desk.visit(request)
        here = visit.required()
        live = await self.sessions.list(here.user.id)
        return self.desk.show(
            request,
            visit,
            "account_sessions.html",
            section="account-sessions",
            here=next((session for session in live if session.key == here.key), here),
            others=[session for session in live if session.key != here.key],
            describe=_described,
        )

    async def end(self, request: Request) -> Response:
        """POST /account/sessions/end: one of this person's, never of somebody else's."""
        visit, form = await self.desk.posted(request)
        here = visit.required()
        key = _key(form.one("session"))
        if key == here.key:
            frames = await self.sign_out.leave(here)
            if frames:
                farewell = signed_out_page(self.desk.renderer, frames, "/sign-in")
                return self.desk.browser.sign_out(farewell)
            return self.desk.browser.sign_out(self.desk.go("/sign-in", "signed-out"))
        await self.sessions.end_one(here.user.id, key)
        return self.desk.go("/account/sessions", "session-ended")

    async def end_others(self, request: Request) -> Response:
        """POST /account/sessions/end-others."""
        visit, _ = await self.desk.posted(request)
        await self.sessions.end_others(visit.required())
        return self.desk.go("/account/sessions", "others-ended")


def _described(session: Session) -> tuple[str, str]:
    return describe(session.agent), "phone" if is_hand_held(session.agent) else "device"


def _key(text: str) -> bytes:
    try:
        return unhexlify(text)
    except (Error, ValueError):
        return b""
