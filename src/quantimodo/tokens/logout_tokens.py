"""ID token hints of logout requests, and logout tokens for applications."""

from dataclasses import dataclass
from typing import Final

from quantimodo.crypto.jwt import BadToken, unverified_claims, unverified_kid, verify
from quantimodo.crypto.session_ids import client_sid
from quantimodo.keys.keyring import Keyring
from quantimodo.model.events import Message
from quantimodo.model.sessions import LogoutRecipient
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.protocol.constants import ID_TOKEN_TYPE, LOGOUT_TOKEN_TYPE
from quantimodo.protocol.logout import Hint, LogoutRefused, logout_claims


@dataclass(frozen=True, slots=True)
class LogoutHints:
    issuer: str
    keyring: Keyring

    async def read(self, raw: str) -> Hint | None:
        """The contents of an ID token, expired or not; None if its key is not known any more.

        Raises `LogoutRefused` unless it is an unchanged ID token of this server.
        """
        if raw.count(".") == 4:
            raise LogoutRefused("id_token_hint is encrypted: send the ID token decrypted.")
        kid = unverified_kid(raw)
        if kid is None:
            raise LogoutRefused(_NOT_OURS)
        verifier = await self.keyring.verifier(kid)
        try:
            claims = (
                unverified_claims(raw) if verifier is None else verify(raw, verifier, ID_TOKEN_TYPE)
            )
        except BadToken:
            raise LogoutRefused(_NOT_OURS) from None
        # RP-Initiated Logout §2: an expired one is accepted if its session may be current.
        # RFC 8725 §2.8: signed userinfo and JARM responses of this server are not ID tokens.
        if claims.get("iss") != self.issuer or not claims.keys() >= _OF_AN_ID_TOKEN:
            raise LogoutRefused(_NOT_OURS)
        if verifier is None:
            # It may have been signed with a deleted key. It proves nothing, so the person confirms.
            return None
        return Hint(claims["aud"], claims["sub"], claims.get("sid"))


_OF_AN_ID_TOKEN: Final = frozenset({"sub", "aud", "exp", "auth_time"})
_NOT_OURS: Final = "id_token_hint is not an ID token of this server, or it was changed."


@dataclass(frozen=True, slots=True)
class LogoutTokens:
    """Writes the logout token of an ended session (Back-Channel Logout §2.5)."""

    issuer: str
    clients: ClientStore
    keyring: Keyring
    clock: Clock
    entropy: Entropy

    async def write(self, logout_recipient: LogoutRecipient) -> Message | None:
        """None if the application has no back-channel logout URI, or is disabled or deleted."""
        client = await self.clients.client(logout_recipient.client_id)
        if client is None or client.disabled_at is not None:
            return None
        address = client.metadata.backchannel_logout_uri
        if not address:
            return None
        jti = self.entropy.bytes(16).hex()
        sid = client_sid(logout_recipient.sid, client.id)
        claims = logout_claims(logout_recipient, sid, self.issuer, self.clock.now(), jti)
        # Back-Channel Logout §2.6: as its ID tokens are signed; `none` MUST NOT be used.
        algorithm = "RS256" if client.id_token_alg == "none" else client.id_token_alg
        token = self.keyring.signer(algorithm).sign(claims, LOGOUT_TOKEN_TYPE)
        return Message(address, {"logout_token": token}, client.name)
