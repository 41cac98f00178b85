"""Sign-in with Google: OpenID Connect, access tokens of its old SDKs, and its security events
(RISC, "Cross-Account Protection").

Google's pages that this follows: "OpenID Connect", "Verify the Google ID token on your server
side", "Authenticate with a backend server", "Protect user accounts with Cross-Account Protection".
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from quantimodo.crypto.provider_tokens import VerifiedToken
from quantimodo.federation.contract import BadToken, ProviderPolicy, SecurityEvent
from quantimodo.federation.discovery import Metadata
from quantimodo.federation.id_tokens import bad_token, foreign_token, required_text
from quantimodo.federation.provider_quirks import (
    Claims,
    IdentityKey,
    ProviderQuirks,
    SecurityEvents,
    is_true,
)
from quantimodo.federation.providers.oauth2 import text
from quantimodo.federation.providers.oidc import Oidc
from quantimodo.model.secrets import Secret
from quantimodo.outbound.http_client import GuardedHttpClient, bearer_authorization
from quantimodo.outbound.responses import HttpResponse, invalid_response
from quantimodo.ports.clock import Clock
from quantimodo.ports.federation_stores import ReplayStore

GOOGLE = Metadata(
    issuer="https://accounts.google.com",
    authorization_endpoint="https://accounts.google.com/o/oauth2/v2/auth",
    token_endpoint="https://oauth2.googleapis.com/token",  # noqa: S106
    jwks_uri="https://www.googleapis.com/oauth2/v3/certs",
    userinfo_endpoint="https://openidconnect.googleapis.com/v1/userinfo",
    tokeninfo_endpoint="https://oauth2.googleapis.com/tokeninfo",
)
# The value that "Sign in with Google" uses as the redirect URI of its popup; not an address.
POPUP = "postmessage"

_SHORT_ISSUER = "accounts.google.com"
_RISC = "https://schemas.openid.net/secevent/risc/event-type/"
_OAUTH = "https://schemas.openid.net/secevent/oauth/event-type/"
_EVENTS: Mapping[str, Any] = {
    # Of the standard (RISC Profile §2.2); Google itself has not offered it lately.
    f"{_RISC}account-purged": "gone",
    # Taken over, closed or given up: Google does not always say which.
    f"{_RISC}account-disabled": "suspended",
    f"{_RISC}sessions-revoked": "signed_out",
    f"{_OAUTH}tokens-revoked": "signed_out",
}


def open_google(
    policy: ProviderPolicy, http_client: GuardedHttpClient, clock: Clock, replays: ReplayStore
) -> Oidc:
    """Google, or a replacement at the addresses of `policy`."""
    access_tokens = AccessTokens(
        http_client,
        clock,
        frozenset({policy.client_id, *policy.audiences}),
        policy.tokeninfo_endpoint,
    )
    quirks = ProviderQuirks(
        title="Google",
        known=GOOGLE,
        fresh={"prompt": "select_account"},  # Google supports no other value
        tells_freshness=False,
        direct_redirect_uri=POPUP,
        nonce_needed=False,  # its SDKs for iOS generate one and do not show it to the app
        who=_who,
        authoritative=is_authoritative,
        opaque=access_tokens.read,
        messages=SecurityEvents(token=_message, read=parse_events),
    )
    return Oidc(policy, http_client, clock, replays, quirks)


def is_authoritative(claims: Claims) -> bool:
    """security.md §27, "Verify the Google ID token": Google runs the mailbox of `gmail.com`, and
    of Workspace domains (`hd`). Others run the mailboxes of the remaining addresses."""
    if not is_true(claims.get("email_verified")):
        return False
    if text(claims.get("email")).lower().endswith("@gmail.com"):
        return True
    return bool(text(claims.get("hd")))


def parse_events(claims: Claims, issuer: str) -> Sequence[SecurityEvent]:
    """The events of a security event token. Unknown events are left out, and events without an
    effect, such as the `verification` that Google sends at set-up."""
    return tuple(_events(claims, issuer))


class AccessTokens:
    """security.md §28: access tokens of Google's old SDKs, with an audience checked by
    `tokeninfo`."""

    def __init__(
        self,
        http_client: GuardedHttpClient,
        clock: Clock,
        ours: frozenset[str],
        tokeninfo_endpoint: str,
    ) -> None:
        self._http_client = http_client
        self._clock = clock
        self._ours = ours
        self._tokeninfo_endpoint = tokeninfo_endpoint

    async def read(self, token: Secret, metadata: Metadata) -> Claims:
        """Userinfo of the token's person. Raises `BadToken`, `ForeignToken`, `ProviderFault`."""
        tokeninfo = self._tokeninfo_endpoint or metadata.tokeninfo_endpoint
        if not tokeninfo or not metadata.userinfo_endpoint:
            raise BadToken("Send the ID token that the provider gave the app.")
        about = _read(
            await self._http_client.get(tokeninfo, parameters={"access_token": token.reveal()})
        )
        self._check(about)
        subject = required_text(about, "sub")
        person = _read(
            await self._http_client.get(
                metadata.userinfo_endpoint, headers=bearer_authorization(token)
            )
        )
        if person.get("sub") != subject:
            raise bad_token("userinfo: another person")
        return person

    def _check(self, about: Claims) -> None:
        # The confused deputy: the operator of another app has valid tokens of its people.
        if about.get("aud") not in self._ours:
            raise foreign_token("tokeninfo: aud is not one of ours")
        if "azp" in about and about["azp"] not in self._ours:
            raise foreign_token("tokeninfo: azp is not one of ours")
        if _seconds(about.get("exp")) <= self._clock.now():
            raise bad_token("tokeninfo: it has expired")


def _who(found: VerifiedToken, metadata: Metadata) -> IdentityKey:
    stated = {metadata.issuer}
    if metadata.issuer == GOOGLE.issuer:
        stated.add(_SHORT_ISSUER)  # Google uses both spellings
    if found.claims.get("iss") not in stated:
        raise bad_token("iss is not the configured issuer")
    return metadata.issuer, required_text(found.claims, "sub")


def _read(response: HttpResponse) -> Claims:
    if response.status in (400, 401, 403):
        raise bad_token(f"Google refuses it with {response.status}")
    if not response.ok:
        raise invalid_response(f"status {response.status}")
    return response.json()


def _seconds(value: Any) -> datetime:
    """A time that `tokeninfo` sends as a string."""
    try:
        return datetime.fromtimestamp(int(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise bad_token("tokeninfo: exp is missing or no time") from None


def _message(media_type: str, body: bytes) -> str | None:
    # RFC 8935 §2.1: the body is the token, and nothing else.
    if media_type not in ("application/secevent+jwt", "application/jwt"):
        return None
    return body.decode("ascii", "replace").strip()


def _events(claims: Claims, issuer: str) -> Iterator[SecurityEvent]:
    events, seen = claims.get("events"), set()
    if not isinstance(events, dict):
        raise bad_token("events is no object")
    for name, event in events.items():
        kind = _EVENTS.get(name)
        if kind is None or kind in seen:
            continue
        seen.add(kind)
        yield SecurityEvent(
            kind=kind,
            issuer=issuer,
            subject=_subject(event, issuer),
            id=f"{required_text(claims, 'jti')}/{kind}",
        )


def _subject(event: Any, issuer: str) -> str:
    subject = event.get("subject") if isinstance(event, dict) else None
    if not isinstance(subject, dict) or subject.get("iss") not in (issuer, f"{issuer}/"):
        raise bad_token("an event about an account elsewhere")
    return required_text(subject, "sub")
