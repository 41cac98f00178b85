"""The playground of a development server: an authorization request with its tokens, step by step.

The page is an OAuth client of this server, by the application `demo`. Its state is kept encrypted
in a cookie until the browser comes back, and then in the page's form; the server stores nothing. It
shows codes and tokens, which no other page does: `app/development.py` serves it to a browser on
this machine only.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from quantimodo.crypto.digests import digest, same
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.crypto.jwks import open_verifier
from quantimodo.crypto.jwt import BadToken, base64url, unverified_kid, verify
from quantimodo.pages.browser import peer_address
from quantimodo.pages.layout import see_other
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.page_services import PageRoute
from quantimodo.pages.playground_calls import (
    CALLS,
    Credentials,
    DecodedToken,
    Exchange,
    PlaygroundRequest,
    PlaygroundResponse,
    authorization_url,
    decoded,
    request_of,
    shown,
)
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.protocol.discovery import JWKS
from quantimodo.protocol.scopes import SCOPES

PLAYGROUND: Final = "/playground"
CALLBACK: Final = "/playground/callback"
_PURPOSE: Final = "playground"
_LIFETIME: Final = timedelta(hours=1)
_LONGEST: Final = 20_000
_PRESET: Final = frozenset({"openid", "profile", "email", "basic", "readmeasurements"})


class OwnRequests(Protocol):
    """Sends requests to this server's own endpoints."""

    async def send(self, request: PlaygroundRequest, peer: str) -> PlaygroundResponse:
        """The response to it, as if it came from the network address `peer`."""


class Run(msgspec.Struct, frozen=True):
    """One authorization on its way, as the client keeps it. `until` in seconds since 1970."""

    until: float
    state: str
    nonce: str
    verifier: str
    scope: str
    code: str = ""
    access_token: str = ""
    refresh_token: str = ""

    def __repr__(self) -> str:
        return "Run(…)"


