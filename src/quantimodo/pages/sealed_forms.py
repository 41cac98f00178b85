"""Keeps a submitted form while its person signs in again: encrypted, in the address to return to.

The person's choices are about their health, so neither logs nor the history of a browser show them.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec

from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.forms import Form
from quantimodo.ports.clock import Clock

_LIFETIME: Final = timedelta(minutes=15)
_PURPOSE: Final = "form during a sign-in"
_LONGEST: Final = 3000
_LEFT_OUT: Final = frozenset({"csrf", "confirmed"})


class _SealedForm(msgspec.Struct, frozen=True):
    user_id: int
    until: float
    fields: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SealedForms:
    envelope: Envelope
    clock: Clock

    def sealed(self, browser_request: BrowserRequest, form: Form) -> str:
        """The form as the value of a query parameter, for this person; empty if it is too long."""
        content = _SealedForm(
            browser_request.required().user.id,
            (self.clock.now() + _LIFETIME).timestamp(),
            [pair for pair in form.fields if pair[0] not in _LEFT_OUT],
        )
        sealed = self.envelope.seal(msgspec.json.encode(content), _PURPOSE)
        text = urlsafe_b64encode(sealed).rstrip(b"=").decode()
        return text if len(text) <= _LONGEST else ""

    def opened(self, browser_request: BrowserRequest, text: str) -> Form | None:
        """The form in the parameter; None for another person, or too late."""
        if not text or len(text) > _LONGEST or not text.isascii():
            return None
        try:
            sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            content = msgspec.json.decode(self.envelope.open(sealed, _PURPOSE), type=_SealedForm)
        except (DecryptionFailed, Error, ValueError):
            return None
        now, user = self.clock.now().timestamp(), browser_request.required().user
        return Form(content.fields) if content.user_id == user.id and content.until > now else None
