"""Sessions at an OpenID provider. Pure.

Records the provider session of a sign-in, ends it there (RP-Initiated Logout §2), and reads the
logout tokens of the provider (Back-Channel Logout §2).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeGuard
from urllib.parse import urlencode

from quantimodo.crypto.jwt import BadToken as Unreadable
from quantimodo.federation.contract import ProviderPolicy, SecurityEvent
from quantimodo.federation.discovery import Metadata
from quantimodo.federation.id_tokens import bad_token, foreign_token, moment, required_text
from quantimodo.federation.provider_quirks import SecurityEvents
from quantimodo.model.identities import UpstreamProfile
from quantimodo.model.secrets import Secret
from quantimodo.protocol.errors import InvalidRequest
from quantimodo.protocol.parameters import Form

_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
_FORM: Final = "application/x-www-form-urlencoded"
_TYPES: Final = frozenset({"", "jwt", "logout+jwt"})
_LONGEST_SID: Final = 255


def recorded(
    profile: UpstreamProfile,
    claims: Mapping[str, Any],
    id_token: Secret | None,
    policy: ProviderPolicy,
) -> UpstreamProfile:
    """The profile with its session at the provider, where a setting needs that."""
    received = policy.backchannel_logout or policy.frontchannel_logout
    if not (policy.sign_out_at_provider or received):
        return profile
    stated = claims.get("sid")
    kept = id_token if policy.sign_out_at_provider else None
    session_id = stated if is_session_name(stated) else ""
    return replace(profile, session_id=session_id, id_token=kept)


def is_session_name(value: object) -> TypeGuard[str]:
    """Whether this is a `sid` that is recorded: a text that is neither empty nor too long."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_SID and value.isprintable()


def end_session_url(
    metadata: Metadata, policy: ProviderPolicy, parameters: tuple[Secret | None, str, str]
) -> str:
    """The request for the browser: the ID token, our address to come back to, and `state`."""
    id_token, redirect_uri, state = parameters
    query = {
        **({} if id_token is None else {"id_token_hint": id_token.reveal()}),
        "client_id": policy.client_id,
        "post_logout_redirect_uri": redirect_uri,
        "state": state,
    }
    mark = "&" if "?" in metadata.end_session_endpoint else "?"
    return f"{metadata.end_session_endpoint}{mark}{urlencode(query)}"


def logout_messages(
    client_id: str, decrypt: Callable[[Secret], Secret] | None = None
) -> SecurityEvents:
    """How to read the logout tokens of a provider where this is our client id. With `decrypt` they
    are encrypted, as its ID tokens are (Back-Channel Logout §2.4)."""

    def token(media_type: str, body: bytes) -> str | None:
        found = _logout_token(media_type, body)
        if found is None or decrypt is None:
            return found
        try:
            return decrypt(Secret(found)).reveal()
        except Unreadable:
            return None

    return SecurityEvents(token=token, read=_reading(client_id), types=_TYPES)


def _logout_token(media_type: str, body: bytes) -> str | None:
    if media_type != _FORM:
        return None
    try:
        return Form.of_urlencoded(body, {}, {"logout_token"}).get("logout_token")
    except InvalidRequest:
        return None


def _reading(client_id: str) -> Callable[[Mapping[str, Any], str], Sequence[SecurityEvent]]:
    def read(claims: Mapping[str, Any], issuer: str) -> Sequence[SecurityEvent]:
        """Back-Channel Logout §2.6, beside signature, audience and times, which are checked."""
        if claims.get("iss") != issuer:
            raise bad_token("a logout token of another issuer")
        audiences = claims.get("aud")
        if client_id not in (audiences if isinstance(audiences, list) else [audiences]):
            raise foreign_token("a logout token for another client")
        moment(claims, "exp")
        events = claims.get("events")
        if not isinstance(events, dict) or not isinstance(events.get(_EVENT), dict):
            raise bad_token("not a logout token")
        # An ID token, which may have a nonce, must not be taken for one.
        if "nonce" in claims:
            raise bad_token("a logout token with a nonce")
        if "sub" not in claims and "sid" not in claims:
            raise bad_token("a logout token without sub and sid")
        return (
            SecurityEvent(
                kind="session_ended",
                issuer=issuer,
                subject=required_text(claims, "sub") if "sub" in claims else "",
                session=required_text(claims, "sid") if "sid" in claims else "",
                id=required_text(claims, "jti"),
            ),
        )

    return read
