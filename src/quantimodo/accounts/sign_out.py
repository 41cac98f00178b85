"""Signs a browser out: the session ends, and its applications are notified.

The server notifies applications with back-channel logout (`ops/backchannel_logout.py`), however a
session ends. For those with front-channel logout, this browser has to load an address.
"""

from dataclasses import dataclass
from typing import Final

from quantimodo.accounts.sessions import Sessions
from quantimodo.crypto.session_ids import client_sid
from quantimodo.model.sessions import Session
from quantimodo.ports.account_stores import LogoutRecipientStore
from quantimodo.ports.client_stores import ClientStore
from quantimodo.protocol.logout import frame_address

_MOST: Final = 50  # frames on one page


@dataclass(frozen=True, slots=True)
class SignOut:
    issuer: str
    sessions: Sessions
    logout_recipients: LogoutRecipientStore
    clients: ClientStore

    async def end(self, session: Session) -> tuple[str, ...]:
        """End the session. Returns the addresses that the browser has to load now (Front-Channel
        Logout §2)."""
        frames = []
        for logout_recipient in await self.logout_recipients.logout_recipients(session.sid):
            client = await self.clients.client(logout_recipient.client_id)
            if client is None or client.disabled_at is not None:
                continue
            if client.metadata.frontchannel_logout_uri:
                frames.append(
                    frame_address(client, self.issuer, client_sid(session.sid, client.id))
                )
        await self.sessions.end(session)
        return tuple(frames[:_MOST])
