"""OpenID Connect Session Management 1.0: applications notice when the session in a browser changes.

An authorization response has `session_state`; the frame at `check_session_iframe`, in the same
browser, computes it again from a cookie that changes with each sign-in.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from quantimodo.crypto.digests import digest
from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.pages.browser import Browser
from quantimodo.pages.renderer import Renderer
from quantimodo.ports.clock import Entropy
from quantimodo.protocol.authorization import AuthorizationRequest
from quantimodo.protocol.authorization_responses import Parameters
from quantimodo.protocol.logout import origin_of

_POLICY = "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True, slots=True)
class SessionStates:
    browser: Browser
    entropy: Entropy

    def of(
        self, request: Request, authorization: AuthorizationRequest, signed_in: AuthenticatedSubject
    ) -> Parameters:
        """The parameters that this adds to a response in this browser."""
        origin, state = origin_of(authorization.target.redirect_uri), self.browser.state(request)
        # None without OpenID Connect, for a native app (no origin), and for a sign-in without a
        # session in this browser (a login JWT).
        if (
            "openid" not in authorization.scope
            or origin is None
            or signed_in.sid is None
            or not state
        ):
            return []
        salt = self.entropy.bytes(16).hex()
        return [("session_state", session_state(authorization.client.id, origin, state, salt))]

    def attach(self, request: Request, response: Response, added: Parameters) -> Response:
        """The response with the cookie from which the frame computes the state, if parameters were
        `added`."""
        return self.browser.set_state_cookie(request, response) if added else response


def session_state(client_id: str, origin: str, state: str, salt: str) -> str:
    """The value of `session_state` (Session Management §3.2). `static/check_session.js` computes
    the same."""
    return f"{digest(f'{client_id} {origin} {state} {salt}').hex()}.{salt}"


@dataclass(frozen=True, slots=True)
class CheckSession:
    """The frame at `check_session_iframe`, which a page of any application may embed."""

    renderer: Renderer
    browser: Browser

    async def show(self, request: Request) -> Response:
        """GET the frame that notifies applications whether the session changed (Session Management
        §3.2)."""
        html = self.renderer.text("check_session.html", cookie=self.browser.state_cookie)
        return HTMLResponse(
            html,
            headers={
                "cache-control": "public, max-age=3600",
                # No frame-ancestors: applications embed this page. It shows nothing and changes
                # nothing.
                "content-security-policy": _POLICY,
                "referrer-policy": "no-referrer",
                "x-content-type-options": "nosniff",
            },
        )
