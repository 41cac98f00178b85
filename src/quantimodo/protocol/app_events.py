"""The rules of events for applications: their ids, and what each application may learn."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from quantimodo.model.app_events import AppEvent
from quantimodo.model.user_profiles import Profile
from quantimodo.protocol.claims import claims_of_scope, profile_claims

SCOPE: Final = "events"
SCOPES: Final = frozenset({SCOPE})
"""The scope with which an application's own token reads the list of events. No authorization
request has it."""
_LONGEST_NUMBER: Final = 18
_OF_BASIC: Final = frozenset({"name", "email", "email_verified"})


def grant_id(internal: bytes, public_id: str | None) -> str:
    """How events name a grant: by the id that its client manages it by, otherwise by an
    opaque one."""
    if public_id is not None:
        return public_id
    return urlsafe_b64encode(sha256(b"grant of events" + internal).digest()[:18]).decode()


def message_id(event: AppEvent) -> str:
    """The `webhook-id`: the same in each attempt and to each endpoint."""
    micros = int(event.at.timestamp() * 1_000_000)
    text = f"{event.client_id}\n{event.number}\n{micros}".encode()
    return f"msg_{sha256(text).hexdigest()[:32]}"


def visible_claims(claims: Iterable[str], scope: frozenset[str]) -> list[str]:
    """Those of the changed claims that a consent to this scope opens, by name."""
    visible = claims_of_scope(scope) | (_OF_BASIC if "basic" in scope else frozenset())
    return sorted(visible.intersection(claims))


def changed_claims(before: Profile, after: Profile) -> list[str]:
    """The claims that differ."""
    old, new = profile_claims(before), profile_claims(after)
    return sorted(name for name, value in new.items() if value != old[name])


def envelope(kind: str, at: datetime, data: Mapping[str, Any]) -> dict[str, Any]:
    """The payload of Standard Webhooks."""
    return {"type": kind, "timestamp": rfc3339(at), "data": dict(data)}


def cursor(number: int) -> str:
    """The place after the event with this number."""
    return urlsafe_b64encode(f"after {number}".encode()).rstrip(b"=").decode()


def parse_cursor(text: str) -> int | None:
    """The number of the event; None for a text that is no cursor."""
    try:
        word, _, digits = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(" ")
    except (Error, ValueError):
        return None
    if word != "after" or not digits.isdecimal() or len(digits) > _LONGEST_NUMBER:
        return None
    return int(digits)


def rfc3339(moment: datetime) -> str:
    """A time in UTC with microseconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
