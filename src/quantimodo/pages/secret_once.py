"""Shows a new client secret to its owner once.

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

from quantimodo.clients.registry import Registered
from quantimodo.crypto.digests import same
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
class SecretPage:
    browser: Browser
    envelope: Envelope
    clock: Clock

    def hand_over(
        self, response: Response, browser_request: BrowserRequest, registered: Registered
    ) -> Response:
        """Set the cookie for the next page, if there is a new secret."""
        if registered.secret is None:
            return response
        parcel = _SealedSecret(
            browser_request.required().key,
            (self.clock.now() + _LIFETIME).timestamp(),
            registered.secret.reveal(),
        )
        sealed = self.envelope.seal(msgspec.json.encode(parcel), _purpose(registered.client))
        text = urlsafe_b64encode(sealed).decode()
        return self.browser.set_cookie(response, "shown", text, _LIFETIME)

    def shown(
        self, request: Request, browser_request: BrowserRequest, client: Client
    ) -> Secret | None:
        """The new secret of this application in this session's cookie, or None."""
        text = self.browser.read_cookie(request, "shown")
        parcel = self._open(text, client) if text else None
        if parcel is None or parcel.until <= self.clock.now().timestamp():
            return None
        return (
            Secret(parcel.secret) if same(parcel.session, browser_request.required().key) else None
        )

    def forget(self, response: Response) -> Response:
        return self.browser.clear_cookie(response, "shown")

    def _open(self, text: str, client: Client) -> _SealedSecret | None:
        try:
            opened = self.envelope.open(urlsafe_b64decode(text.encode()), _purpose(client))
        except (DecryptionFailed, Error, ValueError):
            return None
        return msgspec.json.decode(opened, type=_SealedSecret)


def _purpose(client: Client) -> str:
    return f"client secret to be shown: {client.id}"
