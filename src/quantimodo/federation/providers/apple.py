"""Sign in with Apple: an OpenID provider that responds by POST, whose client secret is a signed
token, and that sends a person's name once, beside the ID token.

Apple's pages that this follows: "Request an authorization to the Sign in with Apple server",
"Creating a client secret", "Authenticating users with Sign in with Apple", "Processing changes
for Sign in with Apple accounts".
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from quantimodo.crypto.provider_tokens import client_secret_signer
from quantimodo.federation.contract import ProviderPolicy, SecurityEvent
from quantimodo.federation.discovery import Metadata
from quantimodo.federation.id_tokens import bad_token, required_text
from quantimodo.federation.provider_quirks import Claims, ProviderQuirks, SecurityEvents
from quantimodo.federation.providers.oauth2 import required_secret, text
from quantimodo.federation.providers.oidc import Oidc
from quantimodo.model.secrets import Secret
from quantimodo.outbound.errors import InvalidProviderResponse
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.outbound.responses import parse_object
from quantimodo.ports.clock import Clock
from quantimodo.ports.federation_stores import ReplayStore

APPLE = Metadata(
    issuer="https://appleid.apple.com",
    authorization_endpoint="https://appleid.apple.com/auth/authorize",
    token_endpoint="https://appleid.apple.com/auth/token",  # noqa: S106
    jwks_uri="https://appleid.apple.com/auth/keys",
)
_SECRET_LIFETIME = timedelta(minutes=5)  # Apple accepts up to six months
_LONGEST_USER = 4096
_EVENTS: Mapping[str, Any] = {
    # The subject stays the same when the person comes back.
    "consent-revoked": "signed_out",
    "account-delete": "gone",
    "account-deleted": "gone",  # the spelling of Apple's server differs from its documentation
}


def open_apple(
    policy: ProviderPolicy, http_client: GuardedHttpClient, clock: Clock, replays: ReplayStore
) -> Oidc:
    """Apple. Raises `ValueError` when `client_secret` is not the text of a `.p8` key."""
    signer = client_secret_signer(policy.key_id, required_secret(policy))

    def secret(now: datetime) -> Secret:
        claims = {
            "iss": policy.team_id,
            "iat": int(now.timestamp()),
            "exp": int((now + _SECRET_LIFETIME).timestamp()),
            "aud": policy.issuer or APPLE.issuer,
            "sub": policy.client_id,
        }
        return Secret(signer.sign(claims, "JWT"))

    quirks = ProviderQuirks(
        title="Apple",
        known=APPLE,
        scope="name email",
        parameters={"response_mode": "form_post"},  # Apple's condition for a scope
        fresh={},  # Apple asks for face, finger or password each time
        tells_freshness=False,
        proof_key=False,  # not supported; the nonce binds the code to this browser
        responds_by_form_post=True,
        nonce_needed=False,
        first_name=name_sent_once,
        secret=secret,
        messages=SecurityEvents(token=_message, read=parse_events),
    )
    return Oidc(policy, http_client, clock, replays, quirks)


def name_sent_once(response: Mapping[str, str]) -> str:
    """The name in `user`, which Apple sends at the first sign-in only.

    It comes through the browser, unsigned, so it is used for display only. The e-mail address
    beside it is ignored; the ID token has the verified one.
    """
    raw = response.get("user", "")
    if len(raw) > _LONGEST_USER:
        return ""
    try:
        name = parse_object(raw.encode("utf-8", "replace")).get("name")
    except InvalidProviderResponse:
        return ""
    if not isinstance(name, dict):
        return ""
    parts = (text(name.get(part)) for part in ("firstName", "lastName"))
    return " ".join(part for part in parts if part)


def parse_events(claims: Claims, issuer: str) -> Sequence[SecurityEvent]:
    """The event of one account; none for the settings of Apple's private relay."""
    event = claims.get("events")
    if isinstance(event, str):  # a JSON object in a string
        try:
            event = msgspec.json.decode(event)
        except (msgspec.DecodeError, RecursionError):
            raise bad_token("events cannot be read") from None
    if not isinstance(event, dict):
        raise bad_token("events is no object")
    kind = _EVENTS.get(text(event.get("type")))
    if kind is None:
        return ()
    return (
        SecurityEvent(
            kind=kind,
            issuer=issuer,
            subject=required_text(event, "sub"),
            id=required_text(claims, "jti"),
        ),
    )


def _message(media_type: str, body: bytes) -> str | None:
    if media_type != "application/json":
        return None
    try:
        return text(parse_object(body).get("payload")) or None
    except InvalidProviderResponse:
        return None
