"""A sign-in through a provider that is opened once more, by *Back* or *Reload* (v2-api.md §2.3).

Owns the note that its end leaves in the browser, and the page that says where to go on. Nothing
is done a second time.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.addresses import local_path
from quantimodo.authorization.stored_requests import RESUME
from quantimodo.crypto.digests import digest
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.crypto.jwt import base64url, decoded
from quantimodo.http.refusals import Refusal, note_refusal
from quantimodo.model.secrets import Secret
from quantimodo.pages.cookie_names import LOGIN_OVER
from quantimodo.pages.layout import PageOptions
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.return_targets import ReturnTargets

_LIFETIME: Final = timedelta(hours=1)
_LONGEST: Final = 1500  # of a cookie's 4096 bytes
_ACCOUNT: Final = "/account"
_FINISHED: Final = (
    "This sign-in is finished",
    "It was opened once more, by Back or Reload. Nothing was changed.",
)
_LOST: Final = (
    "This sign-in cannot go on",
    "It was finished already, it waited too long, or it was begun in another browser. Nothing was"
    " changed. Go back to where you began, and sign in again; cookies must be allowed.",
)


class _Note(msgspec.Struct, frozen=True):
    """`way`: which sign-in ended; `led_to`: a path of ours, or the origin of an application."""

    way: str
    led_to: str


@dataclass(frozen=True, slots=True)
class FinishedSignIns:
    page_context: PageContext
    return_targets: ReturnTargets
    envelope: Envelope = field(repr=False)

    def note(self, response: Response, way: str) -> Response:
        """Keep in this browser where the sign-in with this `state` led; only the last one."""
        sealed = self.envelope.seal(
            msgspec.json.encode(_Note(_name(way), _led_to(response))), "finished sign-in"
        )
        self.page_context.browser.set_secret_cookie(
            response, LOGIN_OVER, Secret(base64url(sealed).decode()), _LIFETIME
        )
        return response

    async def page(self, request: Request, way: str) -> Response:
        """For a sign-in that does not go on: where its person does."""
        led_to = self._noted(request, way)
        title, text = _LOST if led_to is None else _FINISHED
        note_refusal(request.scope, Refusal("invalid_request", title))
        word, href = await self._onward(request, led_to or "")
        return self.page_context.renderer.page(
            "social_over.html",
            options=PageOptions(status=400, opener=True),
            title=title,
            text=text,
            word=word,
            href=href,
        )

    async def _onward(self, request: Request, led_to: str) -> tuple[str, str]:
        if led_to.startswith("http"):
            return f"Go to {urlsplit(led_to).netloc}", led_to
        signed_in = (await self.page_context.browser_request(request)).session is not None
        leads = await self.return_targets.of(led_to)
        path = leads.return_to
        if urlsplit(path).path == RESUME and leads.client is None:
            path = _ACCOUNT  # the application has its answer
        if not signed_in and not path.startswith("/sign-in"):
            return "Go to the sign-in page", f"/sign-in?return_to={quote(path, safe='/')}"
        return ("Go to your account" if path == _ACCOUNT else "Go on"), path

    def _noted(self, request: Request, way: str) -> str | None:
        raw = self.page_context.browser.read_secret_cookie(request, LOGIN_OVER)
        try:
            opened = self.envelope.open(decoded(raw), "finished sign-in")
            note = msgspec.json.decode(opened, type=_Note)
        except (ValueError, DecryptionFailed, msgspec.MsgspecError):
            return None
        return note.led_to if note.way == _name(way) else None


def _led_to(response: Response) -> str:
    """Where a response sends the browser: a path of ours whole, of other places the origin, for
    the rest is the application's."""
    location = response.headers.get("location", "")
    if location.startswith("/"):
        return local_path(location) if len(location) <= _LONGEST else _ACCOUNT
    parts = urlsplit(location)
    origin = f"{parts.scheme}://{parts.netloc}/"
    return origin if parts.scheme in ("https", "http") and len(origin) <= _LONGEST else ""


def _name(way: str) -> str:
    return digest(way).hex()[:32]
