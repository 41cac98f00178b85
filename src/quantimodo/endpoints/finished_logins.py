"""Responds to a callback of a provider that is opened again, by *Back* or *Reload* (v2-api.md
§2.3).

Owns the cookie with the last finished login, and the page that links to its target. Nothing is done
a second time.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.addresses import local_path, with_return_to
from quantimodo.authorization.stored_requests import RESUME
from quantimodo.crypto.digests import digest
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.crypto.jwt import base64url, decode_base64url
from quantimodo.http.refusals import Refusal, record_refusal
from quantimodo.model.secrets import Secret
from quantimodo.model.texts import N_
from quantimodo.pages.cookie_names import LOGIN_OVER
from quantimodo.pages.outcomes import Outcome, OutcomeLink
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import PageOptions
from quantimodo.pages.return_targets import ReturnTargets

_LIFETIME: Final = timedelta(hours=1)
_LONGEST: Final = 1500  # of a cookie's 4096 bytes
_ACCOUNT: Final = "/account"
_FINISHED: Final = (
    N_("This sign-in is finished"),
    N_("It was opened once more, by Back or Reload. Nothing was changed."),
)
_LOST: Final = (
    N_("This sign-in cannot go on"),
    N_(
        "It was finished already, it waited too long, or it was begun in another browser. Nothing"
        " was changed. Go back to where you began, and sign in again; cookies must be allowed."
    ),
)


class _FinishedLogin(msgspec.Struct, frozen=True):
    """`state` is a digest of the login's `state`; `target` a local path, or the origin of an
    application."""

    state: str
    target: str


@dataclass(frozen=True, slots=True)
class FinishedLogins:
    page_context: PageContext
    return_targets: ReturnTargets
    envelope: Envelope = field(repr=False)

    def set_cookie(self, response: Response, state: str) -> Response:
        """Store in a cookie where the login with this `state` redirects. Only the last login is
        kept."""
        sealed = self.envelope.seal(
            msgspec.json.encode(_FinishedLogin(_digest(state), _target(response))), "finished login"
        )
        self.page_context.browser.set_secret_cookie(
            response, LOGIN_OVER, Secret(base64url(sealed).decode()), _LIFETIME
        )
        return response

    async def page(self, request: Request, state: str) -> Response:
        """The page for a login that cannot continue, with a link to where the person can."""
        target = self._find(request, state)
        title, text = _LOST if target is None else _FINISHED
        record_refusal(request.scope, Refusal("invalid_request", title))
        label, href = await self._link(request, target or "")
        return self.page_context.renderer.page(
            "outcome.html",
            options=PageOptions(status=400, opener=True),
            outcome=Outcome(title=title, text=text, icon="alert", button=OutcomeLink(href, label)),
        )

    async def _link(self, request: Request, target: str) -> tuple[str, str]:
        if target.startswith("http"):
            return N_("Go to %(host)s", host=urlsplit(target).netloc), target
        signed_in = (await self.page_context.browser_request(request)).session is not None
        leads = await self.return_targets.of(target)
        path = leads.return_to
        if urlsplit(path).path == RESUME and leads.client is None:
            path = _ACCOUNT  # the application has its response
        if not signed_in and not path.startswith("/sign-in"):
            return N_("Go to the sign-in page"), with_return_to("/sign-in", path)
        return (N_("Go to your account") if path == _ACCOUNT else N_("Go on")), path

    def _find(self, request: Request, state: str) -> str | None:
        raw = self.page_context.browser.read_secret_cookie(request, LOGIN_OVER)
        try:
            opened = self.envelope.open(decode_base64url(raw), "finished login")
            finished = msgspec.json.decode(opened, type=_FinishedLogin)
        except (ValueError, DecryptionFailed, msgspec.MsgspecError):
            return None
        return finished.target if finished.state == _digest(state) else None


def _target(response: Response) -> str:
    """Where a response redirects: a local path, or the origin of an application, whose path may
    contain secrets."""
    location = response.headers.get("location", "")
    if location.startswith("/"):
        return local_path(location) if len(location) <= _LONGEST else _ACCOUNT
    parts = urlsplit(location)
    origin = f"{parts.scheme}://{parts.netloc}/"
    return origin if parts.scheme in ("https", "http") and len(origin) <= _LONGEST else ""


def _digest(state: str) -> str:
    return digest(state).hex()[:32]
