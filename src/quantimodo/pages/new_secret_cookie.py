"""Shows a new secret once: a client secret, or recovery codes.

The response to the form is a redirect, and the secret is never stored in the clear: an encrypted
cookie carries it to the next page, in this session, for a few minutes.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from quantimodo.clients.registry import RegisteredClient
from quantimodo.crypto.digests import compare_digest
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.model.clients import Client
from quantimodo.model.secrets import Secret
from quantimodo.pages.browser import Browser, BrowserRequest
from quantimodo.ports.clock import Clock

_LIFETIME: Final = timedelta(minutes=5)


class _SealedSecret(msgspec.Struct, frozen=True):
    session: bytes
    until: float
    secret: str


@dataclass(frozen=True, slots=True)
class NewSecretCookie:
    browser: Browser
    envelope: Envelope
    clock: Clock

    def set_client_secret(
        self, response: Response, browser_request: BrowserRequest, registered: RegisteredClient
    ) -> Response:
        """Set the cookie for the next page, if there is a new secret."""
        if registered.secret is None:
            return response
        session, purpose = browser_request.required().key, _purpose(registered.client)
        return self.set_secret(response, session, registered.secret, purpose)

    def set_secret(
        self, response: Response, session: bytes, secret: Secret, purpose: str
    ) -> Response:
        """Set the cookie for the next page in the session with this key."""
        until = (self.clock.now() + _LIFETIME).timestamp()
        sealed_secret = _SealedSecret(session, until, secret.reveal())
        sealed = self.envelope.seal(msgspec.json.encode(sealed_secret), purpose)
        text = urlsafe_b64encode(sealed).decode()
        return self.browser.set_cookie(response, "shown", text, _LIFETIME)

    def read_client_secret(
        self, request: Request, browser_request: BrowserRequest, client: Client
    ) -> Secret | None:
        """The new secret of this application in this session's cookie, or None."""
        return self.read_secret(request, browser_request.required().key, _purpose(client))

    def read_secret(self, request: Request, session: bytes, purpose: str) -> Secret | None:
        """The secret for this purpose in the cookie of the session with this key, or None."""
        text = self.browser.read_cookie(request, "shown")
        sealed_secret = self._open(text, purpose) if text else None
        if sealed_secret is None or sealed_secret.until <= self.clock.now().timestamp():
            return None
        return (
            Secret(sealed_secret.secret) if compare_digest(sealed_secret.session, session) else None
        )

    def clear(self, response: Response) -> Response:
        """The response without the cookie of the secret."""
        return self.browser.clear_cookie(response, "shown")

    def _open(self, text: str, purpose: str) -> _SealedSecret | None:
        try:
            opened = self.envelope.open(urlsafe_b64decode(text.encode()), purpose)
        except (DecryptionFailed, Error, ValueError):
            return None
        return msgspec.json.decode(opened, type=_SealedSecret)


def _purpose(client: Client) -> str:
    return f"client secret to be shown: {client.id}"
