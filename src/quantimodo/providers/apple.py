"""Sign in with Apple: an OpenID provider whose answers come by POST, whose client secret is a
token that we sign, and who tells a person's name once, beside the ID token.

Apple's pages that this follows: "Request an authorization to the Sign in with Apple server",
"Creating a client secret", "Authenticating users with Sign in with Apple", "Processing changes
for Sign in with Apple accounts".
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from quantimodo.crypto.upstream import client_secret_signer
from quantimodo.model.secrets import Secret
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import ReplayStore
from quantimodo.providers.contract import Notice, ProviderNonsense, ProviderPolicy
from quantimodo.providers.discovery import Metadata
from quantimodo.providers.http import Door, read_object
from quantimodo.providers.id_tokens import bad_token, required_text
from quantimodo.providers.oauth2 import required_secret, text
from quantimodo.providers.oidc import Claims, Dialect, Messages, Oidc

APPLE = Metadata(
    issuer="https://appleid.apple.com",
    authorization_endpoint="https://appleid.apple.com/auth/authorize",
    token_endpoint="https://appleid.apple.com/auth/token",  # noqa: S106
    jwks_uri="https://appleid.apple.com/auth/keys",
)
_SECRET_LIFETIME = timedelta(minutes=5)  # Apple takes up to six months; nobody needs that
_LONGEST_USER = 4096
_EVENTS: Mapping[str, Any] = {
    # The account still is who it was, when its person comes back.
    "consent-revoked": "signed_out",
    "account-delete": "gone",
    "account-deleted": "gone",  # Apple's page and Apple's server spell it differently
}


def open_apple(policy: ProviderPolicy, door: Door, clock: Clock, replays: ReplayStore) -> Oidc:
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

    dialect = Dialect(
        title="Apple",
        known=APPLE,
        scope="name email",
        parameters={"response_mode": "form_post"},  # Apple's condition for a scope
        fresh={},  # Apple asks for face, finger or password each time
        tells_freshness=False,
        proof_key=False,  # not known there; the nonce binds the code to this browser
        answers_by_post=True,
        nonce_needed=False,
        first_name=name_told_once,
        secret=secret,
        messages=Messages(token=_message, read=read_events),
    )
    return Oidc(policy, door, clock, replays, dialect)


def name_told_once(answer: Mapping[str, str]) -> str:
    """The name in `user`, which comes at the very first sign-in only.

    It comes through the browser, unsigned: a name for people, nothing to be believed. So the
    e-mail address beside it is passed over; the ID token has the true one.
    """
    raw = answer.get("user", "")
    if len(raw) > _LONGEST_USER:
        return ""
    try:
        name = read_object(raw.encode("utf-8", "replace")).get("name")
    except ProviderNonsense:
        return ""
    if not isinstance(name, dict):
        return ""
    parts = (text(name.get(part)) for part in ("firstName", "lastName"))
    return " ".join(part for part in parts if part)


def read_events(claims: Claims, issuer: str) -> Sequence[Notice]:
    """What Apple tells of one account; nothing for the settings of its private relay."""
    event = claims.get("events")
    if isinstance(event, str):  # an object, written as a text
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
        Notice(
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
        return text(read_object(body).get("payload")) or None
    except ProviderNonsense:
        return None
