"""Addresses that turn off one kind of optional e-mail without a sign-in (RFC 8058).

They do not expire. An address turns that kind of e-mail off, and does nothing else.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Final, NamedTuple, get_args

from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.model.email_choices import OptionalEmail

UNSUBSCRIBE: Final = "/unsubscribe"
_PURPOSE: Final = "unsubscribe"
_LONGEST: Final = 400


class Subscription(NamedTuple):
    """One kind of optional e-mail of one person."""

    user_id: int
    kind: OptionalEmail


@dataclass(frozen=True, slots=True)
class UnsubscribeLinks:
    """RFC 8058 §3.1: an address has a component that is hard to forge."""

    issuer: str
    envelope: Envelope

    def address(self, subscription: Subscription) -> str:
        """The address to which a mail program sends a POST."""
        text = f"{subscription.user_id} {subscription.kind}"
        sealed = urlsafe_b64encode(self.envelope.seal(text.encode(), _PURPOSE)).decode()
        return f"{self.issuer}{UNSUBSCRIBE}?token={sealed.rstrip('=')}"

    def opened(self, token: str) -> Subscription | None:
        """The subscription in the token; None for a token that this server did not make."""
        if not token.isascii() or len(token) > _LONGEST:
            return None
        try:
            sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
            user_id, kind = self.envelope.open(sealed, _PURPOSE).decode().split(" ")
        except (DecryptionFailed, ValueError):
            return None
        return next(
            (Subscription(int(user_id), each) for each in get_args(OptionalEmail) if each == kind),
            None,
        )