@dataclass(frozen=True, slots=True)
class _StepView:
    """What the page shows of the step that was just made."""

    exchange: Exchange | None = None
    id_token: DecodedToken | None = None
    response: Mapping[str, str] | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Playground:
    page_context: PageContext
    requests: OwnRequests
    envelope: Envelope
    clock: Clock
    entropy: Entropy
    issuer: str
    client_id: str

    def routes(self) -> list[PageRoute]:
        """The routes of the playground."""
        return [
            (("GET",), PLAYGROUND, self.show),
            (("POST",), PLAYGROUND, self.start),
            (("GET",), CALLBACK, self.callback),
            (("POST",), f"{PLAYGROUND}/call", self.call),
        ]

    async def show(self, request: Request) -> Response:
        """GET /playground: the form of the authorization request."""
        return await self._page(request, None, _StepView())

    async def start(self, request: Request) -> Response:
        """POST /playground: go to the authorization endpoint with the chosen scopes."""
        _, form = await self.page_context.posted(request)
        chosen = [name for name in SCOPES if name in form.many("scope")]
        run = Run(
            until=(self.clock.now() + _LIFETIME).timestamp(),
            state=self._random(),
            nonce=self._random(),
            verifier=self._random(),
            scope=" ".join(chosen),
        )
        browser = self.page_context.browser
        response = see_other(authorization_url(self.issuer, self._parameters(run)))
        return browser.set_cookie(response, "playground", self._sealed(run), _LIFETIME)

    async def callback(self, request: Request) -> Response:
        """GET /playground/callback: the redirect URI of the application."""
        run = self._opened(self.page_context.browser.read_cookie(request, "playground"))
        brought = dict(request.query_params)
        if run is None:
            problem = "This browser began no authorization here, or more than an hour ago."
            return await self._page(request, None, _StepView(problem=problem))
        # RFC 6749 §10.12, RFC 9207 §2.4: neither code nor error of another request counts.
        if not same(brought.get("state", "").encode(), run.state.encode()):
            problem = "The state is not the one that was sent. A client refuses this response."
            return await self._page(request, None, _StepView(problem=problem))
        if brought.get("iss") != self.issuer:
            problem = "The response is from another issuer. A client refuses it."
            return await self._page(request, None, _StepView(problem=problem))
        code = brought.get("code", "")
        next_run = msgspec.structs.replace(run, code=code) if code else None
        return await self._page(request, next_run, _StepView(response=brought))

    async def call(self, request: Request) -> Response:
        """POST /playground/call: send one request, and show it with its response."""
        _, form = await self.page_context.posted(request)
        run = self._opened(form.one("run"))
        name = form.one("call")
        sent = None if run is None else request_of(name, self.issuer, self._credentials(run))
        if run is None or sent is None:
            problem = "This run has ended. Start a new one."
            return await self._page(request, None, _StepView(problem=problem))
        response = await self.requests.send(sent, peer_address(request))
        after = _after(name, run, response.json) if response.status == 200 else run
        id_token = await self._id_token(response.json.get("id_token"), peer_address(request))
        return await self._page(request, after, _StepView(shown(name, sent, response), id_token))

    async def _page(self, request: Request, run: Run | None, made: _StepView) -> Response:
        browser_request = await self.page_context.browser_request(request)
        return self.page_context.show(
            request,
            browser_request,
            "playground.html",
            section="playground",
            client_id=self.client_id,
            redirect_uri=self.issuer + CALLBACK,
            scopes=SCOPES,
            preset=_PRESET if run is None else frozenset(run.scope.split()),
            run=run,
            sealed="" if run is None else self._sealed(run),
            made=made,
            calls=CALLS,
        )

    async def _id_token(self, token: Any, peer: str) -> DecodedToken | None:
        """The ID token, checked with the published keys as every client has to."""
        if not isinstance(token, str):
            return None
        published = await self.requests.send(PlaygroundRequest("GET", self.issuer + JWKS), peer)
        keys = {jwk["kid"]: jwk for jwk in published.json.get("keys", ())}
        jwk = keys.get(unverified_kid(token) or "")
        verified = jwk is not None
        if jwk is not None:
            try:
                verify(token, open_verifier(jwk["kid"], jwk["alg"], json.dumps(jwk)), "JWT")
            except BadToken:
                verified = False
        return decoded(token, verified=verified)

    def _parameters(self, run: Run) -> list[tuple[str, str]]:
        return [
            ("response_type", "code"),
            ("client_id", self.client_id),
            ("redirect_uri", self.issuer + CALLBACK),
            ("scope", run.scope),
            ("state", run.state),
            ("nonce", run.nonce),
            ("code_challenge", base64url(digest(run.verifier)).decode()),
            ("code_challenge_method", "S256"),
        ]

    def _credentials(self, run: Run) -> Credentials:
        return Credentials(
            client_id=self.client_id,
            redirect_uri=self.issuer + CALLBACK,
            verifier=run.verifier,
            code=run.code,
            access_token=run.access_token,
            refresh_token=run.refresh_token,
        )

    def _random(self) -> str:
        return base64url(self.entropy.bytes(32)).decode()

    def _sealed(self, run: Run) -> str:
        return urlsafe_b64encode(self.envelope.seal(msgspec.json.encode(run), _PURPOSE)).decode()

    def _opened(self, text: str) -> Run | None:
        if not text or len(text) > _LONGEST or not text.isascii():
            return None
        try:
            opened = self.envelope.open(urlsafe_b64decode(text), _PURPOSE)
            run = msgspec.json.decode(opened, type=Run)
        except (DecryptionFailed, Error, ValueError):
            return None
        return run if run.until > self.clock.now().timestamp() else None


def _after(name: str, run: Run, members: Mapping[str, Any]) -> Run:
    """The run after a successful call."""
    if name in ("token", "refresh"):
        return msgspec.structs.replace(
            run,
            code="",
            access_token=str(members.get("access_token", "")),
            refresh_token=str(members.get("refresh_token", "")),
        )
    return run
