"""Rules of logout (OpenID Connect RP-Initiated, Front-Channel, Back-Channel Logout and Session
Management 1.0): valid requests, their redirects, and the notifications of applications."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

from quantimodo.model.clients import Client
from quantimodo.model.sessions import LogoutRecipient
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.security_profiles import profile_of

PARAMETERS: Final = (
    "id_token_hint",
    "logout_hint",
    "client_id",
    "post_logout_redirect_uri",
    "state",
    "ui_locales",
)
_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
_TOKEN_LIFETIME: Final = timedelta(minutes=2)  # Back-Channel Logout §4


class LogoutRefused(Exception):
    """No sign-out and no redirect; the text is for people, and echoes nothing."""


@dataclass(frozen=True, slots=True)
class Hint:
    """The application, person and session of an ID token of this server."""

    client_id: str
    subject: str
    sid: str | None


def requesting_client(form: Form, hint: Hint | None) -> str | None:
    """The id of the requesting application, if the request has it."""
    client_id = form.get("client_id")
    # RP-Initiated Logout §2: when both are there, the OP MUST verify that they match.
    if hint is not None and client_id is not None and client_id != hint.client_id:
        raise LogoutRefused("id_token_hint was issued to another app than client_id says.")
    return client_id if hint is None else hint.client_id


def destination(form: Form, client: Client | None) -> str | None:
    """The redirect after logout, with only `state` added; None: no redirect.

    Raises `LogoutRefused` for an address that this application did not register.
    """
    address = form.get("post_logout_redirect_uri")
    # RP-Initiated Logout §3: without a known client, the OP MUST NOT redirect.
    if address is None or client is None:
        return None
    # RP-Initiated Logout §3: compared by simple string comparison; security.md §1: no second
    # reading of an address.
    if address not in client.metadata.post_logout_redirect_uris:
        raise LogoutRefused("post_logout_redirect_uri is not exactly one that the app registered.")
    state = form.get("state")
    return address if state is None else _with(address, [("state", state)])


def names_session(client: Client) -> bool:
    """Whether ID tokens of this application have `sid`."""
    metadata = client.metadata
    return not profile_of(client).spares_sid or bool(
        metadata.frontchannel_logout_uri
        or metadata.backchannel_logout_uri
        or metadata.post_logout_redirect_uris
    )


def proves_session(hint: Hint, sid: str) -> bool:
    """Whether the request proves to belong to the session that this application knows as `sid`."""
    # RP-Initiated Logout §2: otherwise the OP MUST ask, because a link alone must not sign out.
    return hint.sid == sid


def frame_address(client: Client, issuer: str, sid: str) -> str:
    """The address that the browser loads to notify this application (Front-Channel Logout §2);
    `sid` is the one that this application knows."""
    return _with(client.metadata.frontchannel_logout_uri, [("iss", issuer), ("sid", sid)])


def logout_claims(
    logout_recipient: LogoutRecipient, sid: str, issuer: str, now: datetime, jti: str
) -> dict[str, Any]:
    """The claims of a logout token (Back-Channel Logout §2.4); a nonce is prohibited there."""
    return {
        "iss": issuer,
        "sub": logout_recipient.subject,
        "aud": logout_recipient.client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + _TOKEN_LIFETIME).timestamp()),
        "jti": jti,
        "events": {_EVENT: {}},
        "sid": sid,
    }


def origin_of(address: str) -> str | None:
    """The web origin of an address, in the spelling of browsers; None if it has none."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[parts.scheme]
    port = f":{parts.port}" if parts.port not in (None, default) else ""
    return f"{parts.scheme}://{host}{port}"


def _with(address: str, parameters: list[tuple[str, str]]) -> str:
    # The address itself stays unchanged; registered ones have no fragment.
    join = "&" if "?" in address else "?"
    return f"{address}{join}{urlencode(parameters, quote_via=quote_plus)}"
