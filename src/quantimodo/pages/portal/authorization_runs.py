"""One authorization with its tokens, step by step, as an OAuth client of this server runs it.

The playground and the tab *Try it* of an application share it. The state of a run is kept encrypted
in the browser; the server stores nothing. The requests go to this server's own endpoints.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol

import msgspec

from quantimodo.crypto.digests import compare_digest, digest
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.crypto.jwks import open_verifier
from quantimodo.crypto.jwt import BadToken, base64url, unverified_kid, verify
from quantimodo.model.texts import N_
from quantimodo.pages.portal.playground_calls import (
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

RUN_LIFETIME: Final = timedelta(hours=1)
ENDED: Final = N_("This run has ended. Start a new one.")
_LONGEST: Final = 20_000


class OwnRequests(Protocol):
    """Sends requests to this server's own endpoints."""

    async def send(self, request: PlaygroundRequest, peer: str) -> PlaygroundResponse:
        """The response to it, as if it came from the network address `peer`."""


class Run(msgspec.Struct, frozen=True):
    """The state of an authorization, as a client keeps it. `until` is in seconds since 1970."""

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
class StepView:
    """What the page shows of the step that was just made."""

    exchange: Exchange | None = None
    id_token: DecodedToken | None = None
    response: Mapping[str, str] | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class AuthorizationRuns:
    requests: OwnRequests
    envelope: Envelope
    clock: Clock
    entropy: Entropy
    issuer: str

    def begin(self, scope: str) -> Run:
        """A new run that requests this scope."""
        return Run(
            until=(self.clock.now() + RUN_LIFETIME).timestamp(),
            state=self._random(),
            nonce=self._random(),
            verifier=self._random(),
            scope=scope,
        )

    def address(self, run: Run, client_id: str, redirect_uri: str) -> str:
        """The address of the authorization request, with PKCE."""
        return authorization_url(
            self.issuer,
            [
                ("response_type", "code"),
                ("client_id", client_id),
                ("redirect_uri", redirect_uri),
                ("scope", run.scope),
                ("state", run.state),
                ("nonce", run.nonce),
                ("code_challenge", base64url(digest(run.verifier)).decode()),
                ("code_challenge_method", "S256"),
            ],
        )

    def returned(self, run: Run | None, brought: Mapping[str, str]) -> tuple[Run | None, StepView]:
        """The run after the authorization response, and what the page shows."""
        if run is None:
            text = N_("This browser began no authorization here, or more than an hour ago.")
            return None, StepView(problem=text)
        # RFC 6749 §10.12, RFC 9207 §2.4: neither code nor error of another request counts.
        if not compare_digest(brought.get("state", "").encode(), run.state.encode()):
            text = N_("The state is not the one that was sent. A client refuses this response.")
            return None, StepView(problem=text)
        if brought.get("iss") != self.issuer:
            text = N_("The response is from another issuer. A client refuses it.")
            return None, StepView(problem=text)
        code = brought.get("code", "")
        next_run = msgspec.structs.replace(run, code=code) if code else None
        return next_run, StepView(response=brought)

    async def call(
        self, name: str, run: Run, credentials: Credentials, peer: str
    ) -> tuple[Run, StepView] | None:
        """Send one request: the run after it, and what the page shows; None if there is no such
        request, or nothing to send with it."""
        sent = request_of(name, self.issuer, credentials)
        if sent is None:
            return None
        response = await self.requests.send(sent, peer)
        after = _after(name, run, response.json) if response.status == 200 else run
        id_token = await self._id_token(response.json.get("id_token"), peer)
        hidden = credentials.hidden(after.refresh_token)
        return after, StepView(shown(name, sent, response, hidden), id_token)

    def sealed(self, run: Run, purpose: str) -> str:
        """The run for a cookie or a form, for this purpose only."""
        return urlsafe_b64encode(self.envelope.seal(msgspec.json.encode(run), purpose)).decode()

    def opened(self, text: str, purpose: str) -> Run | None:
        """The run in this text; None for another purpose, and after an hour."""
        if not text or len(text) > _LONGEST or not text.isascii():
            return None
        try:
            opened = self.envelope.open(urlsafe_b64decode(text), purpose)
            run = msgspec.json.decode(opened, type=Run)
        except (DecryptionFailed, Error, ValueError):
            return None
        return run if run.until > self.clock.now().timestamp() else None

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

    def _random(self) -> str:
        return base64url(self.entropy.bytes(32)).decode()


def credentials_of(run: Run, client_id: str, redirect_uri: str) -> Credentials:
    """What a public client sends with its requests in this run."""
    return Credentials(
        client_id=client_id,
        redirect_uri=redirect_uri,
        verifier=run.verifier,
        code=run.code,
        access_token=run.access_token,
        refresh_token=run.refresh_token,
    )


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
